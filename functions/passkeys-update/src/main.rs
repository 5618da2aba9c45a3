//! `PATCH /api/auth/passkeys/{id}`: gives a passkey another name.

use std::process::ExitCode;

use api::endpoints::PasskeysUpdate;
use api::event::Reason;
use api::{Code, Error};
use auth::passkey::{Passkey, key_of};
use auth::user::signed_out;
use runtime::{Call, Reply};
use store::{Along, PasskeyChange, Store};

fn main() -> ExitCode {
    runtime::serve(PasskeysUpdate, update)
}

/// Renames one of the caller's own; another's is as none.
async fn update(store: &Store, call: Call<PasskeysUpdate>) -> Result<Reply<PasskeysUpdate>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, _, user) = store.signed_in(&credentials, call.now).await?;
    let name = call.body.read()?.name;
    if !user.methods.contains_key(&key_of(call.id())) {
        return Err(Code::PasskeyNotFound.into());
    }
    let found = store.passkey(call.id()).await?;
    let own = found.filter(|passkey| passkey.user == user.id);
    let passkey = own.ok_or(Code::PasskeyNotFound)?;
    let key = passkey.key();
    let along = Along {
        passkey: Some(PasskeyChange::Renames(&key, &name)),
        ..Along::of(Reason::Update)
    };
    let declared = &call.settings.users.fields;
    let writer = call.writer(&caller)?;
    let change = store.change_user(declared, user.clone(), &along, &writer, |found| {
        user.with_named(found, &key, &name).map(Some)
    });
    let _ = change.await.map_err(signed_out)?;
    let renamed = Passkey { name, ..passkey };
    Ok(Reply::to(&caller, renamed.wire()))
}
