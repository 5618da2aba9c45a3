//! States: a sign-in that has begun, sealed and handed to the browser. Nothing is stored.
//!
//! The cookie ties it to the browser. Our verifier and nonce follow from the id and the cookie, so the state has neither.

use std::time::Duration;

use api::{Error, Id, Timestamp, value};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::keys::Keys;
use crate::sealing::Purpose;

/// The lifetime of a state, and of its cookie.
pub const LIFETIME: Duration = Duration::from_secs(600);

/// The characters of a state that its cookie is named by: the last ones, which no other state has.
const NAMED_BY: usize = 8;

/// A sign-in that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The address of the app.
    pub redirect: String,
    /// The challenge of the app's verifier.
    pub challenge: String,
    /// The hash of the cookie.
    pub cookie: String,
    /// The id, which is used once.
    pub id: Id,
    /// Until when it is good, in seconds.
    pub until: u64,
}

/// The browser that a sign-in has begun in, by the content of its cookie.
#[derive(Clone, PartialEq, Eq)]
pub struct Browser(String);

/// A sign-in that begins.
pub struct Begun {
    /// The state.
    pub state: State,
    /// The browser.
    pub browser: Browser,
}

impl Browser {
    /// A browser by the content of its cookie.
    #[must_use]
    pub fn of(cookie: &str) -> Self {
        Self(cookie.to_owned())
    }

    /// The content of the cookie.
    #[must_use]
    pub fn cookie(&self) -> &str {
        &self.0
    }

    /// Our verifier of a sign-in (RFC 7636, section 4.1).
    #[must_use]
    pub fn verifier(&self, state: &State) -> String {
        self.derive("verifier", state)
    }

    /// The nonce of a sign-in (OpenID Connect Core, section 3.1.2.1).
    #[must_use]
    pub fn nonce(&self, state: &State) -> String {
        self.derive("nonce", state)
    }

    fn derive(&self, purpose: &str, state: &State) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes());
        let tag = hmac::sign(&key, format!("{purpose}\0{}", state.id).as_bytes());
        URL_SAFE_NO_PAD.encode(tag)
    }
}

impl Begun {
    /// Begins a sign-in for an app.
    #[must_use]
    pub fn new(redirect: &str, challenge: &str, id: Id, random: [u8; 32], now: Timestamp) -> Self {
        let browser = Browser(URL_SAFE_NO_PAD.encode(random));
        Self {
            state: State {
                redirect: redirect.to_owned(),
                challenge: challenge.to_owned(),
                cookie: hash(&browser.0),
                id,
                until: now.after(LIFETIME).seconds(),
            },
            browser,
        }
    }
}

impl State {
    /// The text that goes to the provider and comes back. No other provider's answer opens it.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn seal(&self, keys: &Keys, provider: &str, nonce: [u8; 12]) -> Result<String, Error> {
        let text = serde_json::to_vec(self).map_err(|error| Error::internal(error.to_string()))?;
        keys.seal((Purpose::ProviderState, provider), &text, nonce)
    }

    /// The state of a text of this provider that is good now.
    #[must_use]
    pub fn open(keys: &Keys, provider: &str, text: &str, now: Timestamp) -> Option<Self> {
        let bytes = keys.unseal((Purpose::ProviderState, provider), text)?;
        let state: Self = value::known(&bytes)?;
        (now.seconds() < state.until).then_some(state)
    }

    /// Whether it began in this browser.
    #[must_use]
    pub fn is_of(&self, browser: &Browser) -> bool {
        self.cookie == hash(&browser.0)
    }
}

/// The part of a state that its cookie is named by.
#[must_use]
pub fn cookie_part(state: &str) -> &str {
    let start = state.len().saturating_sub(NAMED_BY);
    state.get(start..).unwrap_or_default()
}

/// The SHA-256 of a text in base64url: the challenge of a verifier (RFC 7636, section 4.2).
pub(super) fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::deployment_keys;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn begun(seed: u8) -> Begun {
        let challenge = "c".repeat(43);
        Begun::new(
            "https://a.example/cb",
            &challenge,
            Id::new(NOW, [seed; 10]),
            [seed; 32],
            NOW,
        )
    }

    #[test]
    fn a_state_opens_for_its_provider_until_its_time_is_over() {
        let keys = deployment_keys("a-", &[1]);
        let state = begun(1).state;
        let text = state.seal(&keys, "google", [9; 12]).expect("sealed");
        let at = |seconds| NOW.after(Duration::from_secs(seconds));
        assert_eq!(State::open(&keys, "google", &text, at(599)), Some(state));
        assert_eq!(State::open(&keys, "google", &text, at(600)), None);
        assert_eq!(State::open(&keys, "github", &text, NOW), None);
        assert_eq!(
            State::open(&deployment_keys("b-", &[1]), "google", &text, NOW),
            None
        );
        assert_eq!(State::open(&keys, "google", "", NOW), None);
        assert_eq!(cookie_part(&text).len(), 8);
        assert!(text.ends_with(cookie_part(&text)) && cookie_part("ab") == "ab");
        assert!(text.len() < 900, "{}", text.len());
    }

    #[test]
    fn a_state_is_of_one_browser_and_tells_neither_verifier_nor_nonce() {
        let (one, other) = (begun(1), begun(2));
        assert!(one.state.is_of(&one.browser) && !one.state.is_of(&other.browser));
        assert!(!one.state.is_of(&Browser::of("")));
        let again = Browser::of(one.browser.cookie());
        let (verifier, nonce) = (again.verifier(&one.state), again.nonce(&one.state));
        assert_eq!(verifier, one.browser.verifier(&one.state));
        assert_eq!((verifier.len(), nonce.len()), (43, 43));
        assert!(verifier != nonce && verifier != other.browser.verifier(&one.state));
        assert_ne!(verifier, one.browser.verifier(&other.state));
        let text = serde_json::to_string(&one.state).expect("JSON");
        for secret in [verifier.as_str(), nonce.as_str(), one.browser.cookie()] {
            assert!(!text.contains(secret));
        }
    }

    #[test]
    fn a_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(
            hash(verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
