//! `GET /api/auth/me`: reads the caller's account.

use std::process::ExitCode;

use api::Error;
use api::endpoints::MeGet;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(MeGet, get)
}

/// Shows the user that the session check has read.
async fn get(store: &Store, call: Call<MeGet>) -> Result<Reply<MeGet>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, _, user) = store.signed_in(&credentials, call.now).await?;
    Ok(Reply::to(&caller, user.wire(&call.settings.users.fields)))
}
