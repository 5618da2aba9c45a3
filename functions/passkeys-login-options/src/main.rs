//! `POST /api/auth/passkeys/login/options`: begins a sign-in by a passkey.

use std::process::ExitCode;

use api::endpoints::PasskeysLoginOptions;
use api::wire::PasskeyCeremony;
use api::{Error, Id};
use passkeys::Party;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(PasskeysLoginOptions, options)
}

/// Gives the options of the browser's call, with the id of the session that is to begin. It knows nobody and stores nothing.
async fn options(
    store: &Store,
    call: Call<PasskeysLoginOptions>,
) -> Result<Reply<PasskeysLoginOptions>, Error> {
    let party = Party::of(&call.settings.auth.passkeys)?;
    let admitted = call.admit(store).await?;
    let keys = store.sealing_keys(std::iter::empty()).await?;
    let session = Id::new(call.now, call.random()?);
    let opened = party.open_sign_in(&keys, session, call.now, call.random()?)?;
    let ceremony = PasskeyCeremony {
        options: opened.options,
        challenge_token: opened.token,
    };
    Ok(Reply::to(&admitted, ceremony))
}
