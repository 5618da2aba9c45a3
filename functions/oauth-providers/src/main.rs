//! `GET /api/auth/providers`: lists the providers that sign in.

use std::process::ExitCode;

use api::Error;
use api::endpoints::OauthProviders;
use api::settings::{ProviderKind, provider_names};
use api::wire::{EnabledProvider, EnabledProviders};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(OauthProviders, list)
}

/// Lists those that are switched on and have all that they need.
async fn list(store: &Store, call: Call<OauthProviders>) -> Result<Reply<OauthProviders>, Error> {
    call.query(&[])?;
    let file = &call.settings.auth.providers;
    let names = provider_names(file);
    let (admitted, kept) = tokio::try_join!(call.admit(store), store.kept_providers(&names))?;
    let signs_in = |name: &&&str| {
        let kept = kept.get(**name).cloned().unwrap_or_default();
        kept.connection(name, file.get(**name)).is_some()
    };
    let items = names.iter().filter(signs_in).map(|name| EnabledProvider {
        name: (*name).to_owned(),
        kind: ProviderKind::of(name),
    });
    let items = items.collect();
    Ok(Reply::to(&admitted, EnabledProviders { items }))
}
