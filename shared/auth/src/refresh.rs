//! Decides about a refresh token that is not the newest of its session.
//!
//! Implements rotation with reuse detection (RFC 9700, section 4.14.2) and two exceptions. A short grace exists since
//! two tabs may refresh at once; an idempotency key, since a reply may be lost.

use std::time::Duration;

use api::settings::{Auth, RefreshReuse};
use api::{Code, Detail, Error, Timestamp};

use crate::refresh_token::RefreshToken;
use crate::session::{Refreshes, Session};
use crate::throttle::Refused;

/// The way in which the successor of a refresh token is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Succession {
    /// With a fresh secret: it is given only once.
    Fresh([u8; 32]),
    /// From the token and the client's key, for `auth.refreshRetry`.
    Retryable(String),
    /// From the token alone, for the grace.
    Converging,
}

/// The consequence of a refused rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// 401: the session is over, or the token is not the predecessor of the newest one.
    Refuse,
    /// 401 and nothing else: another tab was faster, and its new token is valid.
    Forgive,
    /// 401, and the session ends: an attacker may have a copy of an old token.
    Revoke,
    /// The successor that the first use made, once more; with the refreshes including this one, where it counts as one.
    Again(Option<Refreshes>),
    /// The newest token: it is rotated as one more of these refreshes.
    Count(Refreshes),
    /// 429: the newest token, and there were too many refreshes for now.
    Throttle(Refused),
}

impl Succession {
    /// The way that the client's key and the settings ask for.
    ///
    /// # Errors
    /// 400 for a key that is not 16 to 128 visible ASCII characters.
    pub fn of(
        idempotency_key: Option<&str>,
        settings: &Auth,
        random: [u8; 32],
    ) -> Result<Self, Error> {
        match idempotency_key {
            Some(key)
                if (16..=128).contains(&key.len())
                    && key.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Ok(Self::Retryable(key.to_owned()))
            }
            Some(_) => Err(Error::invalid(vec![Detail::new(
                "Idempotency-Key",
                "format",
                "`Idempotency-Key` must be 16 to 128 visible ASCII characters.",
            )])),
            None if settings.refresh_reuse == RefreshReuse::Converge => Ok(Self::Converging),
            None => Ok(Self::Fresh(random)),
        }
    }

    /// The successor of a token.
    #[must_use]
    pub fn next(&self, token: &RefreshToken) -> RefreshToken {
        match self {
            Self::Fresh(secret) => token.next(*secret),
            Self::Retryable(key) => token.derived_next(&[b"key:", key.as_bytes()].concat()),
            Self::Converging => token.derived_next(b"converge"),
        }
    }

    /// For how long after the rotation the same successor is given again.
    fn window(&self, settings: &Auth) -> Duration {
        match self {
            // The rotation itself, written by this request: the table's reply was lost on its way back.
            Self::Fresh(_) => Duration::ZERO,
            Self::Retryable(_) => settings.refresh_retry.duration(),
            Self::Converging => settings.refresh_grace.duration(),
        }
    }
}

/// Judges a token that the rotation's condition refused, by the session as it was found.
#[must_use]
pub fn judge(
    found: Option<&Session>,
    presented: &RefreshToken,
    succession: &Succession,
    settings: &Auth,
    now: Timestamp,
) -> Verdict {
    let Some(session) = found.filter(|session| session.is_alive(now)) else {
        return Verdict::Refuse;
    };
    let within = |window: Duration| now <= session.last_used_at.after(window);
    match session.generation.checked_sub(presented.generation) {
        // The newest token, or a newer one (after a table was restored from a backup): not a copy of an old one.
        Some(0) if session.refresh_token_hash == presented.hash() => {
            count(session.refreshes, settings, now)
        }
        None | Some(0) => Verdict::Refuse,
        Some(1)
            if session.refresh_token_hash == succession.next(presented).hash()
                && within(succession.window(settings)) =>
        {
            again(session, succession, settings, now)
        }
        Some(1) if within(settings.refresh_grace.duration()) => Verdict::Forgive,
        Some(_) => Verdict::Revoke,
    }
}

/// Judges a token whose successor is asked for again. An answer to a client's key counts as a refresh: the key is all that
/// keeps a copy of the token from being one. A write of this very request does not, nor does another tab's.
fn again(session: &Session, succession: &Succession, settings: &Auth, now: Timestamp) -> Verdict {
    if !matches!(succession, Succession::Retryable(_)) || session.last_used_at == now {
        return Verdict::Again(None);
    }
    let judged = count(session.refreshes, settings, now);
    let Verdict::Count(Refreshes { since, count }) = judged else {
        return judged;
    };
    let is_over = since.after(settings.throttle.refresh_window.duration()) <= now;
    let (since, before) = if is_over { (now, 0) } else { (since, count) };
    let count = before.saturating_add(1);
    Verdict::Again(Some(Refreshes { since, count }))
}

/// Judges the newest token when its refresh is not the first within the window.
fn count(refreshes: Refreshes, settings: &Auth, now: Timestamp) -> Verdict {
    let end = refreshes
        .since
        .after(settings.throttle.refresh_window.duration());
    if refreshes.count < settings.throttle.refreshes || end <= now {
        Verdict::Count(refreshes)
    } else {
        Verdict::Throttle(Refused {
            until: end,
            by_total: true,
        })
    }
}

/// The only refusal.
#[must_use]
pub fn refusal() -> Error {
    Code::InvalidRefreshToken.into()
}

/// The refusal of a token that will never be valid again: the reply also removes a browser's cookie.
#[must_use]
pub fn over() -> Error {
    Error {
        forgets_cookie: true,
        ..refusal()
    }
}

/// A verified refresh token and its successor.
pub struct Exchange<'a> {
    /// The token that was presented.
    pub presented: RefreshToken,
    /// The token that takes its place.
    pub successor: RefreshToken,
    /// The settings.
    pub settings: &'a Auth,
    /// The time.
    pub now: Timestamp,
    succession: Succession,
}

impl<'a> Exchange<'a> {
    /// The exchange of a token for its successor.
    #[must_use]
    pub fn new(
        presented: RefreshToken,
        succession: Succession,
        settings: &'a Auth,
        now: Timestamp,
    ) -> Self {
        Self {
            successor: succession.next(&presented),
            presented,
            settings,
            now,
            succession,
        }
    }

    /// For how long the session has had the successor, where it is given once more to a client's key.
    #[must_use]
    pub fn repeats_after(&self, session: &Session) -> Option<Duration> {
        let before = session.last_used_at.millis();
        let millis = self.now.millis().saturating_sub(before);
        let repeats = matches!(self.succession, Succession::Retryable(_)) && millis > 0;
        repeats.then(|| Duration::from_millis(millis))
    }

    /// Judges the token by [`judge`].
    #[must_use]
    pub fn judge(&self, found: Option<&Session>) -> Verdict {
        judge(
            found,
            &self.presented,
            &self.succession,
            self.settings,
            self.now,
        )
    }
}

#[cfg(test)]
mod tests;
