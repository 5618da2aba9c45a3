//! `GET /api/admin/providers`: lists the providers with their settings.

use std::process::ExitCode;

use api::Error;
use api::endpoints::ProvidersList;
use api::settings::provider_names;
use api::wire::ShownProviders;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(ProvidersList, list)
}

/// Lists those that are known and those of `bakend.json`, with what an admin has set. No secret is shown.
async fn list(store: &Store, call: Call<ProvidersList>) -> Result<Reply<ProvidersList>, Error> {
    let credentials = call.credentials(store).await?;
    let file = &call.settings.auth.providers;
    let names = provider_names(file);
    let admin = store.admin(&credentials, call.now);
    let (admin, kept) = tokio::try_join!(admin, store.kept_providers(&names))?;
    call.query(&[])?;
    let origin = call.origin_of_api();
    let items = names.iter().map(|name| {
        let kept = kept.get(*name).cloned().unwrap_or_default();
        kept.shown(name, file.get(*name), &origin)
    });
    let items = items.collect();
    Ok(Reply::to(&admin, ShownProviders { items }))
}
