//! `POST /api/auth/login`: trades an email and a password for tokens.

use std::process::ExitCode;

use api::endpoints::Login;
use api::event::Reason;
use api::{Code, Error};
use auth::{Door, User, email};
use runtime::{Call, Reply};
use store::{Proven, Store};

fn main() -> ExitCode {
    runtime::serve(Login, login)
}

/// Verifies the user, and begins a session while the attempt is given back.
async fn login(store: &Store, call: Call<Login>) -> Result<Reply<Login>, Error> {
    let keys = store.keys().await?;
    let email = email::known(&call.body.email)?;
    let guess = call.guess(&email, &call.body.password)?;
    let begin = async |proven: Proven| {
        need_verified(store, &call, &proven.user).await?;
        let (session, token) = guess.begin(&proven.user, call.random()?);
        let writer = call.writer_for(proven.user.id, &proven.admitted)?;
        let begun = store.begin_session(&session, Reason::Login, &writer);
        begun.await?;
        Ok((proven, session, token))
    };
    let proving = store.prove(&guess, Door::Login, call.admit(store), begin);
    let (proven, session, token) = proving.await?;
    let salt = call.random()?;
    let outdated = proven.outdated.as_deref();
    store.renew_hash(&guess, outdated, salt).await?;
    call.sign_in(&proven.admitted, keys, &proven.user, (&session, &token))
}

/// Refuses a user whose address is not proven where that is required, and has the mail sent again. Only the right password is
/// told so.
async fn need_verified(store: &Store, call: &Call<Login>, user: &User) -> Result<(), Error> {
    if !call.lacks_proof(user) {
        return Ok(());
    }
    let (asking, wishes) = (call.asking()?, call.wishes(None, None)?);
    let asked = store.ask_for_verification(&asking, user, wishes, call.random()?);
    match asked.await {
        Err(fault) if fault.code != Code::TooManyRequests => Err(fault),
        _ => Err(Code::EmailNotVerified.into()),
    }
}
