//! `POST /api/auth/reauthenticate`: proves once more that the caller is the user.

use std::process::ExitCode;

use api::Error;
use api::endpoints::Reauthenticate;
use auth::password;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(Reauthenticate, reauthenticate)
}

/// Checks the password, counted as a login's, and puts a new session in the place of the one that asks.
async fn reauthenticate(
    store: &Store,
    call: Call<Reauthenticate>,
) -> Result<Reply<Reauthenticate>, Error> {
    let keys = store.keys().await?;
    let credentials = call.credentials(store).await?;
    let (caller, asking, user) = store.signed_in(&credentials, call.now).await?;
    let body = call.body.read()?;
    let guess = call.guess(&user.email, &body.password)?;
    let (session, token) = guess.begin(&user, call.random()?);
    let writer = call.writer(&caller)?;
    let replace = async || store.replace_session(&session, asking.id, &writer).await;
    let wrong = password::wrong("password").into();
    store.confirm(&guess, &user, wrong, replace).await?;
    let tokens = call.first_tokens(keys, &user, (&session, &token))?;
    Ok(call.hand_out(&caller, tokens, call.transport(), session.expires_at))
}
