//! `DELETE /api/admin/providers/{name}`: forgets a provider's secret, and the settings that an admin has set.

use std::process::ExitCode;

use api::check::is_provider_name;
use api::endpoints::ProvidersReset;
use api::wire::NoContent;
use api::{Code, Error};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(ProvidersReset, reset)
}

/// Forgets both; the settings of `bakend.json` hold again, without a secret.
async fn reset(store: &Store, call: Call<ProvidersReset>) -> Result<Reply<ProvidersReset>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let name = call.segment("{name}");
    // One that has left the file is forgotten all the same.
    if !is_provider_name(name) {
        return Err(Code::ProviderNotFound.into());
    }
    store.forget_provider(name, &call.writer(&admin)?).await?;
    Ok(Reply::to(&admin, NoContent))
}
