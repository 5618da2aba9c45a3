//! Tickets: an account at a provider, sealed for the app that holds the verifier. Nothing is stored.

use std::time::Duration;

use api::{Code, Error, Id, Timestamp, value};
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::Found;
use super::state::hash;
use crate::keys::Keys;
use crate::sealing::Purpose;

/// The lifetime of a ticket.
const LIFETIME: Duration = Duration::from_secs(60);

/// The most bytes of its text.
const MAX_TEXT: usize = 2048;

/// The subject of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proven {
    /// An account at a provider.
    #[serde(rename = "a")]
    Account(Found),
    /// A link of a mail that signs in, which is not used up yet.
    #[serde(rename = "m")]
    Mail(String),
}

/// The proof of an account at a provider, or of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderTicket {
    /// The account or the mailbox.
    #[serde(rename = "p")]
    pub proven: Proven,
    /// The session that begins by it, so that it is good once.
    #[serde(rename = "s")]
    pub session: Id,
    /// The challenge of the app's verifier.
    #[serde(rename = "c")]
    challenge: String,
    /// Until when it is good, in seconds.
    #[serde(rename = "u")]
    until: u64,
}

impl ProviderTicket {
    /// The ticket for the app with this challenge.
    #[must_use]
    pub fn new(proven: Proven, session: Id, challenge: &str, now: Timestamp) -> Self {
        Self {
            proven,
            session,
            challenge: challenge.to_owned(),
            until: now.after(LIFETIME).seconds(),
        }
    }

    /// The code for the app. A profile that does not fit is left out.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn seal(&self, keys: &Keys, nonce: [u8; 12]) -> Result<String, Error> {
        let seal = |ticket: &Self| {
            let text = serde_json::to_vec(ticket);
            let text = text.map_err(|error| Error::internal(error.to_string()))?;
            keys.seal((Purpose::ProviderCode, ""), &text, nonce)
        };
        let code = seal(self)?;
        if code.len() <= MAX_TEXT {
            return Ok(code);
        }
        let mut bare = self.clone();
        if let Proven::Account(found) = &mut bare.proven {
            found.profile = Map::new();
        }
        seal(&bare)
    }

    /// The account at a provider.
    ///
    /// # Errors
    /// `auth/invalid-oauth-code` for a ticket of a mail.
    pub fn account(&self) -> Result<&Found, Error> {
        match &self.proven {
            Proven::Account(found) => Ok(found),
            Proven::Mail(_) => Err(Code::InvalidOauthCode.into()),
        }
    }

    /// The ticket of a code that is good now, to the holder of its verifier.
    ///
    /// # Errors
    /// `auth/invalid-oauth-code` for any other.
    pub fn open(keys: &Keys, code: &str, verifier: &str, now: Timestamp) -> Result<Self, Error> {
        let bytes = keys.unseal((Purpose::ProviderCode, ""), code);
        let ticket: Option<Self> = bytes.and_then(|bytes| value::known(&bytes));
        let is_good = |it: &Self| now.seconds() < it.until && it.challenge == hash(verifier);
        Ok(ticket.filter(is_good).ok_or(Code::InvalidOauthCode)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::deployment_keys;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn found(profile: &str) -> Found {
        Found {
            provider: "p".repeat(32),
            issuer: "i".repeat(200),
            subject: "s".repeat(255),
            email: Some("e".repeat(254)),
            verified: true,
            authoritative: false,
            profile: json!({ "name": profile })
                .as_object()
                .cloned()
                .unwrap_or_default(),
            auth_time: Some(1_790_000_000),
        }
    }

    #[test]
    fn a_code_is_for_the_holder_of_the_verifier_within_a_minute() {
        let keys = deployment_keys("a-", &[1]);
        let (session, verifier) = (Id::new(NOW, [7; 10]), "v".repeat(43));
        let ticket = ProviderTicket::new(
            Proven::Account(found("Ada")),
            session,
            &hash(&verifier),
            NOW,
        );
        let code = ticket.seal(&keys, [9; 12]).expect("sealed");
        let at = |seconds| NOW.after(Duration::from_secs(seconds));
        let open = |code: &str, verifier: &str, now| {
            ProviderTicket::open(&keys, code, verifier, now).map_err(|error| error.code)
        };
        assert_eq!(open(&code, &verifier, at(59)), Ok(ticket));
        let mail = ProviderTicket::new(
            Proven::Mail("t".repeat(512)),
            session,
            &hash(&verifier),
            NOW,
        );
        let by_mail = mail.seal(&keys, [9; 12]).expect("sealed");
        assert_eq!(open(&by_mail, &verifier, NOW), Ok(mail.clone()));
        assert!(mail.account().is_err() && by_mail.len() <= MAX_TEXT);
        let refused = Err(Code::InvalidOauthCode);
        assert_eq!(open(&code, &verifier, at(60)), refused);
        assert_eq!(open(&code, &hash(&verifier), NOW), refused);
        assert_eq!(open(&code, "", NOW), refused);
        assert_eq!(open("", &verifier, NOW), refused);
        assert_eq!(open(&code[1..], &verifier, NOW), refused);
        let state = keys
            .seal((Purpose::ProviderState, ""), b"{}", [9; 12])
            .expect("sealed");
        assert_eq!(open(&state, &verifier, NOW), refused);
    }

    #[test]
    fn the_longest_account_fits_without_its_profile() {
        let keys = deployment_keys("a-", &[1]);
        let make = |profile: &str| {
            let ticket = ProviderTicket::new(
                Proven::Account(found(profile)),
                Id::new(NOW, [7; 10]),
                &"c".repeat(43),
                NOW,
            );
            ticket.seal(&keys, [9; 12]).expect("sealed").len()
        };
        assert!(make("") <= MAX_TEXT && make(&"n".repeat(900)) <= MAX_TEXT);
    }
}
