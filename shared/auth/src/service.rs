//! Service accounts at work: how one is made, how its program shows itself, and its sessions (RFC 6749, sections 2.3.1 and
//! 4.4).

use api::oauth::OAuthCode;
use api::settings::Auth;
use api::wire::{ClientGrant, ClientToken, NewServiceAccount};
use api::{Code, Detail, Error, Id, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::access_token::{self, Holder};
use crate::api_key::hash;
use crate::keys::Keys;
use crate::session::Session;
use crate::user::{ServiceAccount, User, check_role, check_service_role};

/// The one grant type.
const GRANT: &str = "client_credentials";

/// The text of a new secret.
#[must_use]
pub fn secret_text(secret: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(secret)
}

/// The user of a new service account, without an address.
///
/// # Errors
/// `common/validation-failed` naming what is wrong with name and role.
pub fn new(
    asked: NewServiceAccount,
    id: Id,
    secret: &str,
    settings: &Auth,
    now: Timestamp,
) -> Result<User, Error> {
    let NewServiceAccount { name, role } = asked;
    let fits = (1..=100).contains(&name.chars().count())
        && !name.trim().is_empty()
        && !name.chars().any(char::is_control);
    let name_fault = (!fits).then(|| {
        let message = "`name` must have 1 to 100 characters, none of them a control.";
        Detail::new("name", "format", message)
    });
    let role_fault = check_service_role(&role).and_then(|()| check_role(&role, settings));
    let faults: Vec<Detail> = name_fault.into_iter().chain(role_fault.err()).collect();
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    Ok(User {
        email: None,
        role,
        service: Some(ServiceAccount {
            name,
            secret: hash(secret),
            rotated_at: None,
            previous: None,
        }),
        ..User::new(id, String::new(), false, now)
    })
}

/// The user with another secret.
///
/// # Errors
/// `service-accounts/not-found` for a person, and for an account that is gone.
pub fn rotated(found: &User, secret: &str, now: Timestamp) -> Result<User, Error> {
    let service = found.service.as_ref().filter(|_| found.deleted.is_none());
    let service = service.ok_or(Code::ServiceAccountNotFound)?;
    Ok(User {
        service: Some(service.rotated(secret, now)),
        ..found.clone()
    })
}

/// The error of an administrator for a write that found no such account.
#[must_use]
pub fn gone(error: Error) -> Error {
    if error.code == Code::UserNotFound {
        Code::ServiceAccountNotFound.into()
    } else {
        error
    }
}

/// The credentials that a program shows, well formed and not yet looked up.
#[derive(Clone, PartialEq, Eq)]
pub struct Presented {
    id: String,
    secret: String,
}

impl Presented {
    /// The id of the user that it claims to be; `None` where nobody has such an id.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        self.id.parse().ok()
    }

    /// The service account that it is. Every reason against it has the same answer.
    ///
    /// # Errors
    /// `auth/invalid-credentials`.
    pub fn judge(&self, found: Option<User>, now: Timestamp) -> Result<User, Error> {
        let is_good = |user: &User| {
            let service = user.service.as_ref();
            let takes = service.is_some_and(|service| service.takes(&self.secret, now));
            takes && self.id() == Some(user.id) && !user.disabled && user.deleted.is_none()
        };
        found.filter(is_good).ok_or_else(invalid_client)
    }
}

/// The credentials of a request for a token, which come by HTTP Basic or in the form.
///
/// # Errors
/// `common/invalid-request` for both at once, for another grant type, and for a scope; `auth/invalid-credentials` for none, and
/// for a header that is not readable.
pub fn presented(
    form: &ClientGrant,
    authorization: Option<&str>,
    decode: impl Fn(&str) -> Option<String>,
) -> Result<Presented, Error> {
    let in_form = form.client_id.as_ref().or(form.client_secret.as_ref());
    if authorization.is_some() && in_form.is_some() {
        let message = "The client shows itself by HTTP Basic or in the form, not by both.";
        return Err(Error::new(Code::InvalidRequest).with_message(message));
    }
    if form.client_assertion.is_some() {
        let message = "The client shows itself by a secret; there are no assertions.";
        return Err(Error::new(Code::InvalidRequest).with_message(message));
    }
    if form.grant_type != GRANT {
        let message = "`grant_type` must be client_credentials.";
        return Err(refused(OAuthCode::UnsupportedGrantType, message));
    }
    if form.scope.is_some() {
        let message = "There are no scopes: the role of the account decides.";
        return Err(refused(OAuthCode::InvalidScope, message));
    }
    let shown = match authorization {
        Some(header) => basic(header, decode),
        None => form.client_id.clone().zip(form.client_secret.clone()),
    };
    let (id, secret) = shown.ok_or_else(invalid_client)?;
    Ok(Presented { id, secret })
}

fn refused(code: OAuthCode, message: &str) -> Error {
    Error {
        oauth: Some(code),
        ..Error::new(Code::InvalidRequest).with_message(message)
    }
}

fn invalid_client() -> Error {
    let message = "The client is unknown, or its secret is not good.";
    Error::new(Code::InvalidCredentials).with_message(message)
}

/// The id and the secret of a header, each encoded as in a form before they were put together (RFC 6749, section 2.3.1).
fn basic(header: &str, decode: impl Fn(&str) -> Option<String>) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = STANDARD.decode(encoded.trim_matches(' ')).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((decode(id)?, decode(secret)?))
}

/// The session `id` of a service account. It has no refresh token and ends with its access token. Nobody has authenticated.
#[must_use]
pub fn session(user: &User, id: Id, settings: &Auth, now: Timestamp) -> Session {
    Session::passing(user, id, settings.access_token_ttl, now)
}

/// The access token of such a session, as long as the session lasts.
///
/// # Errors
/// `common/internal` when signing fails.
pub fn token(
    keys: &Keys,
    session: &Session,
    role: &str,
    now: Timestamp,
) -> Result<ClientToken, Error> {
    let expires_in = session.expires_at.saturating_sub(now.seconds());
    let holder = Holder {
        is_service: true,
        ..session.holder()
    };
    Ok(ClientToken {
        access_token: access_token::issue(keys, holder, role, now, expires_in)?,
        token_type: "Bearer",
        expires_in,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::Deletion;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn form(parts: [Option<&str>; 2]) -> ClientGrant {
        let [client_id, client_secret] = parts.map(|part| part.map(ToOwned::to_owned));
        ClientGrant {
            grant_type: GRANT.to_owned(),
            scope: None,
            client_id,
            client_secret,
            client_assertion: None,
        }
    }

    /// The result of a request; the decoder stands for that of forms.
    fn show(form: &ClientGrant, header: Option<&str>) -> Result<[String; 2], Code> {
        let decode = |text: &str| Some(text.replace("%3A", ":"));
        let shown = presented(form, header, decode);
        let shown = shown.map(|it| [it.id, it.secret]);
        shown.map_err(|error| error.code)
    }

    #[test]
    fn a_program_shows_itself_by_the_header_or_the_form() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let shown = |id: &str, secret: &str| Ok([id.to_owned(), secret.to_owned()]);
        let empty = form([None, None]);
        assert_eq!(show(&empty, Some(&basic("a:b"))), shown("a", "b"));
        assert_eq!(show(&empty, Some(&basic("a%3Ab:c:d"))), shown("a:b", "c:d"));
        let lower = basic("a:").replace("Basic", "bAsIc");
        assert_eq!(show(&empty, Some(&lower)), shown("a", ""));
        assert_eq!(show(&form([Some("a"), Some("b")]), None), shown("a", "b"));
        let none = Err(Code::InvalidCredentials);
        for header in [
            "",
            "Basic",
            "Basic %",
            "Basic YQ==",
            "Basic gA==",
            "Bearer YTpi",
        ] {
            assert_eq!(show(&empty, Some(header)), none, "{header}");
        }
        for parts in [[None, None], [Some("a"), None], [None, Some("b")]] {
            assert_eq!(show(&form(parts), None), none, "{parts:?}");
        }
        let both = Err(Code::InvalidRequest);
        for parts in [[Some("a"), None], [None, Some("b")], [Some("a"), Some("b")]] {
            assert_eq!(show(&form(parts), Some(&basic("a:b"))), both, "{parts:?}");
        }
    }

    #[test]
    fn another_grant_and_any_scope_are_refused_in_their_own_words() {
        let told = |form: &ClientGrant| {
            let shown = presented(form, None, |text| Some(text.to_owned()));
            shown.err().and_then(|error| error.oauth)
        };
        let password = ClientGrant {
            grant_type: "password".to_owned(),
            ..form([Some("a"), Some("b")])
        };
        assert_eq!(told(&password), Some(OAuthCode::UnsupportedGrantType));
        let scoped = ClientGrant {
            scope: Some("all".to_owned()),
            ..form([Some("a"), Some("b")])
        };
        assert_eq!(told(&scoped), Some(OAuthCode::InvalidScope));
    }

    #[test]
    fn a_secret_opens_its_own_account_while_that_is_on() {
        let made = |n: u8, secret: &str| {
            let asked = NewServiceAccount {
                name: "a".to_owned(),
                role: "authenticated".to_owned(),
            };
            let id = Id::new(NOW, [n; 10]);
            new(asked, id, secret, &Auth::default(), NOW).expect("an account")
        };
        let user = made(1, "one");
        let shown = Presented {
            id: user.id.to_string(),
            secret: "one".to_owned(),
        };
        assert_eq!(shown.judge(Some(user.clone()), NOW), Ok(user.clone()));
        let disabled = User {
            disabled: true,
            ..user.clone()
        };
        let deleted = User {
            deleted: Some(Deletion { at: NOW, until: 0 }),
            ..user.clone()
        };
        let person = User {
            service: None,
            ..user.clone()
        };
        let wrong = made(1, "two");
        let other = made(2, "one");
        for found in [
            Some(disabled),
            Some(deleted),
            Some(person),
            Some(wrong),
            Some(other),
            None,
        ] {
            let judged = shown.judge(found, NOW).map_err(|error| error.code);
            assert_eq!(judged, Err(Code::InvalidCredentials));
        }
        let session = session(&user, Id::new(NOW, [3; 10]), &Auth::default(), NOW);
        assert!(session.stands(&user, NOW) && session.authentication.is_none());
    }

    #[test]
    fn name_and_role_are_checked_together() {
        let ask = |name: &str, role: &str| {
            let asked = NewServiceAccount {
                name: name.to_owned(),
                role: role.to_owned(),
            };
            let made = new(asked, Id::new(NOW, [1; 10]), "s", &Auth::default(), NOW);
            let names = |error: Error| error.details.into_iter().map(|it| it.field).collect();
            made.map(|user| user.email).map_err(names)
        };
        assert_eq!(ask(&"ü".repeat(100), "authenticated"), Ok(None));
        let wrong = |fields: &[&str]| Err(fields.iter().map(|it| (*it).to_owned()).collect());
        for name in ["", " ", "a\n", &"a".repeat(101)] {
            assert_eq!(ask(name, "authenticated"), wrong(&["name"]), "{name}");
        }
        for role in ["admin", "anonymous", "chief", ""] {
            let asked: Result<Option<String>, Vec<String>> = ask("a", role);
            assert_eq!(asked, wrong(&["role"]), "{role}");
        }
        assert_eq!(ask("", "admin"), wrong(&["name", "role"]));
    }
}
