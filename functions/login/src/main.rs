//! `POST /api/auth/login`: trades an email and a password for tokens.

use std::process::ExitCode;

use api::Error;
use api::endpoints::Login;
use auth::{Door, email};
use runtime::{Call, Reply};
use store::{Proven, Store};

fn main() -> ExitCode {
    runtime::serve(Login, login)
}

/// Verifies the user, and begins a session while the attempt is given back.
async fn login(store: &Store, call: Call<Login>) -> Result<Reply<Login>, Error> {
    let (keys, client) = (store.keys().await?, call.client());
    let email = email::normalise(&call.body.email)?;
    let guess = call.guess(&email, &call.body.password)?;
    let (admitted, proven) = store.prove(&guess, Door::Login, call.admit(store)).await?;
    let Proven {
        attempt,
        user,
        outdated,
    } = proven;

    let (session, token) = guess.begin(&user, call.random()?);
    let begin = store.begin_session(&session, &client);
    attempt.give_back_beside(begin).await?;
    let salt = call.random()?;
    store.renew_hash(&guess, outdated.as_deref(), salt).await?;
    call.sign_in(&admitted, keys, &user, (&session, &token))
}
