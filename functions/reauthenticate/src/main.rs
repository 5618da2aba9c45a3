//! `POST /api/auth/reauthenticate`: proves once more that the caller is the user.

use std::process::ExitCode;

use api::endpoints::Reauthenticate;
use api::wire::Reauthentication;
use api::{Error, Id};
use auth::authentication::Authentication;
use auth::factor::{Challenge, Typed};
use auth::{RefreshToken, Session, User, Writer, password, session};
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
    let writer = call.writer(&caller)?;
    let again = Again {
        store,
        call: &call,
        user: &user,
        asking: asking.id,
        writer: &writer,
    };
    let typed = typed(&body, &user)?;
    let replace = async || match typed {
        None => again.by_password(guess.proof()).await,
        Some(typed) => again.by_factor(guess.proof(), typed).await,
    };
    let wrong = password::wrong("password").into();
    let replaced = store.confirm(&guess, &user, wrong, replace);
    let (session, token) = replaced.await?;
    let tokens = call.first_tokens(keys, &user, (&session, &token))?;
    Ok(call.hand_out(&caller, tokens, call.transport(), session.expires_at))
}

/// The code that an account with a second factor has to show beside the password; another account shows none.
fn typed<'a>(body: &'a Reauthentication, user: &User) -> Result<Option<Typed<'a>>, Error> {
    let code = ("code", body.code.as_deref());
    let recovery = body.recovery_code.as_deref();
    match user.mfa {
        Some(_) => Typed::needed(code, recovery).map(Some),
        None => Ok(None),
    }
}

/// A user who was signed in already and has proven the password once more.
struct Again<'a> {
    store: &'a Store,
    call: &'a Call<Reauthenticate>,
    user: &'a User,
    asking: Id,
    writer: &'a Writer,
}

impl Again<'_> {
    async fn by_password(&self, proof: Authentication) -> Result<(Session, RefreshToken), Error> {
        let id = Id::new(self.call.now, self.call.random()?);
        let settings = &self.call.settings.auth;
        let begun = session::again(self.user, id, self.call.random()?, settings, proof);
        let replaced = self
            .store
            .replace_session(&begun.0, self.asking, self.writer);
        replaced.await?;
        Ok(begun)
    }

    async fn by_factor(
        &self,
        proof: Authentication,
        typed: Typed<'_>,
    ) -> Result<(Session, RefreshToken), Error> {
        let (store, call) = (self.store, self.call);
        let id = Id::new(call.now, call.random()?);
        let challenge = Challenge::of(self.user, id, &proof);
        let replace = async |_, used| {
            let at = (&call.settings.auth, call.now);
            let (session, token) = challenge.finish(self.user, used, call.random()?, at);
            let replaced = store.replace_by_factor(&session, self.asking, used, self.writer);
            replaced.await?;
            Ok((session, token))
        };
        let trial = call.trial(self.user.id, typed)?;
        store.prove_code(&trial, replace).await
    }
}
