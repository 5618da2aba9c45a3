//! Sessions: from a login to a logout, or to an earlier end.

use api::settings::{Auth, Span};
use api::wire::Tokens;
use api::{Error, Id, Timestamp, wire};

use crate::access_token::{self, Holder};
use crate::authentication::Authentication;
use crate::keys::Keys;
use crate::refresh_token::RefreshToken;
use crate::user::User;

/// A session as the `_sessions` table keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The user whose session it is.
    pub user: Id,
    /// The session's id; its time is the session's beginning.
    pub id: Id,
    /// The hash of the newest refresh token.
    pub refresh_token_hash: String,
    /// The generation of the newest refresh token.
    pub generation: u32,
    /// The user's version at login; a different version ends the session.
    pub auth_version: u64,
    /// From when on it is over, in whole seconds: the table's TTL attribute. TTL deletes late, so it is always checked.
    pub expires_at: u64,
    /// When the newest refresh token was made.
    pub last_used_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// The authentication that it rests on; none in a session from before this was kept, which counts as not recent.
    pub authentication: Option<Authentication>,
    /// The admin who acts as the user in this session, if one does.
    pub actor: Option<Id>,
    /// How many recovery codes are left, in a session that began by one.
    pub recovery_left: Option<u64>,
    /// The refreshes of the last window, until the next refresh begins a new count.
    pub refreshes: Refreshes,
}

/// How often a session was refreshed within `auth.throttle.refreshWindow`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refreshes {
    /// When the first of them was.
    pub since: Timestamp,
    /// How many there were.
    pub count: u32,
}

/// Where a session was begun, for its user to recognise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The `User-Agent` header, cut to 256 characters.
    pub user_agent: String,
    /// The source address.
    pub ip: String,
}

impl Session {
    /// A new session of a user, with its first refresh token.
    #[must_use]
    pub(crate) fn begin(
        user: Id,
        id: Id,
        auth_version: u64,
        secret: [u8; 32],
        settings: &Auth,
        authentication: Authentication,
    ) -> (Self, RefreshToken) {
        // A provider may tell of an authentication that was long before.
        let now = authentication.at.max(id.created_at());
        let token = RefreshToken::first(user, id, secret);
        let session = Self {
            user,
            id,
            refresh_token_hash: token.hash(),
            generation: 0,
            auth_version,
            expires_at: expiry(id, settings, now),
            last_used_at: now,
            revoked_at: None,
            authentication: Some(authentication),
            actor: None,
            recovery_left: None,
            refreshes: Refreshes::default(),
        };
        (session, token)
    }

    /// A session without a refresh token, which ends with its one access token. Nobody has authenticated.
    pub(crate) fn passing(user: &User, id: Id, lifetime: Span, now: Timestamp) -> Self {
        Self {
            user: user.id,
            id,
            refresh_token_hash: String::new(),
            generation: 0,
            auth_version: user.auth_version,
            expires_at: now.after(lifetime.duration()).seconds(),
            last_used_at: now,
            revoked_at: None,
            authentication: None,
            actor: None,
            recovery_left: None,
            refreshes: Refreshes::default(),
        }
    }

    /// The holder of its access tokens.
    pub(crate) fn holder(&self) -> Holder<'_> {
        Holder {
            user: self.user,
            session: self.id,
            authentication: self.authentication.as_ref(),
            actor: self.actor,
            is_service: false,
        }
    }

    /// The session as its user sees it from the session `asking`.
    #[must_use]
    pub fn wire(&self, client: Client, asking: Option<Id>) -> wire::Session {
        wire::Session {
            id: self.id,
            user_agent: client.user_agent,
            ip_address: client.ip,
            created_at: self.id.created_at(),
            last_used_at: self.last_used_at,
            expires_at: Timestamp::from_millis(self.expires_at.saturating_mul(1000)),
            actor: self.actor,
            current: asking == Some(self.id),
        }
    }

    /// Whether it is neither revoked nor expired.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now.seconds() < self.expires_at
    }

    /// Whether it is alive and its user may have it: neither disabled, deleted nor lapsed, and no password change or
    /// similar event since.
    #[must_use]
    pub fn stands(&self, user: &User, now: Timestamp) -> bool {
        let is_there = !user.disabled && user.deleted.is_none() && !user.has_lapsed(now);
        let may_have_it = self.user == user.id && is_there;
        self.is_alive(now) && may_have_it && self.auth_version == user.auth_version
    }
}

/// The session that takes the place of another of the same user, who has proven more or proven it again.
#[must_use]
pub fn again(
    user: &User,
    id: Id,
    secret: [u8; 32],
    settings: &Auth,
    proof: Authentication,
) -> (Session, RefreshToken) {
    Session::begin(user.id, id, user.auth_version, secret, settings, proof)
}

/// When a session used now expires, in seconds: its refresh token's lifetime from now. It never exceeds its longest
/// age, counted from its beginning (ASVS 5.0, 7.3.1 and 7.3.2).
#[must_use]
pub fn expiry(session: Id, settings: &Auth, now: Timestamp) -> u64 {
    let after = |from: Timestamp, span: Span| from.after(span.duration()).seconds();
    after(now, settings.refresh_token_ttl)
        .min(after(session.created_at(), settings.session_max_age))
}

/// The pair of tokens that a client gets.
///
/// # Errors
/// `common/internal` when signing fails.
pub fn tokens(
    keys: &Keys,
    session: &Session,
    refresh_token: &RefreshToken,
    role: &str,
    settings: &Auth,
    now: Timestamp,
) -> Result<Tokens, Error> {
    let expires_in = settings.access_token_ttl.duration().as_secs();
    Ok(Tokens {
        access_token: access_token::issue(keys, session.holder(), role, now, expires_in)?,
        refresh_token: Some(refresh_token.seal(keys)?),
        token_type: "Bearer",
        expires_in,
        terms_required: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    #[test]
    fn a_session_slides_but_not_for_ever() {
        let settings = Auth::default();
        let id = Id::new(NOW, [1; 10]);
        let days = |n: u64| NOW.after(Span::seconds(n * 86_400).duration());
        assert_eq!(expiry(id, &settings, NOW), days(7).seconds());
        assert_eq!(expiry(id, &settings, days(6)), days(13).seconds());
        assert_eq!(expiry(id, &settings, days(29)), days(30).seconds());
    }

    /// TTL removes the account at some time after that, and its reserved values are free at once.
    #[test]
    fn a_session_ends_with_the_account_that_lapses() {
        let long = Auth {
            session_max_age: Span::seconds(90 * 86_400),
            refresh_token_ttl: Span::seconds(90 * 86_400),
            ..Auth::default()
        };
        let user = User::anonymous(Id::new(NOW, [1; 10]), &Auth::default(), NOW);
        let proof = Authentication::of_nobody(NOW);
        let id = Id::new(NOW, [2; 10]);
        let (session, _) = Session::begin(user.id, id, user.auth_version, [3; 32], &long, proof);
        let days = |n: u64| NOW.after(Span::seconds(n * 86_400).duration());
        let before = Timestamp::from_millis(days(30).millis() - 1000);
        assert!(session.stands(&user, before) && !session.stands(&user, days(30)));
        assert!(session.stands(&user.staying(), days(30)));
    }
}
