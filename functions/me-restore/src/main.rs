//! `POST /api/auth/me/restore`: brings a deleted account back.

use std::process::ExitCode;

use api::endpoints::MeRestore;
use api::event::Reason;
use api::{Code, Error};
use auth::user::gone;
use auth::{Door, User, email};
use runtime::{Call, Reply};
use store::{Along, Proven, Store};

fn main() -> ExitCode {
    runtime::serve(MeRestore, restore)
}

/// Works as a login, for deleted accounts that can be brought back: any other account is unknown to it.
async fn restore(store: &Store, call: Call<MeRestore>) -> Result<Reply<MeRestore>, Error> {
    let keys = store.keys().await?;
    let email = email::known(&call.body.email)?;
    let guess = call.guess(&email, &call.body.password)?;
    let restore = async |Proven { admitted, user, .. }: Proven| {
        need_verified(&call, &user)?;
        let (session, token) = guess.begin(&user, call.random()?);
        let along = Along {
            begins: Some(&session),
            ..Along::of(Reason::Restore)
        };
        let declared = &call.settings.users.fields;
        let writer = call.writer_for(user.id, &admitted)?;
        let change = store.change_user(declared, user.clone(), &along, &writer, |found| {
            user.restored(found).map(Some)
        });
        let user = change.await.map_err(gone)?;
        let user = user.ok_or(Code::InvalidCredentials)?;
        Ok((admitted, user, session, token))
    };
    let proving = store.prove(&guess, Door::Restore, call.admit(store), restore);
    let (admitted, user, session, token) = proving.await?;
    call.sign_in(&admitted, keys, &user, (&session, &token))
}

/// Refuses a user whose address is not proven where that is required. Only the right password is told so. A deleted account
/// gets no mail that proves its address; a sign-in by mail brings it back.
fn need_verified(call: &Call<MeRestore>, user: &User) -> Result<(), Error> {
    if call.lacks_proof(user) {
        let message =
            "The address of this account is not verified; its password does not bring it back.";
        return Err(Error::new(Code::EmailNotVerified).with_message(message));
    }
    Ok(())
}
