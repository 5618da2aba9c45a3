//! `POST /api/auth/reauthenticate`: proves once more that the caller is the user.

use std::process::ExitCode;

use api::endpoints::Reauthenticate;
use api::wire::{PasskeyProof, Reauthentication};
use api::{Error, Id};
use auth::authentication::Authentication;
use auth::factor::{Challenge, Typed};
use auth::passkey::{Passkey, key_of};
use auth::{RefreshToken, Session, User, Writer, password, session};
use passkeys::{Party, Presented};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(Reauthenticate, reauthenticate)
}

/// Puts a new session in the place of the one that asks, by the password, which is counted as a login's, or by a passkey.
async fn reauthenticate(
    store: &Store,
    call: Call<Reauthenticate>,
) -> Result<Reply<Reauthenticate>, Error> {
    let keys = store.keys().await?;
    let credentials = call.credentials(store).await?;
    let body = call.body.read();
    let proof = body.as_ref().ok().and_then(|body| body.passkey.as_ref());
    let presented = presented(store, &call, proof);
    let (signed_in, presented) = tokio::join!(store.signed_in(&credentials, call.now), presented);
    let (caller, asking, user) = signed_in?;
    let body = body?;
    let writer = call.writer(&caller)?;
    let again = Again {
        store,
        call: &call,
        user: &user,
        asking: asking.id,
        writer: &writer,
    };
    let (session, token) = match (body.password.as_deref(), presented?) {
        (_, Some(presented)) => again.by_passkey(presented).await?,
        (password, None) => again.by_typing(password.unwrap_or_default(), &body).await?,
    };
    let tokens = call.first_tokens(keys, &user, (&session, &token))?;
    Ok(call.hand_out(&caller, tokens, call.transport(), session.expires_at))
}

/// A credential that is shown, and the passkey that it may be of.
type Shown = (Presented, Option<Passkey>);

/// Reads the passkey of a credential, where one is shown.
async fn presented(
    store: &Store,
    call: &Call<Reauthenticate>,
    proof: Option<&PasskeyProof>,
) -> Result<Option<Shown>, Error> {
    let Some(proof) = proof else {
        return Ok(None);
    };
    let party = Party::of(&call.settings.auth.passkeys)?;
    let shown = (proof.challenge_token.as_str(), &proof.credential);
    let keys = store.sealing_keys(std::iter::once(shown.0)).await?;
    let presented = party.present(&keys, shown, call.now)?;
    let stored = store.passkey(&presented.passkey_id()).await?;
    Ok(Some((presented, stored)))
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
    /// Checks a passkey, which is the user's own, and uses it up with its ceremony.
    async fn by_passkey(
        &self,
        (presented, stored): Shown,
    ) -> Result<(Session, RefreshToken), Error> {
        let now = self.call.now;
        let (id, key) = (presented.session, key_of(&presented.passkey_id()));
        let own = stored.filter(|stored| stored.user == self.user.id);
        let used = presented.check(own.as_ref(), now)?;
        let proof = Authentication::by_passkey(now);
        let settings = &self.call.settings.auth;
        let begun = session::again(self.user, id, self.call.random()?, settings, proof);
        let by = (key.as_str(), &used);
        let replaced = self
            .store
            .begin_by_passkey(&begun.0, by, Some(self.asking), self.writer);
        replaced.await?;
        Ok(begun)
    }

    /// Checks the password, and the code that goes with it.
    async fn by_typing(
        &self,
        password: &str,
        body: &Reauthentication,
    ) -> Result<(Session, RefreshToken), Error> {
        let wrong = Error::from(password::wrong("password"));
        let email = self.user.email.as_deref().ok_or_else(|| wrong.clone())?;
        let guess = self.call.guess(email, password)?;
        let typed = typed(body, self.user)?;
        let replace = async || match typed {
            None => self.by_password(guess.proof()).await,
            Some(typed) => self.by_factor(guess.proof(), typed).await,
        };
        self.store.confirm(&guess, self.user, wrong, replace).await
    }

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
