//! `GET /api/auth/passkeys`: lists the caller's passkeys.

use std::process::ExitCode;

use api::Error;
use api::endpoints::PasskeysList;
use api::wire::Passkeys;
use auth::passkey::Passkey;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(PasskeysList, list)
}

/// Shows every passkey, but not its key.
async fn list(store: &Store, call: Call<PasskeysList>) -> Result<Reply<PasskeysList>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, _, user) = store.signed_in(&credentials, call.now).await?;
    let passkeys = store.passkeys(&user).await?;
    let items = passkeys.iter().map(Passkey::wire).collect();
    Ok(Reply::to(&caller, Passkeys { items }))
}
