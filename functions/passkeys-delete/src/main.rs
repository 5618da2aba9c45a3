//! `DELETE /api/auth/passkeys/{id}`: removes a passkey.

use std::process::ExitCode;

use api::endpoints::PasskeysDelete;
use api::event::Reason;
use api::settings::MagicLink;
use api::wire::NoContent;
use api::{Code, Error, Id};
use auth::passkey::{OtherWays, key_of};
use auth::user::signed_out;
use auth::{Caller, User};
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(PasskeysDelete, delete)
}

/// Removes one of the caller's own; every session ends but the one that asks.
async fn delete(store: &Store, call: Call<PasskeysDelete>) -> Result<Reply<PasskeysDelete>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, session, user) = store.signed_in(&credentials, call.now).await?;
    match remove(store, &call, (&caller, session.id, &user)).await {
        // Another request of this session may have removed one: then its version is raised with the user's.
        Err(refusal) if refusal.code == Code::SessionRevoked => {
            let (caller, session, user) = store.signed_in(&credentials, call.now).await?;
            remove(store, &call, (&caller, session.id, &user)).await?;
        }
        removed => removed?,
    }
    Ok(Reply::to(&caller, NoContent))
}

/// The caller, the session and the user that ask.
type Asking<'a> = (&'a Caller, Id, &'a User);

/// Removes it. Whether there is a password is looked up where nothing else signs in.
async fn remove(
    store: &Store,
    call: &Call<PasskeysDelete>,
    asking: Asking<'_>,
) -> Result<(), Error> {
    match remove_beside(store, call, asking, false).await {
        Err(refusal) if refusal.code == Code::LastMethod => {
            let identity = store.identity_of(asking.2).await?;
            if identity.is_none_or(|it| it.password_hash.is_none()) {
                return Err(refusal);
            }
            remove_beside(store, call, asking, true).await
        }
        removed => removed,
    }
}

async fn remove_beside(
    store: &Store,
    call: &Call<PasskeysDelete>,
    (caller, session, user): Asking<'_>,
    password: bool,
) -> Result<(), Error> {
    let settings = &call.settings.auth;
    let ways = OtherWays {
        password,
        mail: call.has_mail()
            && settings.magic_link != MagicLink::Off
            && user.email_verified_at.is_some(),
        requires_factor: settings.mfa.requires(&user.role),
    };
    let key = key_of(call.id());
    let along = Along {
        survivor: Some(session),
        ..Along::of(Reason::PasskeyRemoved)
    };
    let declared = &call.settings.users.fields;
    let writer = call.writer(caller)?;
    let change = store.change_user(declared, user.clone(), &along, &writer, |found| {
        user.without_passkey(found, &key, ways).map(Some)
    });
    change.await.map(|_| ()).map_err(signed_out)
}
