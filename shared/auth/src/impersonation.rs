//! Impersonation: an admin acts as a user, in a session that says so.

use api::settings::Auth;
use api::wire::ActingToken;
use api::{Code, Detail, Error, Id, Timestamp};

use crate::access_token;
use crate::keys::Keys;
use crate::session::Session;
use crate::user::{ADMIN, User};

/// The most characters of a reason.
const MOST_OF_REASON: usize = 200;

/// Checks the reason for which an admin acts as a user.
///
/// # Errors
/// A detail for the field `reason`.
pub fn check_reason(reason: &str) -> Result<(), Detail> {
    if (1..=MOST_OF_REASON).contains(&reason.chars().count()) && !reason.trim().is_empty() {
        return Ok(());
    }
    let message = format!("`reason` must have 1 to {MOST_OF_REASON} characters.");
    Err(Detail::new("reason", "length", message))
}

/// The session `id` in which an admin acts as this user. It has no refresh token, and the user has proven nothing in it.
///
/// # Errors
/// `auth/forbidden` for another admin, a service account, a user who is disabled or deleted, and the admin as such.
pub fn act(
    admin: Id,
    user: &User,
    id: Id,
    settings: &Auth,
    now: Timestamp,
) -> Result<Session, Error> {
    let is_person = user.role != ADMIN && user.service.is_none();
    let may_act = is_person && !user.disabled && user.deleted.is_none() && user.id != admin;
    if !may_act {
        let message = "Nobody acts as this user: an admin, a service account, or one that is disabled or deleted.";
        return Err(Error::new(Code::Forbidden).with_message(message));
    }
    Ok(Session {
        actor: Some(admin),
        ..Session::passing(user, id, settings.impersonation_ttl, now)
    })
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
) -> Result<ActingToken, Error> {
    let expires_in = session.expires_at.saturating_sub(now.seconds());
    Ok(ActingToken {
        access_token: access_token::issue(keys, session.holder(), role, now, expires_in)?,
        expires_in,
    })
}

#[cfg(test)]
mod tests {
    use api::settings::Span;

    use super::*;
    use crate::user::Deletion;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn id(n: u8) -> Id {
        Id::new(NOW, [n; 10])
    }

    #[test]
    fn nobody_acts_as_an_admin_or_as_a_user_who_cannot_sign_in() {
        let settings = Auth::default();
        let user = User::new(id(1), "a@b".into(), false, NOW);
        let act = |user: &User| act(id(2), user, id(3), &settings, NOW).map_err(|it| it.code);
        let session = act(&user).expect("a session");
        assert_eq!((session.user, session.actor), (id(1), Some(id(2))));
        assert_eq!(session.expires_at, NOW.seconds() + 900);
        assert!(session.stands(&user, NOW) && session.refresh_token_hash.is_empty());
        let nobody = User::anonymous(id(1), &settings, NOW);
        assert!(act(&nobody).is_ok());
        let disabled = User {
            disabled: true,
            ..user.clone()
        };
        let deleted = User {
            deleted: Some(Deletion::new(NOW, Span::seconds(9))),
            ..user.clone()
        };
        let admin = User::new(id(1), "a@b".into(), true, NOW);
        let own = User { id: id(2), ..user };
        for refused in [disabled, deleted, admin, own] {
            assert_eq!(act(&refused), Err(Code::Forbidden), "{refused:?}");
        }
    }

    #[test]
    fn a_reason_is_a_sentence_and_no_essay() {
        for (reason, fits) in [
            ("", false),
            (" ", false),
            ("a", true),
            (&"ü".repeat(200), true),
            (&"a".repeat(201), false),
        ] {
            assert_eq!(check_reason(reason).is_ok(), fits, "{reason}");
        }
    }
}
