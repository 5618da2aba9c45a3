//! `PUT /api/admin/providers/{name}`: sets a provider's settings and its secret.

use std::process::ExitCode;

use api::check::asked_provider;
use api::endpoints::ProvidersSet;
use api::settings::{Provider, ProviderKind, provider_names};
use api::{Code, Error};
use auth::provider::{Discovery, KeptProvider, check_apple_key};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(ProvidersSet, set)
}

/// Checks the settings, discovers what is not known of the issuer, and keeps both with the secret sealed.
async fn set(store: &Store, call: Call<ProvidersSet>) -> Result<Reply<ProvidersSet>, Error> {
    let credentials = call.credentials(store).await?;
    let name = call.segment("{name}");
    let admin = store.admin(&credentials, call.now).await?;
    let asked = call.body.read()?;
    let file = &call.settings.auth.providers;
    if !provider_names(file).contains(&name) {
        return Err(Code::ProviderNotFound.into());
    }
    let file = file.get(name);
    let fields = &call.settings.users.fields;
    let of = (&fields[..], call.deployment.local);
    let (settings, whole) = asked_provider(name, asked.settings, file, of)?;
    if let Some(pem) = asked
        .secret
        .as_deref()
        .filter(|_| ProviderKind::of(name) == ProviderKind::Apple)
    {
        check_apple_key(pem)?;
    }
    let before = store.kept_provider(name).await?.unwrap_or_default();
    let discovery = discovery(&call, &whole).await?;
    let mut kept = KeptProvider {
        settings,
        discovery,
        ..before
    };
    if let Some(secret) = asked.secret {
        let keys = store.sealing_keys(std::iter::empty()).await?;
        kept.secret = Some(KeptProvider::seal(&keys, name, &secret, call.random()?)?);
        kept.secret_at = Some(call.now.millis());
    }
    store
        .keep_provider(name, &kept, &call.writer(&admin)?)
        .await?;
    let shown = kept.shown(name, file, &call.origin_of_api());
    Ok(Reply::to(&admin, shown))
}

/// The metadata of the issuer, where one is set.
async fn discovery(
    call: &Call<ProvidersSet>,
    settings: &Provider,
) -> Result<Option<Discovery>, Error> {
    let Some(issuer) = &settings.issuer else {
        return Ok(None);
    };
    let client = providers::client(call.deployment.local);
    providers::discover(&client, issuer).await.map(Some)
}
