//! Accounts by body: the checks of a registration, of a user that an admin makes, and of an admin's changes.

use api::definition::ProfileField;
use api::record::{Write, profile};
use api::settings::{Auth, MagicLink, Settings};
use api::value::is_email;
use api::wire::{AnonymousProfile, Joining, NewUser, RegisterRequest, UserChanges, unknown};
use api::{Code, Detail, Error, Id, Timestamp, told_together};
use serde_json::{Map, Value};

use crate::consent;
use crate::email;
use crate::password::{self, Context};
use crate::user::{AUTHENTICATED, Terms, User, check_role, check_service_role};

/// A registration that fits.
pub struct Registration {
    /// The normalised address.
    pub email: String,
    /// The profile, in stored form.
    pub profile: Map<String, Value>,
    /// The terms that the user accepts.
    pub terms: Option<Terms>,
}

/// Checks a registration.
///
/// # Errors
/// `common/validation-failed` with every problem of the body; `data/record-too-large`; `auth/registration-not-allowed`
/// by the address alone, so that it tells nothing of accounts.
pub fn registration(
    body: &RegisterRequest,
    declared: &[ProfileField],
    settings: &Settings,
    now: Timestamp,
) -> Result<Registration, Error> {
    let email = email::normalise(&body.email);
    let context = Context::of(email.as_deref().ok(), settings);
    let checked = password::judge("password", &body.password, context, &settings.auth.password);
    let profile = profile(declared, &Map::new(), body.profile.clone(), Write::Create);
    let consent = consent::given(body.terms_version.as_deref(), &settings.auth, now);
    match (email, checked, consent, profile) {
        (Ok(email), Ok(()), Ok(terms), Ok(profile)) if body.faults.is_empty() => {
            if !settings.auth.registration.permits(&email) {
                return Err(Code::RegistrationNotAllowed.into());
            }
            Ok(Registration {
                email,
                profile,
                terms,
            })
        }
        (Ok(_), Ok(()), Ok(_), Err(error)) if body.faults.is_empty() => Err(error),
        (email, checked, consent, profile) => {
            let mut details = body.faults.clone();
            let wrong = [email.err(), checked.err(), consent.err()];
            let profile = profile.err().into_iter().flat_map(|error| error.details);
            for detail in wrong.into_iter().flatten().chain(profile) {
                // A missing field is not also reported as malformed.
                if !details.iter().any(|earlier| earlier.field == detail.field) {
                    details.push(detail);
                }
            }
            Err(Error::invalid(details))
        }
    }
}

/// The user of an anonymous account.
///
/// # Errors
/// `auth/method-disabled`; `auth/registration-not-allowed` where nobody makes an account; `common/validation-failed` with every
/// problem of the profile; `data/record-too-large`.
pub fn anonymous(
    body: &AnonymousProfile,
    declared: &[ProfileField],
    settings: &Auth,
    (id, now): (Id, Timestamp),
) -> Result<User, Error> {
    if !settings.anonymous {
        let message = "Nobody has an anonymous account here: `auth.anonymous` is off.";
        return Err(Error::new(Code::MethodDisabled).with_message(message));
    }
    if !settings.registration.enabled {
        return Err(Code::RegistrationNotAllowed.into());
    }
    Ok(User {
        profile: profile(declared, &Map::new(), body.0.clone(), Write::Create)?,
        ..User::anonymous(id, settings, now)
    })
}

/// Checks the profile fields of a sign-in by mail, before it is known whether there is an account. A new account alone takes
/// them, and needs the required ones.
///
/// # Errors
/// `common/validation-failed` with every problem of the body; `data/record-too-large`.
pub fn check_sign_in(
    body: &Joining,
    declared: &[ProfileField],
    settings: &Auth,
    besides: impl IntoIterator<Item = Detail>,
) -> Result<(), Error> {
    let (mut faults, by) = (body.faults.clone(), settings.magic_link);
    let terms = body.terms_version.as_deref();
    let declared = match by {
        MagicLink::SignUp => {
            faults.extend(consent::check(terms, settings).err());
            declared
        }
        MagicLink::Off | MagicLink::SignIn => {
            faults.extend(terms.map(|_| unknown("termsVersion")));
            &[]
        }
    };
    let checked = profile(declared, &Map::new(), body.profile.clone(), Write::Merge);
    told_together(faults, besides, checked).map(|_| ())
}

/// The user that a sign-in by mail makes: the address is proven, and there is no password.
///
/// # Errors
/// `auth/registration-not-allowed`; `common/validation-failed` with every problem of the profile; `data/record-too-large`.
pub fn newcomer(
    body: &Joining,
    (email, is_first): (&str, bool),
    declared: &[ProfileField],
    settings: &Auth,
    (id, now): (Id, Timestamp),
) -> Result<User, Error> {
    if !settings.registration.permits(email) || !is_email(email) {
        return Err(Code::RegistrationNotAllowed.into());
    }
    let profile = profile(declared, &Map::new(), body.profile.clone(), Write::Create);
    let terms = consent::given(body.terms_version.as_deref(), settings, now);
    let wrong = terms.as_ref().err().cloned();
    let profile = told_together(Vec::new(), wrong, profile)?;
    Ok(User {
        profile,
        terms: terms?,
        email_verified_at: Some(now),
        ..User::new(id, email.to_owned(), is_first, now)
    })
}

/// The user that an admin's body makes.
///
/// # Errors
/// `common/validation-failed` with every problem of the body; `data/record-too-large`.
pub fn new_user(
    body: &NewUser,
    declared: &[ProfileField],
    settings: &Settings,
    id: Id,
    now: Timestamp,
) -> Result<User, Error> {
    let role = body.role.as_deref().unwrap_or(AUTHENTICATED);
    let email = email::normalise(&body.email);
    let context = Context::of(email.as_deref().ok(), settings);
    let checked = body.password.as_deref().map_or(Ok(()), |password| {
        password::judge("password", password, context, &settings.auth.password)
    });
    let profile = profile(declared, &Map::new(), body.profile.clone(), Write::Create);
    let wrong = [
        email.as_ref().err().cloned(),
        checked.err(),
        check_role(role, &settings.auth).err(),
    ];
    let profile = told_together(body.faults.clone(), wrong.into_iter().flatten(), profile)?;
    Ok(User {
        role: role.to_owned(),
        profile,
        ..User::new(id, email?, false, now)
    })
}

/// Checks an admin's changes before the user is known: a merge refuses the same body for every stored profile.
///
/// # Errors
/// `common/validation-failed` with every problem of the body; `data/record-too-large`.
pub fn check_changes(
    body: &UserChanges,
    declared: &[ProfileField],
    settings: &Auth,
) -> Result<(), Error> {
    let role = body.role.as_deref();
    let role = role.and_then(|role| check_role(role, settings).err());
    let checked = profile(declared, &Map::new(), body.profile.clone(), Write::Merge);
    told_together(body.faults.clone(), role, checked).map(|_| ())
}

/// The user with an admin's changes.
///
/// # Errors
/// `users/not-found` for a deleted account. A detail for the role of an anonymous one, and of what a service account cannot have:
/// the role of an admin, and a profile. Those of [`profile`].
pub fn changed(user: &User, body: &UserChanges, declared: &[ProfileField]) -> Result<User, Error> {
    if user.deleted.is_some() {
        return Err(Code::UserNotFound.into());
    }
    if user.is_anonymous() && body.role.is_some() {
        let message =
            "`role` must be left out: an anonymous account gets another role with an address.";
        return Err(Detail::new("role", "anonymous", message).into());
    }
    if let (Some(_), Some(role)) = (&user.service, &body.role) {
        check_service_role(role)?;
    }
    if user.service.is_some() && !body.profile.is_empty() {
        let faults = body.profile.keys().map(|name| unknown(name));
        return Err(Error::invalid(faults.collect()));
    }
    let profile = profile(declared, &user.profile, body.profile.clone(), Write::Merge)?;
    Ok(User {
        profile,
        mail_failed: user.mail_failed.filter(|_| body.mail_failed.is_none()),
        ..user.administered(body.role.as_deref(), body.disabled)
    })
}

#[cfg(test)]
mod tests {
    use api::settings::{Registration, Span, TermsOfUse};
    use serde_json::json;

    use super::*;
    use crate::user::Deletion;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn declared() -> Vec<ProfileField> {
        let fields = json!([{ "name": "bio", "type": "string" }]);
        serde_json::from_value(fields).expect("fields")
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    fn fields<T>(result: Result<T, Error>) -> Result<T, Vec<String>> {
        let field = |detail: Detail| detail.field;
        result.map_err(|error| error.details.into_iter().map(field).collect())
    }

    #[test]
    fn a_registration_is_told_all_at_once_and_each_field_once() {
        let ask = |email: &str, password: &str, profile: Value, faults: &[&str]| {
            let body = RegisterRequest {
                email: email.to_owned(),
                password: password.to_owned(),
                locale: None,
                redirect_to: None,
                terms_version: None,
                profile: object(profile),
                faults: faults
                    .iter()
                    .map(|field| Detail::new(*field, "required", "x"))
                    .collect(),
            };
            let registration = registration(&body, &declared(), &Settings::default(), NOW);
            fields(registration.map(|it| (it.email, it.profile)))
        };
        let long = "a long password";
        let profile = json!({ "bio": "x" });
        let expected = ("a@b".to_owned(), object(profile.clone()));
        assert_eq!(ask(" A@b ", long, profile, &[]), Ok(expected));
        let wrong = |fields: &[&str]| Err(fields.iter().map(|&field| field.to_owned()).collect());
        let unknown = json!({ "nope": 1 });
        assert_eq!(ask("a@b", long, unknown.clone(), &[]), wrong(&["nope"]));
        let of_a_type = ask("a@b", long, json!({}), &["locale"]);
        assert_eq!(of_a_type, wrong(&["locale"]));
        let all = wrong(&["email", "password", "nope"]);
        assert_eq!(ask("", "x", unknown.clone(), &[]), all);
        let missing = ask("", "x", unknown, &["password"]);
        assert_eq!(missing, wrong(&["password", "email", "nope"]));
    }

    #[test]
    fn a_user_by_an_admin_has_a_known_role_and_perhaps_a_password() {
        let ask = |password: Option<&str>, role: Option<&str>| {
            let body = NewUser {
                email: "A@b".into(),
                password: password.map(ToOwned::to_owned),
                send: None,
                role: role.map(ToOwned::to_owned),
                profile: Map::new(),
                faults: Vec::new(),
            };
            let id = Id::new(NOW, [1; 10]);
            let user = new_user(&body, &declared(), &Settings::default(), id, NOW);
            fields(user.map(|user| (user.email.unwrap_or_default(), user.role)))
        };
        let made = |role: &str| Ok(("a@b".to_owned(), role.to_owned()));
        assert_eq!(ask(None, None), made(AUTHENTICATED));
        assert_eq!(ask(Some("a long password"), Some("admin")), made("admin"));
        let wrong = vec!["password".to_owned(), "role".to_owned()];
        assert_eq!(ask(Some("x"), Some("chief")), Err(wrong));
    }

    #[test]
    fn a_sign_in_by_mail_takes_fields_where_it_may_make_an_account() {
        let declared = json!([{ "name": "bio", "type": "string" },
                              { "name": "name", "type": "string", "required": true }]);
        let declared: Vec<ProfileField> = serde_json::from_value(declared).expect("fields");
        let body = |profile: Value, terms: Option<&str>| Joining {
            restore: None,
            terms_version: terms.map(ToOwned::to_owned),
            profile: object(profile),
            faults: vec![],
        };
        let second = TermsOfUse {
            version: Some("2".to_owned()),
        };
        let check = |profile: Value, terms, by| {
            let settings = Auth {
                magic_link: by,
                terms: second.clone(),
                ..Auth::default()
            };
            let body = body(profile, terms);
            fields(check_sign_in(&body, &declared, &settings, []))
        };
        let wrong = |names: &[&str]| Err(names.iter().map(|&name| name.to_owned()).collect());
        let bio = || json!({ "bio": "x" });
        assert_eq!(check(json!({}), None, MagicLink::SignIn), Ok(()));
        let both = wrong(&["termsVersion", "bio"]);
        assert_eq!(check(bio(), Some("1"), MagicLink::SignIn), both);
        assert_eq!(check(bio(), Some("2"), MagicLink::SignUp), Ok(()));
        assert_eq!(check(bio(), None, MagicLink::SignUp), Ok(()));
        let old = check(bio(), Some("1"), MagicLink::SignUp);
        assert_eq!(old, wrong(&["termsVersion"]));
        let unknown = check(json!({ "nope": 1 }), None, MagicLink::SignUp);
        assert_eq!(unknown, wrong(&["nope"]));
        let make = |profile: Value, settings: &Auth| {
            let by = (Id::new(NOW, [1; 10]), NOW);
            newcomer(
                &body(profile, None),
                ("a@b", false),
                &declared,
                settings,
                by,
            )
        };
        let open = Auth::default();
        assert_eq!(fields(make(bio(), &open).map(|_| ())), wrong(&["name"]));
        let made = make(json!({ "name": "Ada" }), &open).expect("made");
        assert_eq!(made.email_verified_at, Some(NOW));
        assert_eq!(made.role, AUTHENTICATED);
        let closed = Auth {
            registration: Registration {
                enabled: false,
                ..Registration::default()
            },
            ..Auth::default()
        };
        let refused = make(json!({}), &closed).map(|_| ());
        assert_eq!(refused, Err(Code::RegistrationNotAllowed.into()));
    }

    #[test]
    fn changes_are_checked_first_and_merged_into_who_is_there() {
        let changes = |role: Option<&str>, profile: Value| UserChanges {
            mail_failed: None,
            role: role.map(ToOwned::to_owned),
            disabled: Some(true),
            profile: object(profile),
            faults: Vec::new(),
        };
        let (declared, settings) = (declared(), Auth::default());
        let wrong = changes(Some("chief"), json!({ "nope": 1 }));
        let wrong = fields(check_changes(&wrong, &declared, &settings));
        assert_eq!(wrong, Err(vec!["role".to_owned(), "nope".to_owned()]));
        let body = changes(Some("admin"), json!({ "bio": "x" }));
        assert_eq!(check_changes(&body, &declared, &settings), Ok(()));

        let user = User::new(Id::new(NOW, [1; 10]), "a@b".into(), false, NOW);
        let after = changed(&user, &body, &declared).expect("changed");
        assert_eq!((after.role.as_str(), after.disabled), ("admin", true));
        assert_eq!(
            (after.auth_version, after.profile),
            (2, body.profile.clone())
        );
        let deleted = User {
            deleted: Some(Deletion::new(NOW, Span::seconds(9))),
            ..user
        };
        let refused = changed(&deleted, &body, &declared);
        assert_eq!(refused, Err(Code::UserNotFound.into()));
    }
}
