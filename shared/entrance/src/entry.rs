//! The account that a provider opens.

use api::endpoints::{Endpoint, guard};
use api::event::Reason;
use api::{Code, Error, Id};
use auth::provider::{Decision, Entrance, Found, decide, newcomer};
use auth::sign_in::{Begun, Missing};
use auth::{Admitted, Identity, User};
use runtime::Call;
use serde_json::Map;
use store::{Along, Store};

use crate::Proof;

/// The most decisions: another request may make the account, or link the identity, between a reading and its write.
const TRIES: u32 = 3;

/// An account, with what of its session there is.
pub(crate) struct Entered {
    pub(crate) user: User,
    pub(crate) begun: Begun,
    pub(crate) is_new: bool,
    pub(crate) is_linked: bool,
}

/// A sign-in at work.
struct Entry<'a, E: Endpoint<Guard = guard::Open>> {
    store: &'a Store,
    call: &'a Call<E>,
    admitted: &'a Admitted,
    proof: Proof<'a>,
    /// The request that uses the proof up, which every try of it may do.
    request: Id,
}

/// Decides which account it is, and enters it. The decision is made anew where another request was faster.
pub(crate) async fn enter<E: Endpoint<Guard = guard::Open>>(
    store: &Store,
    call: &Call<E>,
    admitted: &Admitted,
    proof: Proof<'_>,
) -> Result<Entered, Error> {
    let entry = Entry {
        store,
        call,
        admitted,
        proof,
        request: Id::new(call.now, call.random()?),
    };
    for _ in 1..TRIES {
        match entry.enter().await {
            Err(refusal) if was_faster(&refusal) => {}
            entered => return entered,
        }
    }
    entry.enter().await
}

/// Whether a refusal says that the account has changed since the decision.
fn was_faster(refusal: &Error) -> bool {
    matches!(
        refusal.code,
        Code::AccountAlreadyLinked
            | Code::EmailAlreadyExists
            | Code::UserNotFound
            | Code::InvalidCredentials
    )
}

impl<E: Endpoint<Guard = guard::Open>> Entry<'_, E> {
    async fn enter(&self) -> Result<Entered, Error> {
        let (found, call) = (self.proof.found, self.call);
        let known = match self.store.federated(found).await? {
            None => None,
            Some(federated) => self.store.user(federated.user).await?,
        };
        let is_known = |it: &User| it.methods.contains_key(&found.key());
        let holder = match &found.email {
            Some(email) if found.verified && !known.as_ref().is_some_and(is_known) => {
                self.holder(email).await?
            }
            _ => None,
        };
        let entrance = Entrance {
            settings: &call.settings.auth,
            restores: self.proof.joining.restore.unwrap_or(false),
            now: call.now,
        };
        match decide(found, known.as_ref(), holder.as_ref(), entrance)? {
            Decision::Enters(after) => {
                let before = known.ok_or(Code::InvalidOauthCode)?;
                self.sign_in(before, after).await
            }
            Decision::Links(after) => {
                let before = holder.ok_or(Code::InvalidOauthCode)?;
                self.link(before, after).await
            }
            Decision::TakesOver(after) => {
                let before = holder.ok_or(Code::InvalidOauthCode)?;
                self.take_over(before, after).await
            }
            Decision::Makes(email) => self.sign_up(email).await,
        }
    }

    /// The user who has an address.
    async fn holder(&self, email: &str) -> Result<Option<User>, Error> {
        match self.store.identity(email).await? {
            None => Ok(None),
            Some(Identity { user, .. }) => {
                let user = self.store.user(user).await?;
                Ok(user.filter(|user| user.email.as_deref() == Some(email)))
            }
        }
    }

    /// Begins the session, after the decision: a refusal leaves the proof as it was. `is_first` where the identity is not yet
    /// the user's.
    async fn begin(&self, user: &User, is_first: bool) -> Result<Begun, Error> {
        if let Some(mark) = self.proof.mark {
            let first = self.store.use_state(mark, self.request, self.call.now);
            if !first.await? {
                return Err(Code::InvalidIdToken.into());
            }
        }
        let found = self.proof.found;
        let proof = (found.provider.as_str(), is_first, found.auth_time);
        self.call.begin_by_provider(user, self.proof.session, proof)
    }

    /// Begins a session of the user of the identity. A deleted account comes back with it, and not before a second factor.
    async fn sign_in(&self, before: User, after: User) -> Result<Entered, Error> {
        let begun = self.begin(&before, false).await?;
        let entered = |user, begun| Entered {
            user,
            begun,
            is_new: false,
            is_linked: false,
        };
        let Begun::Session(session, _) = &begun else {
            return Ok(entered(before, begun));
        };
        let writer = self.call.writer_for(before.id, self.admitted)?;
        if before == after {
            self.store.begin_by_provider(session, &writer).await?;
            return Ok(entered(before, begun));
        }
        let along = Along {
            begins: Some(session),
            begun: Some(Reason::Provider),
            ..Along::of(Reason::Restore)
        };
        let declared = &self.call.settings.users.fields;
        let change = self
            .store
            .change_user(declared, before.clone(), &along, &writer, |found| {
                before.restored(found).map(Some)
            });
        let back = change.await?.ok_or(Code::InvalidOauthCode)?;
        Ok(entered(back, begun))
    }

    /// Links the identity to the account of the address. Where a second factor is missing, it is linked by that or not at all.
    async fn link(&self, before: User, after: User) -> Result<Entered, Error> {
        let mut begun = self.begin(&before, true).await?;
        if let Begun::Pending(pending) = &mut begun {
            if pending.missing != Missing::Enrolment {
                // A new account alone takes a profile.
                pending.challenge.links = Some(Found {
                    profile: Map::new(),
                    ..self.proof.found.clone()
                });
                return Ok(Entered {
                    user: before,
                    begun,
                    is_new: false,
                    is_linked: false,
                });
            }
            // The account comes back at once, and the step that follows is one of the account as it then is.
            begun = self.begin(&after, true).await?;
        }
        let reason = Reason::ProviderLinked;
        let user = self.change(before, after, reason, &begun).await?;
        Ok(Entered {
            user,
            begun,
            is_new: false,
            is_linked: true,
        })
    }

    /// Takes an account over that nobody had proven to have the address of.
    async fn take_over(&self, before: User, after: User) -> Result<Entered, Error> {
        let begun = self.begin(&after, true).await?;
        let reason = Reason::PasswordRemoved;
        let user = self.change(before, after, reason, &begun).await?;
        Ok(Entered {
            user,
            begun,
            is_new: false,
            is_linked: true,
        })
    }

    /// Writes the decision, on condition that the user is as it was when it was made.
    async fn change(
        &self,
        before: User,
        after: User,
        reason: Reason,
        begun: &Begun,
    ) -> Result<User, Error> {
        let federated = self.proof.found.linked(before.id, self.call.now);
        let along = Along {
            begins: begun.session(),
            begun: Some(Reason::Provider),
            links: Some(&federated),
            forgets_password: reason == Reason::PasswordRemoved,
            ..Along::of(reason)
        };
        let writer = self.call.writer_for(before.id, self.admitted)?;
        let declared = &self.call.settings.users.fields;
        let as_decided = |found: &User| {
            let is_same = *found == before;
            is_same
                .then(|| Some(after.clone()))
                .ok_or(Code::UserNotFound.into())
        };
        let change = self
            .store
            .change_user(declared, before.clone(), &along, &writer, as_decided);
        Ok(change.await?.ok_or(Code::InvalidOauthCode)?)
    }

    /// Makes the account, its identities and its session, in one transaction.
    async fn sign_up(&self, email: Option<String>) -> Result<Entered, Error> {
        let (call, found) = (self.call, self.proof.found);
        let declared = &call.settings.users.fields;
        let by = (Id::new(call.now, call.random()?), call.now);
        let of = (found, email);
        let user = newcomer(self.proof.joining, of, declared, &call.settings.auth, by)?;
        let begun = self.begin(&user, true).await?;
        let federated = found.linked(user.id, call.now);
        let along = Along {
            begins: begun.session(),
            begun: Some(Reason::Register),
            links: Some(&federated),
            ..Along::of(Reason::Provider)
        };
        let writer = call.writer_for(user.id, self.admitted)?;
        self.store
            .create_user(declared, &user, &along, &writer)
            .await?;
        Ok(Entered {
            user,
            begun,
            is_new: true,
            is_linked: false,
        })
    }
}
