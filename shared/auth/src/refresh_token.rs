//! Refresh tokens: opaque to the client, verifiable by the server without a table.
//!
//! A token is base64url of `version ‖ user ‖ session ‖ generation ‖ secret ‖ tag`. The tag is an HMAC over the rest, so
//! garbage is refused without reading a table. The secret is 256 random bits, of which the table keeps a hash.

use api::{Code, Error, Id};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac};

use crate::keys::{Keys, no_key};

const VERSION: u8 = 1;
/// Bytes before the tag: version, two ids, the generation, the secret.
const BODY: usize = 1 + 16 + 16 + 4 + 32;
const TAG: usize = 32;

/// The content of a refresh token whose tag was made here.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The user.
    pub user: Id,
    /// The session.
    pub session: Id,
    /// How often the session was refreshed before: 0 at login.
    pub generation: u32,
    secret: [u8; 32],
}

impl RefreshToken {
    /// The first token of a session.
    #[must_use]
    pub fn first(user: Id, session: Id, secret: [u8; 32]) -> Self {
        Self {
            user,
            session,
            generation: 0,
            secret,
        }
    }

    /// Reads a token; refuses a text that was not made with one of these keys.
    ///
    /// # Errors
    /// `auth/invalid-refresh-token`, the one answer to every problem.
    pub fn open(keys: &Keys, token: &str) -> Result<Self, Error> {
        Self::parse(keys, token).ok_or_else(|| Code::InvalidRefreshToken.into())
    }

    fn parse(keys: &Keys, token: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .filter(|bytes| bytes.len() == BODY + TAG)?;
        let (body, tag) = bytes.split_at_checked(BODY)?;
        keys.held()
            .tags
            .iter()
            .find(|key| hmac::verify(key, body, tag).is_ok())?;
        let (version, rest) = body.split_first()?;
        let (user, rest) = rest.split_first_chunk::<16>()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let (generation, rest) = rest.split_first_chunk::<4>()?;
        (*version == VERSION).then_some(Self {
            user: Id::from_bytes(*user)?,
            session: Id::from_bytes(*session)?,
            generation: u32::from_be_bytes(*generation),
            secret: rest.try_into().ok()?,
        })
    }

    /// The token as the client gets it.
    ///
    /// # Errors
    /// `common/internal` without a signing key.
    pub fn seal(&self, keys: &Keys) -> Result<String, Error> {
        let mut bytes = self.body();
        let held = keys.held();
        let key = held.tags.first().ok_or_else(no_key)?;
        let tag = hmac::sign(key, &bytes);
        bytes.extend_from_slice(tag.as_ref());
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The hash that the table keeps: the SHA-256 of everything but the tag, in base64url.
    #[must_use]
    pub fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &self.body()))
    }

    /// The next token of the session, with a fresh secret.
    #[must_use]
    pub fn next(&self, secret: [u8; 32]) -> Self {
        Self {
            generation: self.generation.saturating_add(1),
            secret,
            ..self.clone()
        }
    }

    /// The next token of the session, the same for every client that has this token and knows `key`. A client that lost
    /// the reply gets the same token again, and nothing readable is stored meanwhile.
    #[must_use]
    pub fn derived_next(&self, key: &[u8]) -> Self {
        let own = hmac::Key::new(hmac::HMAC_SHA256, &self.secret);
        let mut secret = [0; 32];
        secret.copy_from_slice(hmac::sign(&own, &[b"successor:", key].concat()).as_ref());
        self.next(secret)
    }

    fn body(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BODY + TAG);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.user.bytes());
        bytes.extend_from_slice(&self.session.bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.secret);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use api::Timestamp;

    use super::*;

    fn keys(prefix: &str) -> Keys {
        Keys::new(prefix, b"a-secret-for-tests-of-32-bytes-or-more", None).expect("keys")
    }

    fn token() -> RefreshToken {
        let id = |n| Id::new(Timestamp::from_millis(1_790_000_000_000), [n; 10]);
        RefreshToken::first(id(1), id(2), [3; 32])
    }

    #[test]
    fn a_token_comes_back_as_it_went() {
        let keys = keys("local-");
        let sealed = token().seal(&keys).expect("sealed");
        assert!(RefreshToken::open(&keys, &sealed).is_ok_and(|opened| opened == token()));
    }

    #[test]
    fn any_changed_character_is_refused() {
        let keys = keys("local-");
        let sealed = token().seal(&keys).expect("sealed");
        for at in 0..sealed.len() {
            let other = if sealed.as_bytes()[at] == b'A' {
                "B"
            } else {
                "A"
            };
            let mut forged = sealed.clone();
            forged.replace_range(at..=at, other);
            assert!(RefreshToken::open(&keys, &forged).is_err(), "at {at}");
        }
        for forged in [
            "",
            "x",
            &sealed[1..],
            &format!("{sealed}A"),
            &format!("{sealed}="),
            &format!(" {sealed}"),
        ] {
            assert!(RefreshToken::open(&keys, forged).is_err(), "{forged}");
        }
    }

    #[test]
    fn another_deployment_with_the_same_secret_refuses_it() {
        let sealed = token().seal(&keys("local-")).expect("sealed");
        assert!(RefreshToken::open(&keys("other-"), &sealed).is_err());
    }

    #[test]
    fn a_derived_successor_is_the_same_for_the_same_key_only() {
        let (a, b) = (
            token().derived_next(b"key-a"),
            token().derived_next(b"key-b"),
        );
        assert!(a == token().derived_next(b"key-a") && a != b && a.generation == 1);
        assert_ne!(a.hash(), b.hash());
        assert_ne!(a.hash(), token().hash());
    }
}
