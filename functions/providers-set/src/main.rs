//! `PUT /api/admin/providers/{name}`: sets a provider's settings and its secret.

use std::process::ExitCode;

use api::check::asked_provider;
use api::endpoints::ProvidersSet;
use api::settings::{Provider, ProviderKind, provider_names};
use api::{Code, Detail, Error};
use auth::Writer;
use auth::provider::{Discovery, KeptProvider, check_apple_key};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(ProvidersSet, set)
}

/// The most readings of a secret that goes on.
const TRIES: u32 = 3;

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
    let discovery = discovery(&call, &whole).await?;
    let mut kept = KeptProvider {
        settings,
        discovery,
        ..KeptProvider::default()
    };
    let writer = call.writer(&admin)?;
    if let Some(secret) = asked.secret {
        let keys = store.sealing_keys(std::iter::empty()).await?;
        kept.secret = Some(KeptProvider::seal(&keys, name, &secret, call.random()?)?);
        kept.secret_at = Some(call.now.millis());
        store.keep_provider(name, &kept, None, &writer).await?;
    } else {
        kept = beside_secret(store, (name, file), &whole, kept, &writer).await?;
    }
    let shown = kept.shown(name, file, &call.origin_of_api());
    Ok(Reply::to(&admin, shown))
}

/// Keeps settings beside the secret that is there. It is read anew where another request has just set or forgotten it.
async fn beside_secret(
    store: &Store,
    (name, file): (&str, Option<&Provider>),
    whole: &Provider,
    mut kept: KeptProvider,
    writer: &Writer,
) -> Result<KeptProvider, Error> {
    for _ in 0..TRIES {
        let before = store.kept_provider(name).await?.unwrap_or_default();
        if before.sends_elsewhere(name, whole, file) {
            let message = "Send `clientSecret` again: with these settings another server gets it.";
            return Err(Detail::new("clientSecret", "required", message).into());
        }
        kept.secret.clone_from(&before.secret);
        kept.secret_at = before.secret_at;
        let is_kept = store.keep_provider(name, &kept, Some(&before), writer);
        if is_kept.await? {
            return Ok(kept);
        }
    }
    Err(Code::Unavailable.into())
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
    providers::discover(&client, issuer, call.deployment.local)
        .await
        .map(Some)
}
