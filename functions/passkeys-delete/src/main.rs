//! `DELETE /api/auth/passkeys/{id}`: removes a passkey.

use std::process::ExitCode;

use api::endpoints::PasskeysDelete;
use api::event::Reason;
use api::wire::NoContent;
use api::{Code, Error};
use auth::passkey::key_of;
use runtime::{Call, Reply};
use store::{Removal, Store};

fn main() -> ExitCode {
    runtime::serve(PasskeysDelete, delete)
}

/// Removes one of the caller's own; every session ends but the one that asks.
async fn delete(store: &Store, call: Call<PasskeysDelete>) -> Result<Reply<PasskeysDelete>, Error> {
    let credentials = call.credentials(store).await?;
    let removal = store.remove_method(&credentials, call.now, |(caller, _, user)| {
        Ok(Removal {
            key: key_of(call.id()),
            ways: call.other_ways(user),
            file: &call.settings.auth.providers,
            absent: Code::PasskeyNotFound,
            reason: Reason::PasskeyRemoved,
            declared: &call.settings.users.fields,
            writer: call.writer(caller)?,
        })
    });
    Ok(Reply::to(&removal.await?, NoContent))
}
