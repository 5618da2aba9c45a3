//! `POST /api/auth/me/restore`: brings a deleted account back.

use std::process::ExitCode;

use api::endpoints::MeRestore;
use api::wire::SignedIn;
use api::{Code, Error, Id};
use auth::{Session, User, email, login, session};
use runtime::{Call, Reply};
use store::{Along, Store, Writer};

fn main() -> ExitCode {
    runtime::serve(MeRestore, restore)
}

/// Goes the way of a login, for accounts that are deleted and can be brought back: any other is an unknown one.
async fn restore(store: &Store, call: Call<MeRestore>) -> Result<Reply<MeRestore>, Error> {
    let (now, settings) = (call.now, &call.settings.auth);
    let keys = store.keys().await?;
    let session_id = Id::new(now, call.random()?);
    let email =
        email::normalise(&call.body.email).map_err(|detail| Error::invalid(vec![detail]))?;

    let client = call.client();
    let attempt = store.attempt_login(&email, &client.ip, &settings.throttle, session_id, now);
    let key = store.admit_key(call.key(), now);
    let (attempt, key) = tokio::join!(attempt, key);
    key?;
    let (attempt, identity) = attempt?;
    let identity = identity.filter(|identity| {
        identity
            .deleted
            .is_some_and(|deletion| !deletion.is_final(now))
    });
    // Of any other address, a user is read whom nobody has.
    let whose = identity
        .as_ref()
        .map_or(session_id, |identity| identity.user);
    let verdict = call.verify_password(&call.body.password, identity.as_ref());
    let (verdict, user) = tokio::join!(verdict, store.user(whose));
    let (_, user) = login::restore(identity, verdict?, user?, now)?;

    let (session, token) = Session::begin(
        user.id,
        session_id,
        user.auth_version,
        call.random()?,
        settings,
        now,
    );
    let along = Along {
        begins: Some((&session, &client)),
        ..Along::default()
    };
    let restored = |found: &User| {
        // Whoever was faster has restored it, or changed what the password was checked against.
        let as_read = found.deleted == user.deleted
            && found.auth_version == user.auth_version
            && !found.disabled;
        if as_read {
            Ok(Some(User {
                deleted: None,
                ..found.clone()
            }))
        } else {
            Err(Code::InvalidCredentials.into())
        }
    };
    let declared = &call.settings.users.fields;
    let writer = Writer::new(Some(user.id), call.request_id.clone(), now, call.random()?);
    let gone = |error: Error| {
        if error.code == Code::UserNotFound {
            Code::InvalidCredentials.into()
        } else {
            error
        }
    };
    let change = store.change_user(declared, user.clone(), &along, &writer, restored);
    let (user, ()) = tokio::join!(change, attempt.give_back());
    let user = user.map_err(gone)?;
    let user = user.ok_or(Code::InvalidCredentials)?;
    let tokens = session::tokens(keys, &token, &user.role, settings, now)?;
    let reply = SignedIn {
        user: user.wire(declared),
        tokens,
    };
    Ok(call.hand_out(reply, call.transport(), session.expires_at))
}
