//! Removals of ways to sign in: one way in is always left.

use std::collections::BTreeSet;

use api::definition::ProfileField;
use api::event::Reason;
use api::settings::Providers;
use api::{Code, Error, Id, Timestamp};
use auth::provider::provider_of;
use auth::user::{OtherWays, signed_out};
use auth::{Admitted, Caller, Credentials, User, Writer};

use super::parts::Along;
use crate::tables::Store;

/// The removal of a method of signing in.
pub struct Removal<'a> {
    /// Its key.
    pub key: String,
    /// The other ways to sign in. A password, and then the providers, are looked up where nothing else signs in.
    pub ways: OtherWays,
    /// The providers of the file.
    pub file: &'a Providers,
    /// The refusal where there is no such method.
    pub absent: Code,
    /// The reason of the write.
    pub reason: Reason,
    /// The declared profile fields.
    pub declared: &'a [ProfileField],
    /// The stamp of the write.
    pub writer: Writer,
}

/// The caller, the session and the user that ask.
type Asking<'a> = (&'a Caller, Id, &'a User);

impl Store {
    /// Removes a method of the user who asks; every session ends but the one that asks. Each try asks for the `removal` anew,
    /// since it is a write of its own.
    ///
    /// # Errors
    /// Those of [`Store::signed_in`], of `removal`, of [`User::without_method`] and of [`Store::change_user`].
    pub async fn remove_method<'a>(
        &self,
        credentials: &Credentials,
        now: Timestamp,
        removal: impl Fn(Asking<'_>) -> Result<Removal<'a>, Error>,
    ) -> Result<Admitted, Error> {
        let (caller, session, user) = self.signed_in(credentials, now).await?;
        match self.remove((&caller, session.id, &user), &removal).await {
            // Another request of this session may have removed one: then its version is raised with the user's.
            Err(refusal) if refusal.code == Code::SessionRevoked => {
                let (caller, session, user) = self.signed_in(credentials, now).await?;
                self.remove((&caller, session.id, &user), &removal).await?;
                Ok(caller)
            }
            removed => removed.map(|()| caller),
        }
    }

    async fn remove<'a>(
        &self,
        asking: Asking<'_>,
        removal: &impl Fn(Asking<'_>) -> Result<Removal<'a>, Error>,
    ) -> Result<(), Error> {
        match self.remove_beside(asking, removal(asking)?).await {
            Err(refusal) if refusal.code == Code::LastMethod => {
                let identity = self.identity_of(asking.2).await?;
                let mut removal = removal(asking)?;
                removal.ways.password = identity.is_some_and(|it| it.password_hash.is_some());
                if !removal.ways.password {
                    removal.ways.providers = self.signing_in(asking.2, removal.file).await?;
                }
                self.remove_beside(asking, removal).await
            }
            removed => removed,
        }
    }

    /// The keys of a user's providers that sign in now.
    async fn signing_in(&self, user: &User, file: &Providers) -> Result<BTreeSet<String>, Error> {
        let named = user
            .providers()
            .filter_map(|key| Some((key, provider_of(key)?)));
        let named: Vec<(&String, &str)> = named.collect();
        if named.is_empty() {
            return Ok(BTreeSet::new());
        }
        let names: BTreeSet<&str> = named.iter().map(|(_, name)| *name).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let kept = self.kept_providers(&names).await?;
        let signs_in = |name: &str| {
            let kept = kept.get(name);
            kept.is_some_and(|kept| kept.connection(name, file.get(name)).is_some())
        };
        let keys = named.into_iter().filter(|(_, name)| signs_in(name));
        Ok(keys.map(|(key, _)| key.clone()).collect())
    }

    async fn remove_beside(
        &self,
        (_, session, user): Asking<'_>,
        removal: Removal<'_>,
    ) -> Result<(), Error> {
        let along = Along {
            survivor: Some(session),
            ..Along::of(removal.reason)
        };
        let method = (removal.key.as_str(), removal.absent);
        let (writer, ways) = (&removal.writer, &removal.ways);
        let change = self.change_user(removal.declared, user.clone(), &along, writer, |found| {
            user.without_method(found, method, ways).map(Some)
        });
        change.await.map(|_| ()).map_err(signed_out)
    }
}
