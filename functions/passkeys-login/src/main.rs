//! `POST /api/auth/passkeys/login`: signs in by a passkey.

use std::process::ExitCode;

use api::endpoints::PasskeysLogin;
use api::event::Reason;
use api::{Code, Error};
use auth::authentication::Authentication;
use auth::passkey::{self, Use, key_of};
use auth::{Session, User, Writer, sign_in};
use passkeys::Party;
use runtime::{Call, Reply};
use store::{Along, PasskeyChange, Store};

fn main() -> ExitCode {
    runtime::serve(PasskeysLogin, login)
}

/// Checks the signature before anything is told of the account, and begins the session whose id is in the ceremony.
async fn login(store: &Store, call: Call<PasskeysLogin>) -> Result<Reply<PasskeysLogin>, Error> {
    let party = Party::of(&call.settings.auth.passkeys)?;
    let shown = (call.body.challenge_token.as_str(), &call.body.credential);
    let keys = store.sealing_keys(std::iter::once(shown.0)).await?;
    let presented = party.present(&keys, shown, call.now)?;
    let admitted = call.admit(store).await?;
    let (id, session) = (presented.passkey_id(), presented.session);
    let both = tokio::try_join!(store.passkey(&id), store.user(presented.user));
    let (stored, found) = both?;
    let used = presented.check(stored.as_ref(), call.now)?;
    let restores = call.body.restore.unwrap_or(false);
    let user = passkey::admit(found.as_ref(), restores, call.now)?;
    if call.lacks_proof(&user) {
        return Err(Code::EmailNotVerified.into());
    }
    let proof = Authentication::by_passkey(call.now);
    let settings = &call.settings.auth;
    let begun = sign_in::begin(&user, session, call.random()?, settings, proof);
    let (session, token) = store.finished(begun, call.random()?).await?;
    let writer = call.writer_for(user.id, &admitted)?;
    let key = key_of(&id);
    let user = match found.filter(|found| found.deleted.is_some()) {
        None => {
            let begins = store.begin_by_passkey(&session, (&key, &used), None, &writer);
            begins.await?;
            user
        }
        Some(deleted) => {
            restore(store, &call, (&deleted, &session), (&key, &used), &writer).await?
        }
    };
    call.sign_in(&admitted, store.keys().await?, &user, (&session, &token))
}

/// Brings a deleted account back, in the transaction that begins the session.
async fn restore(
    store: &Store,
    call: &Call<PasskeysLogin>,
    (deleted, session): (&User, &Session),
    (key, used): (&str, &Use),
    writer: &Writer,
) -> Result<User, Error> {
    let along = Along {
        begins: Some(session),
        begun: Some(Reason::Passkey),
        passkey: Some(PasskeyChange::Uses(key, used)),
        ..Along::of(Reason::Restore)
    };
    let declared = &call.settings.users.fields;
    let change = store.change_user(declared, deleted.clone(), &along, writer, |found| {
        let restored = deleted.restored(found);
        restored.map(Some).map_err(|_| Code::InvalidPasskey.into())
    });
    let user = change.await.map_err(|error| match error.code {
        Code::UserNotFound => Code::InvalidPasskey.into(),
        _ => error,
    });
    user?.ok_or_else(|| Code::InvalidPasskey.into())
}
