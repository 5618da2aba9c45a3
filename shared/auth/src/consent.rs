//! Consent to the terms of the project, `auth.terms`.

use api::settings::Auth;
use api::wire::unknown;
use api::{Code, Detail, Error, Timestamp};

use crate::user::{Terms, User};

/// The terms that a new user accepts with the version in the body.
///
/// # Errors
/// A detail for `termsVersion`: it is missing, of other terms than those of the settings, or there are none.
pub fn given(
    version: Option<&str>,
    settings: &Auth,
    now: Timestamp,
) -> Result<Option<Terms>, Detail> {
    match (settings.terms.version.as_deref(), version) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(unknown(FIELD)),
        (Some(needed), None) => Err(Detail::new(
            FIELD,
            "required",
            format!(
                "`{FIELD}` is required: `{needed}`, the version of the terms that the user accepts."
            ),
        )),
        (Some(_), Some(version)) => accept(FIELD, version, settings, now).map(Some),
    }
}

/// Refuses a version of other terms where one is given: whether one is needed is not known yet.
///
/// # Errors
/// As of [`given`].
pub fn check(version: Option<&str>, settings: &Auth) -> Result<(), Detail> {
    let given = version.map(|version| given(Some(version), settings, Timestamp::default()));
    given.transpose().map(|_| ())
}

/// Whether the user has to accept the terms of the settings: none of this version are accepted.
#[must_use]
pub fn is_due(user: &User, settings: &Auth) -> bool {
    let accepted = user.terms.as_ref().map(|terms| &terms.version);
    let needed = settings.terms.version.as_ref();
    needed.is_some() && needed != accepted
}

/// The terms that a signed-in user accepts.
///
/// # Errors
/// `common/validation-failed` naming `version`; `auth/method-disabled` where there are no terms.
pub fn renewed(version: &str, settings: &Auth, now: Timestamp) -> Result<Terms, Error> {
    if settings.terms.version.is_none() {
        let message = "There are no terms to accept here: `auth.terms.version` is not set.";
        return Err(Error::new(Code::MethodDisabled).with_message(message));
    }
    Ok(accept("version", version, settings, now)?)
}

/// The field of a body that makes an account.
const FIELD: &str = "termsVersion";

fn accept(field: &str, version: &str, settings: &Auth, now: Timestamp) -> Result<Terms, Detail> {
    match settings.terms.version.as_deref() {
        Some(needed) if needed == version => Ok(Terms {
            version: version.to_owned(),
            accepted_at: now,
        }),
        needed => {
            let needed = needed.unwrap_or_default();
            let message = format!("`{field}` must be `{needed}`, the terms of this moment.");
            Err(Detail::new(field, "terms", message))
        }
    }
}

impl User {
    /// The user after accepting terms: those that are accepted already keep their time.
    ///
    /// # Errors
    /// `auth/session-revoked`.
    pub fn accepting(&self, found: &Self, terms: &Terms) -> Result<Self, Error> {
        self.goes_on(found)?;
        let before = found.terms.clone();
        let kept = before.filter(|before| before.version == terms.version);
        Ok(Self {
            terms: kept.or_else(|| Some(terms.clone())),
            ..found.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use api::Id;
    use api::settings::TermsOfUse;

    use super::*;

    fn with(version: Option<&str>) -> Auth {
        Auth {
            terms: TermsOfUse {
                version: version.map(ToOwned::to_owned),
            },
            ..Auth::default()
        }
    }

    fn accepted(version: &str, at: u64) -> Terms {
        Terms {
            version: version.to_owned(),
            accepted_at: Timestamp::from_millis(at),
        }
    }

    #[test]
    fn a_new_user_accepts_the_terms_of_the_settings_and_no_others() {
        let now = Timestamp::from_millis(7);
        let code = |version, settings: &Auth| given(version, settings, now).map_err(|it| it.code);
        let (none, second) = (with(None), with(Some("2")));
        let wrong = |code: &str| Err(code.to_owned());
        assert_eq!(code(None, &none), Ok(None));
        assert_eq!(code(Some("2"), &none), wrong("unknown-field"));
        assert_eq!(code(None, &second), wrong("required"));
        assert_eq!(code(Some("2"), &second), Ok(Some(accepted("2", 7))));
        for version in ["", "1", "2 ", "２"] {
            assert_eq!(code(Some(version), &second), wrong("terms"), "{version}");
        }
        assert!(check(None, &second).is_ok() && check(Some("2"), &second).is_ok());
        assert!(check(Some("1"), &second).is_err() && check(Some("2"), &none).is_err());
    }

    #[test]
    fn terms_are_due_until_those_of_this_moment_are_accepted() {
        let mut user = User::new(
            Id::new(Timestamp::default(), [0; 10]),
            "a@b.c".to_owned(),
            false,
            Timestamp::default(),
        );
        assert!(!is_due(&user, &with(None)) && is_due(&user, &with(Some("2"))));
        user.terms = Some(accepted("1", 0));
        assert!(is_due(&user, &with(Some("2"))) && !is_due(&user, &with(Some("1"))));
        assert!(!is_due(&user, &with(None)));
    }

    #[test]
    fn accepting_once_more_moves_no_time() {
        let user = User::new(
            Id::new(Timestamp::default(), [0; 10]),
            "a@b.c".to_owned(),
            false,
            Timestamp::default(),
        );
        let first = user.accepting(&user, &accepted("1", 1)).expect("accepted");
        assert_eq!(first.terms, Some(accepted("1", 1)));
        let again = user.accepting(&first, &accepted("1", 2));
        assert_eq!(again.as_ref(), Ok(&first));
        let second = user.accepting(&first, &accepted("2", 3));
        assert_eq!(second.map(|it| it.terms), Ok(Some(accepted("2", 3))));
        let ended = User {
            auth_version: 2,
            ..first
        };
        let refusal = user.accepting(&ended, &accepted("2", 3)).err();
        assert_eq!(refusal.map(|it| it.code), Some(Code::SessionRevoked));
    }
}
