//! `DELETE /api/auth/accounts/{id}`: removes a way to sign in.

use std::process::ExitCode;

use api::endpoints::AccountsUnlink;
use api::event::Reason;
use api::wire::NoContent;
use api::{Code, Error};
use auth::user::PASSKEY;
use runtime::{Call, Reply};
use store::{Removal, Store};

fn main() -> ExitCode {
    runtime::serve(AccountsUnlink, unlink)
}

/// Removes one of the caller's own; every session ends but the one that asks. One way in is always left.
async fn unlink(store: &Store, call: Call<AccountsUnlink>) -> Result<Reply<AccountsUnlink>, Error> {
    let credentials = call.credentials(store).await?;
    let removal = store.remove_method(&credentials, call.now, |(caller, _, user)| {
        let key = user.method_of(call.id()).ok_or(Code::AccountNotLinked)?;
        Ok(Removal {
            ways: call.other_ways(user),
            file: &call.settings.auth.providers,
            absent: Code::AccountNotLinked,
            reason: match key.starts_with(PASSKEY) {
                true => Reason::PasskeyRemoved,
                false => Reason::ProviderUnlinked,
            },
            declared: &call.settings.users.fields,
            writer: call.writer(caller)?,
            key,
        })
    });
    Ok(Reply::to(&removal.await?, NoContent))
}
