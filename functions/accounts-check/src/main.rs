//! `POST /api/auth/accounts/check`: tells whether somebody has an account.

mod address;

use std::process::ExitCode;

use api::Error;
use api::endpoints::AccountsCheck;
use api::settings::SessionCheck;
use api::wire::AccountFound;
use auth::provider::ProviderTicket;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(AccountsCheck, check)
}

/// Tells the holder of a code about the identity that it proves, which stays good. About an address it tells admins and servers
/// alone.
async fn check(store: &Store, call: Call<AccountsCheck>) -> Result<Reply<AccountsCheck>, Error> {
    let credentials = call.credentials(store).await?;
    let body = call.body.read()?;
    if let Some(email) = &body.email {
        return address::check(store, &call, credentials, email).await;
    }
    let caller = store.caller(&credentials, SessionCheck::Immediate, call.now);
    let caller = caller.await?;
    let code = body.code.unwrap_or_default();
    let keys = store.sealing_keys(std::iter::once(code.as_str())).await?;
    let verifier = body.code_verifier.unwrap_or_default();
    let ticket = ProviderTicket::open(&keys, &code, &verifier, call.now)?;
    let user = match store.federated(ticket.account()?).await? {
        None => None,
        Some(federated) => store.user(federated.user).await?,
    };
    let key = ticket.account()?.key();
    let exists = user.is_some_and(|user| {
        let is_gone = user.deleted.is_some_and(|it| it.is_final(call.now));
        !is_gone && user.methods.contains_key(&key)
    });
    let found = AccountFound {
        exists,
        methods: None,
    };
    Ok(Reply::to(&caller, found))
}
