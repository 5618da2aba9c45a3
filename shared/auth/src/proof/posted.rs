//! Proofs that were asked for, as `_mail` keeps them. Nothing in them can be read without the sealing keys.

use api::settings::Auth;
use api::{Error, Timestamp, value};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Account, Ends, Link, Page, Place, Ticket, mask};
use crate::keys::{Keys, no_key};
use crate::sealing::Purpose as Seal;

/// The random bytes of a proof: its nonce, and those of the two values that it seals.
pub type Random = [u8; 40];

/// How far the mail has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is to be sent.
    Due,
    /// It is being sent: from here on its code and its link are good.
    Sending,
    /// It was sent.
    Sent,
    /// It is never sent.
    Dropped,
}

impl State {
    /// Every state.
    const ALL: [Self; 4] = [Self::Due, Self::Sending, Self::Sent, Self::Dropped];

    /// The name in items.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Dropped => "dropped",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// The wishes of a request about a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The public address of the API, which links lead to.
    pub origin: String,
    /// The language.
    pub locale: Option<String>,
    /// The address of the app to lead to afterwards.
    pub redirect: Option<String>,
    /// The challenge of the app that gets a code there (RFC 7636).
    pub challenge: Option<String>,
}

/// A proof that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The item, its nonce and its key.
    pub ticket: Ticket,
    /// Until when code and link are good.
    pub ends: Ends,
    /// How often the code was tried.
    pub tries: u32,
    /// The address, sealed.
    pub address: String,
    /// The values that come back when the address is proven, sealed.
    pub values: Option<String>,
    /// The wishes.
    pub wishes: Wishes,
    /// When the mail was last asked for.
    pub asked_at: Timestamp,
    /// How far the mail has come.
    pub state: State,
    /// The account that the proof is for: known at once where its user has asked, else when the mail is sent.
    pub account: Option<Account>,
    /// Whether the mail told of an account instead: the proof proves nothing.
    pub is_void: bool,
}

impl Posted {
    /// A new proof of an address, which the newest sealing key seals.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn new(
        keys: &Keys,
        place: Place,
        address: &str,
        wishes: Wishes,
        random: Random,
        (settings, now): (&Auth, Timestamp),
    ) -> Result<Self, Error> {
        let (nonce, seal) = parts(&random);
        let key = keys.newest_sealing().ok_or_else(no_key)?;
        let at = place.to_string();
        Ok(Self {
            ticket: Ticket { place, nonce, key },
            ends: place.purpose.ends(settings, now),
            tries: 0,
            address: keys.seal((Seal::MailAddress, &at), address.as_bytes(), seal)?,
            values: None,
            wishes,
            asked_at: now,
            state: State::Due,
            account: None,
            is_void: false,
        })
    }

    /// The same, for the account of the user who asks.
    #[must_use]
    pub fn of(self, account: Account) -> Self {
        Self {
            account: Some(account),
            ..self
        }
    }

    /// The same with values that come back when the address is proven.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn with(
        self,
        keys: &Keys,
        values: &impl Serialize,
        random: &Random,
    ) -> Result<Self, Error> {
        let text = serde_json::to_vec(values);
        let text = text.map_err(|error| Error::internal(error.to_string()))?;
        let at = self.ticket.place.to_string();
        let nonce = random.last_chunk::<12>().copied().unwrap_or_default();
        let sealed = keys.seal((Seal::MailValues, &at), &text, nonce)?;
        Ok(Self {
            values: Some(sealed),
            ..self
        })
    }

    /// The nonce and the ends of a proof that takes the place of one whose code has expired.
    #[must_use]
    pub fn renewal(
        place: Place,
        random: &Random,
        settings: &Auth,
        now: Timestamp,
    ) -> (String, Ends) {
        (parts(random).0, place.purpose.ends(settings, now))
    }

    /// The address; `None` where the keys do not open it.
    #[must_use]
    pub fn open_address(&self, keys: &Keys) -> Option<String> {
        let at = self.ticket.place.to_string();
        let bytes = keys.unseal((Seal::MailAddress, &at), &self.address)?;
        String::from_utf8(bytes).ok()
    }

    /// The values; `None` where there are none, or the keys do not open them.
    #[must_use]
    pub fn open_values<T: DeserializeOwned>(&self, keys: &Keys) -> Option<T> {
        let at = self.ticket.place.to_string();
        let bytes = keys.unseal((Seal::MailValues, &at), self.values.as_deref()?)?;
        value::known(&bytes)
    }

    /// The texts that the sealing keys have to open.
    pub fn sealed(&self) -> impl Iterator<Item = &str> + Clone {
        std::iter::once(self.address.as_str()).chain(self.values.as_deref())
    }

    /// The token of its link; `None` where the deployment has no such key.
    #[must_use]
    pub fn link(&self, keys: &Keys, address: &str, locale: &str) -> Option<String> {
        keys.link(&Link {
            ticket: self.ticket.clone(),
            until: self.ends.link,
            page: Page {
                masked: mask(address),
                locale: locale.to_owned(),
                redirect: self.wishes.redirect.clone(),
                leads_back: self.wishes.challenge.is_some(),
            },
        })
    }

    /// Whether it can prove anything: its mail was under way, and told of no account.
    #[must_use]
    pub fn was_sent(&self) -> bool {
        matches!(self.state, State::Sending | State::Sent) && !self.is_void
    }

    /// Whether this code proves the address now; the try was counted before.
    #[must_use]
    pub fn is_proven_by_code(&self, keys: &Keys, code: &str, now: Timestamp) -> bool {
        self.was_sent() && now < self.ends.code && keys.is_code_of(&self.ticket, code)
    }

    /// Whether this link proves the address now.
    #[must_use]
    pub fn is_proven_by_link(&self, link: &Link, now: Timestamp) -> bool {
        self.was_sent() && now < self.ends.link && link.ticket == self.ticket
    }
}

/// The text of the nonce, and the nonce that seals the address.
fn parts(random: &Random) -> (String, [u8; 12]) {
    let nonce = URL_SAFE_NO_PAD.encode(random.first_chunk::<16>().copied().unwrap_or_default());
    let seal = random.get(16..28).and_then(|part| part.try_into().ok());
    (nonce, seal.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use api::Id;

    use super::super::{Purpose, Subject};
    use super::*;
    use crate::sample::sealing_keys;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn keys() -> Keys {
        sealing_keys(&[1])
    }

    fn posted(byte: u8, state: State) -> Posted {
        let place = Place {
            purpose: Purpose::PasswordReset,
            subject: Subject::Flow(Id::new(NOW, [byte; 10])),
        };
        let settings = Auth::default();
        let made = Posted::new(
            &keys(),
            place,
            "a@b",
            Wishes::default(),
            [byte; 40],
            (&settings, NOW),
        );
        let made = made.and_then(|it| it.with(&keys(), &["x"], &[byte; 40]));
        Posted {
            state,
            ..made.expect("made")
        }
    }

    #[test]
    fn address_and_values_are_sealed_for_their_item() {
        let (one, other) = (posted(1, State::Due), posted(2, State::Due));
        assert_eq!(one.open_address(&keys()).as_deref(), Some("a@b"));
        assert_eq!(
            one.open_values::<Vec<String>>(&keys()),
            Some(vec!["x".to_owned()])
        );
        assert!(one.sealed().all(|text| !text.contains("a@b")));
        let moved = Posted {
            address: one.address.clone(),
            ..other
        };
        assert_eq!(moved.open_address(&keys()), None);
    }

    #[test]
    fn code_and_link_are_good_from_the_sending_to_their_end() {
        let keys = keys();
        for (state, is_void, good) in [
            (State::Due, false, false),
            (State::Sending, false, true),
            (State::Sent, false, true),
            (State::Sent, true, false),
            (State::Dropped, false, false),
        ] {
            let one = Posted {
                is_void,
                ..posted(1, state)
            };
            let code = keys.code(&one.ticket).expect("a code");
            let token = one.link(&keys, "a@b", "en").expect("a token");
            let link = Link::open(&keys, &token, NOW).expect("a link");
            let at = |seconds| NOW.after(Duration::from_secs(seconds));
            assert_eq!(
                one.is_proven_by_code(&keys, &code, at(599)),
                good,
                "{state:?}"
            );
            assert!(!one.is_proven_by_code(&keys, &code, at(600)));
            assert_eq!(one.is_proven_by_link(&link, at(1799)), good, "{state:?}");
            assert!(!one.is_proven_by_link(&link, at(1800)));
            let renewed = posted(2, state);
            assert!(!renewed.is_proven_by_code(&keys, &code, NOW));
            assert!(!renewed.is_proven_by_link(&link, NOW));
        }
    }

    #[test]
    fn states_have_names() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
        assert_eq!(State::parse("lost"), None);
    }
}
