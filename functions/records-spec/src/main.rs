//! `GET /api/{collection}/spec`: shows the definition.

use std::process::ExitCode;

use api::Error;
use api::endpoints::RecordsSpec;
use auth::permission::may_list;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(RecordsSpec, spec)
}

/// Shows the definition to those who may list.
async fn spec(store: &Store, call: Call<RecordsSpec>) -> Result<Reply<RecordsSpec>, Error> {
    let definition = call.definition;
    let credentials = call.credentials(store).await?;
    call.query(&[])?;
    let caller = store
        .caller(&credentials, call.settings.auth.session_check, call.now)
        .await?;
    may_list(definition, &caller)?;
    Ok(Reply::to(&caller, definition))
}
