//! `POST /api/auth/me/restore`: brings a deleted account back.

use std::process::ExitCode;

use api::endpoints::MeRestore;
use api::event::Reason;
use api::{Code, Error};
use auth::factor::Typed;
use auth::sign_in::{Begun, Pending};
use auth::user::gone;
use auth::{Door, RefreshToken, Session, User, Writer, email};
use runtime::{Call, Reply};
use store::{Along, FactorChange, Proven, Store};

fn main() -> ExitCode {
    runtime::serve(MeRestore, restore)
}

/// Works as a login, for deleted accounts that can be brought back: any other account is unknown to it.
async fn restore(store: &Store, call: Call<MeRestore>) -> Result<Reply<MeRestore>, Error> {
    let keys = store.keys().await?;
    let email = email::known(&call.body.email)?;
    let code = ("mfaCode", call.body.mfa_code.as_deref());
    let typed = Typed::of(code, call.body.recovery_code.as_deref())?;
    let guess = call.guess(&email, &call.body.password)?;
    let restore = async |Proven { admitted, user, .. }: Proven| {
        need_verified(&call, &user)?;
        let begun = guess.begin(&user, call.random()?);
        let writer = call.writer_for(user.id, &admitted)?;
        let returning = Returning {
            store,
            call: &call,
            user: &user,
            writer: &writer,
        };
        let (user, session, token) = match begun {
            Begun::Session(session, token) => {
                let user = returning.restore(Some(&session), None).await?;
                (user, session, token)
            }
            Begun::Pending(pending) if pending.takes_code() => {
                returning.by_factor(&pending, typed).await?
            }
            // The passkey brings it back, and nothing else does.
            Begun::Pending(pending) if pending.has_factor() => {
                return store.refuse_pending(&pending, call.random()?).await;
            }
            // The account is back, and a factor is to be made before anybody signs in to it.
            Begun::Pending(_) => {
                let user = returning.restore(None, None).await?;
                let begun = guess.begin(&user, call.random()?);
                let (session, token) = store.finished(begun, call.random()?).await?;
                (user, session, token)
            }
        };
        Ok((admitted, user, session, token))
    };
    let proving = store.prove(&guess, Door::Restore, call.admit(store), restore);
    let (admitted, user, session, token) = proving.await?;
    call.sign_in(&admitted, keys, &user, (&session, &token))
}

/// A deleted account whose password was right.
struct Returning<'a> {
    store: &'a Store,
    call: &'a Call<MeRestore>,
    user: &'a User,
    writer: &'a Writer,
}

impl Returning<'_> {
    /// Brings the account back, with the session that begins and the code that is used, if they do.
    async fn restore(
        &self,
        begins: Option<&Session>,
        factor: Option<FactorChange<'_>>,
    ) -> Result<User, Error> {
        let along = Along {
            begins,
            factor,
            ..Along::of(Reason::Restore)
        };
        let declared = &self.call.settings.users.fields;
        let user = self.user.clone();
        let change = self
            .store
            .change_user(declared, user, &along, self.writer, |found| {
                self.user.restored(found).map(Some)
            });
        let user = change.await.map_err(gone)?;
        user.ok_or(Error::new(Code::InvalidCredentials))
    }

    /// The same by the code that came with the password, or the refusal that tells that one is missing.
    async fn by_factor(
        &self,
        pending: &Pending,
        typed: Option<Typed<'_>>,
    ) -> Result<(User, Session, RefreshToken), Error> {
        let (store, call) = (self.store, self.call);
        let Some(typed) = typed else {
            return store.refuse_pending(pending, call.random()?).await;
        };
        let begin = async |_, used| {
            let at = (&call.settings.auth, call.now);
            let (session, token) = pending
                .challenge
                .finish(self.user, used, call.random()?, at);
            let factor = Some(FactorChange::Restores(used));
            let user = self.restore(Some(&session), factor).await?;
            Ok((user, session, token))
        };
        let trial = call.trial(self.user.id, typed)?;
        store.prove_code(&trial, begin).await
    }
}

/// Refuses a user whose address is not proven where that is required. Only the right password is told so. A deleted account
/// gets no mail that proves its address; a sign-in by mail brings it back.
fn need_verified(call: &Call<MeRestore>, user: &User) -> Result<(), Error> {
    if call.lacks_proof(user) {
        let message =
            "The address of this account is not verified; its password does not bring it back.";
        return Err(Error::new(Code::EmailNotVerified).with_message(message));
    }
    Ok(())
}
