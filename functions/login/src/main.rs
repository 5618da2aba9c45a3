//! `POST /api/auth/login`: trades an email and a password for tokens.

use std::process::ExitCode;

use api::endpoints::Login;
use api::event::Reason;
use api::{Code, Error};
use auth::factor::Typed;
use auth::sign_in::{Begun, Pending};
use auth::{Door, RefreshToken, Session, User, Writer, email};
use runtime::{Call, Reply};
use store::{Proven, Store};

fn main() -> ExitCode {
    runtime::serve(Login, login)
}

/// Verifies the user, and begins a session while the attempt is given back.
async fn login(store: &Store, call: Call<Login>) -> Result<Reply<Login>, Error> {
    let keys = store.keys().await?;
    let email = email::known(&call.body.email)?;
    let code = ("mfaCode", call.body.mfa_code.as_deref());
    let typed = Typed::of(code, call.body.recovery_code.as_deref())?;
    let guess = call.guess(&email, &call.body.password)?;
    let begin = async |proven: Proven| {
        need_verified(store, &call, &proven.user).await?;
        let writer = call.writer_for(proven.user.id, &proven.admitted)?;
        let (session, token) = match guess.begin(&proven.user, call.random()?) {
            Begun::Session(session, token) => {
                let begun = store.begin_session(&session, Reason::Login, &writer);
                begun.await?;
                (session, token)
            }
            Begun::Pending(pending) => {
                second(store, &call, typed, (&proven.user, &pending), &writer).await?
            }
        };
        Ok((proven, session, token))
    };
    let proving = store.prove(&guess, Door::Login, call.admit(store), begin);
    let (proven, session, token) = proving.await?;
    let salt = call.random()?;
    let outdated = proven.outdated.as_deref();
    store.renew_hash(&guess, outdated, salt).await?;
    call.sign_in(&proven.admitted, keys, &proven.user, (&session, &token))
}

/// Begins the session by the code that came with the password, or tells that one is missing.
async fn second(
    store: &Store,
    call: &Call<Login>,
    typed: Option<Typed<'_>>,
    (user, pending): (&User, &Pending),
    writer: &Writer,
) -> Result<(Session, RefreshToken), Error> {
    let typed = typed.filter(|_| pending.takes_code());
    let Some(typed) = typed else {
        return store.refuse_pending(pending, call.random()?).await;
    };
    let begin = async |_, used| {
        let at = (&call.settings.auth, call.now);
        let (session, token) = pending.challenge.finish(user, used, call.random()?, at);
        let begins = store.begin_by_factor(&session, used, Reason::Login, writer);
        begins.await?;
        Ok((session, token))
    };
    let trial = call.trial(user.id, typed)?;
    store.prove_code(&trial, begin).await
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
