//! `POST /api/auth/passkeys`: adds a passkey.

use std::process::ExitCode;

use api::Error;
use api::endpoints::PasskeysCreate;
use api::event::Reason;
use auth::factor::need_proven;
use auth::passkey::UNNAMED;
use auth::user::signed_out;
use passkeys::{Newcomer, Party};
use runtime::{Call, Reply};
use store::{Along, PasskeyChange, Store};

fn main() -> ExitCode {
    runtime::serve(PasskeysCreate, create)
}

/// Checks the passkey that a device has made in a ceremony of this session, and adds it. No session ends.
async fn create(store: &Store, call: Call<PasskeysCreate>) -> Result<Reply<PasskeysCreate>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, session, user) = store.signed_in(&credentials, call.now).await?;
    let party = Party::of(&call.settings.auth.passkeys)?;
    let body = call.body.read()?;
    need_proven(&user, call.has_mail())?;
    let token = body.challenge_token.as_str();
    let keys = store.sealing_keys(std::iter::once(token)).await?;
    let newcomer = Newcomer {
        user: &user,
        session: session.id,
        now: call.now,
    };
    let name = body.name.unwrap_or_else(|| UNNAMED.to_owned());
    let passkey = party.register(&keys, newcomer, (token, &body.credential), name)?;
    let along = Along {
        passkey: Some(PasskeyChange::Adds(&passkey)),
        ..Along::of(Reason::PasskeyAdded)
    };
    let declared = &call.settings.users.fields;
    let writer = call.writer(&caller)?;
    let change = store.change_user(declared, user.clone(), &along, &writer, |found| {
        user.with_passkey(found, &passkey).map(Some)
    });
    let _ = change.await.map_err(signed_out)?;
    Ok(Reply::to(&caller, passkey.wire()))
}
