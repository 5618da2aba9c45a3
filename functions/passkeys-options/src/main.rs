//! `POST /api/auth/passkeys/options`: begins the registration of a passkey.

use std::process::ExitCode;

use api::Error;
use api::endpoints::PasskeysOptions;
use api::wire::PasskeyCeremony;
use auth::factor::need_proven;
use passkeys::{Newcomer, Party};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(PasskeysOptions, options)
}

/// Gives the options of the browser's call, bound to the user and the session that ask. Nothing is stored.
async fn options(
    store: &Store,
    call: Call<PasskeysOptions>,
) -> Result<Reply<PasskeysOptions>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, session, user) = store.signed_in(&credentials, call.now).await?;
    let party = Party::of(&call.settings.auth.passkeys)?;
    need_proven(&user, call.has_mail())?;
    user.has_room()?;
    let keys = store.sealing_keys(std::iter::empty()).await?;
    let there = store.passkeys(&user).await?.into_iter();
    let there = there.map(|passkey| passkey.credential).collect();
    let newcomer = Newcomer {
        user: &user,
        session: session.id,
        now: call.now,
    };
    let opened = party.open_registration(&keys, newcomer, there, call.random()?)?;
    let ceremony = PasskeyCeremony {
        options: opened.options,
        challenge_token: opened.token,
    };
    Ok(Reply::to(&caller, ceremony))
}
