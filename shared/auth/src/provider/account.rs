//! Accounts that a sign-in by a provider makes.

use api::definition::ProfileField;
use api::record::{Write, profile};
use api::settings::Auth;
use api::wire::Joining;
use api::{Code, Error, Id, Timestamp, told_together};
use serde_json::Map;

use super::Found;
use crate::consent;
use crate::user::User;

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
    let registration = &settings.registration;
    let may = match &email {
        Some(email) => registration.permits(email),
        None => registration.enabled && registration.domains.is_empty(),
    };
    if !may {
        return Err(Code::RegistrationNotAllowed.into());
    }
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
