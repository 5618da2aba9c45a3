//! `GET /api/auth/accounts`: lists the ways to sign in to one's own account.

use std::process::ExitCode;

use api::Error;
use api::endpoints::AccountsList;
use api::wire::Accounts;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(AccountsList, list)
}

/// Lists what the user holds. Whether there is a password, the identity of the address tells.
async fn list(store: &Store, call: Call<AccountsList>) -> Result<Reply<AccountsList>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, _, user) = store.signed_in(&credentials, call.now).await?;
    call.query(&[])?;
    let identity = store.identity_of(&user).await?;
    let has_password = identity.is_some_and(|it| it.password_hash.is_some());
    let items = user.accounts(has_password, call.mail_signs_in(&user));
    Ok(Reply::to(&caller, Accounts { items }))
}
