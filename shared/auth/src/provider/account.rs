//! Accounts that a sign-in by a provider makes.

use api::definition::ProfileField;
use api::record::{Write, profile};
use api::settings::Auth;
use api::wire::Joining;
use api::{Error, Id, Timestamp, told_together};
use serde_json::Map;

use super::Found;
use crate::consent;
use crate::user::{User, need_registration};

/// Checks the profile fields of a sign-in, before it is known whether there is an account. A new account alone takes them, and
/// needs the required ones.
///
/// # Errors
/// `common/validation-failed` with every problem of the body; `data/record-too-large`.
pub fn check_newcomer(
    joining: &Joining,
    declared: &[ProfileField],
    settings: &Auth,
) -> Result<(), Error> {
    let wrong = consent::check(joining.terms_version.as_deref(), settings).err();
    let checked = profile(declared, &Map::new(), joining.profile.clone(), Write::Merge);
    told_together(joining.faults.clone(), wrong, checked).map(|_| ())
}

impl User {
    /// The user as found now, with a provider more, by the user's own request. It makes an account of an anonymous one, as a
    /// sign-in by the provider would.
    ///
    /// # Errors
    /// Those of [`User::goes_on`] and of [`User::with_provider`]; `auth/registration-not-allowed`.
    pub fn linking(
        &self,
        now: &Self,
        found: &Found,
        settings: &Auth,
        at: Timestamp,
    ) -> Result<Self, Error> {
        self.goes_on(now)?;
        let proven = found.email.as_deref().filter(|_| found.verified);
        now.need_permission(proven, settings)?;
        now.with_provider(found, at)
    }
}

/// The user that a sign-in by a provider makes, with this address or none. The provider fills the fields that the body leaves
/// out, where its values fit.
///
/// # Errors
/// `auth/registration-not-allowed`; `common/validation-failed` with every problem of the profile; `data/record-too-large`.
pub fn newcomer(
    joining: &Joining,
    (found, email): (&Found, Option<String>),
    declared: &[ProfileField],
    settings: &Auth,
    (id, now): (Id, Timestamp),
) -> Result<User, Error> {
    need_registration(email.as_deref(), settings)?;
    let mut fields = joining.profile.clone();
    for (name, value) in &found.profile {
        let alone = Map::from_iter([(name.clone(), value.clone())]);
        let fits = profile(declared, &Map::new(), alone, Write::Merge).is_ok();
        if fits && !fields.contains_key(name) {
            fields.insert(name.clone(), value.clone());
        }
    }
    let profile = profile(declared, &Map::new(), fields, Write::Create);
    let terms = consent::given(joining.terms_version.as_deref(), settings, now);
    let wrong = terms.as_ref().err().cloned();
    let profile = told_together(Vec::new(), wrong, profile)?;
    let verified = email.is_some();
    let bare = User::new(id, email.clone().unwrap_or_default(), false, now);
    let user = User {
        profile,
        email,
        terms: terms?,
        email_verified_at: verified.then_some(now),
        ..bare
    };
    user.with_provider(found, now)
}
