//! Sealed values: what a table or a caller keeps, and nobody but this deployment opens.
//!
//! A sealed value is base64url of `version ‖ key number ‖ nonce ‖ ciphertext` (AES-256-GCM, NIST SP 800-38D). Its
//! associated data are the purpose, the issuer and the place where it is kept. So a value that was moved to another item,
//! purpose or deployment does not open. A number seals at most 2³² values, since nonces are random: `cargo admin keys add`
//! makes the next one.

use std::fmt;

use api::Error;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, NONCE_LEN, Nonce};

use crate::keys::{Keys, cipher, derive, no_key};

const VERSION: u8 = 1;

/// The use of a sealed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The secret that signs a webhook's deliveries.
    WebhookSecret,
    /// The address of a mail.
    MailAddress,
    /// The values of a mail.
    MailValues,
    /// The handle of a flow.
    Flow,
    /// The token of a link.
    Link,
    /// The secret of an authenticator app.
    Totp,
    /// The token of a sign-in that waits for the second factor.
    Challenge,
    /// The token of a sign-in that waits for a second factor to be made.
    Enrolment,
    /// The state of a registration of a passkey.
    PasskeyRegistration,
    /// The state of a sign-in by a passkey.
    PasskeySignIn,
    /// The secret of a provider.
    ProviderSecret,
    /// The state of a sign-in by a provider.
    ProviderState,
    /// The code of a sign-in by a provider, for the app.
    ProviderCode,
    /// The private key of access tokens.
    TokenKey,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WebhookSecret => "webhook-secret",
            Self::MailAddress => "mail-address",
            Self::MailValues => "mail-values",
            Self::Flow => "flow",
            Self::Link => "link",
            Self::Totp => "totp",
            Self::Challenge => "challenge",
            Self::Enrolment => "enrolment",
            Self::PasskeyRegistration => "passkey-registration",
            Self::PasskeySignIn => "passkey-sign-in",
            Self::ProviderSecret => "provider-secret",
            Self::ProviderState => "provider-state",
            Self::ProviderCode => "provider-code",
            Self::TokenKey => "token-key",
        })
    }
}

impl Keys {
    /// Seals a value for a purpose and a place, such as the key of its item. The newest sealing key seals.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn seal(
        &self,
        (purpose, place): (Purpose, &str),
        value: &[u8],
        nonce: [u8; NONCE_LEN],
    ) -> Result<String, Error> {
        let held = self.held();
        let (number, _) = held.sealing.last_key_value().ok_or_else(no_key)?;
        self.seal_by(*number, (purpose, place), value, nonce)
    }

    /// Seals a value by the key of this number.
    pub(crate) fn seal_by(
        &self,
        number: u32,
        (purpose, place): (Purpose, &str),
        value: &[u8],
        nonce: [u8; NONCE_LEN],
    ) -> Result<String, Error> {
        let held = self.held();
        let key = held.sealing.get(&number).ok_or_else(no_key)?;
        let key = cipher(&derive(&self.issuer, key, b"seal")?)?;
        let mut sealed = value.to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(self.bound(purpose, place)),
            &mut sealed,
        )
        .map_err(|_| Error::internal("sealing failed"))?;
        let head = [&[VERSION][..], &number.to_be_bytes(), &nonce].concat();
        Ok(URL_SAFE_NO_PAD.encode([head, sealed].concat()))
    }

    /// Opens a value that was sealed for this purpose and place; `None` for anything else.
    #[must_use]
    pub fn unseal(&self, (purpose, place): (Purpose, &str), sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (number, rest) = split(&bytes)?;
        let held = self.held();
        let key = held.sealing.get(&number)?;
        let key = cipher(&derive(&self.issuer, key, b"seal").ok()?).ok()?;
        let (nonce, content) = rest.split_first_chunk::<NONCE_LEN>()?;
        let mut content = content.to_vec();
        let opened = key.open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(self.bound(purpose, place)),
            &mut content,
        );
        opened.ok().map(|value| value.to_vec())
    }

    /// Seals anew a value that is under an older number than the highest; another stays as it is.
    ///
    /// # Errors
    /// `common/internal` where it does not open, or the deployment has no sealing key.
    pub fn reseal(
        &self,
        place: (Purpose, &str),
        sealed: &str,
        nonce: [u8; NONCE_LEN],
    ) -> Result<String, Error> {
        if self.are_newest(std::iter::once(sealed)) {
            return Ok(sealed.to_owned());
        }
        let value = self.unseal(place, sealed);
        let value = value.ok_or_else(|| Error::internal("a sealed value does not open"))?;
        self.seal(place, &value, nonce)
    }

    /// Whether none of these sealed values is under an older number than the highest.
    #[must_use]
    pub fn are_newest<'v>(&self, mut sealed: impl Iterator<Item = &'v str>) -> bool {
        let highest = self.newest_sealing();
        sealed.all(|sealed| number(sealed) >= highest)
    }

    /// Whether the keys that these sealed values name are here. A text without the form of one names none.
    #[must_use]
    pub fn know<'v>(&self, sealed: impl Iterator<Item = &'v str>) -> bool {
        let mut numbers = sealed.filter_map(number);
        let held = self.held();
        numbers.all(|number| held.sealing.contains_key(&number))
    }

    /// Whether there is a sealing key.
    #[must_use]
    pub fn can_seal(&self) -> bool {
        !self.held().sealing.is_empty()
    }

    /// Purpose, issuer and place. No two of them have the same bytes: neither a purpose nor an issuer has a NUL.
    fn bound(&self, purpose: Purpose, place: &str) -> Vec<u8> {
        format!("{purpose}\0{}\0{place}", self.issuer).into_bytes()
    }
}

/// The number of the key that sealed a value, if it has the form of one.
#[must_use]
pub fn number(sealed: &str) -> Option<u32> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    split(&bytes).map(|(number, _)| number)
}

fn split(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (version, rest) = bytes.split_first()?;
    let (number, rest) = rest.split_first_chunk::<4>()?;
    (*version == VERSION).then_some((u32::from_be_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::deployment_keys as keys;

    const PLACE: (Purpose, &str) = (Purpose::WebhookSecret, "webhook:1");

    #[test]
    fn a_value_opens_where_it_was_sealed_and_nowhere_else() {
        let here = keys("a-", &[1]);
        let sealed = here.seal(PLACE, b"secret", [9; 12]).expect("sealed");
        assert_eq!(here.unseal(PLACE, &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(number(&sealed), Some(1));
        assert!(!sealed.contains("secret"));
        assert_eq!(here.unseal((PLACE.0, "webhook:2"), &sealed), None);
        assert_eq!(here.unseal((PLACE.0, ""), &sealed), None);
        assert_eq!(keys("b-", &[1]).unseal(PLACE, &sealed), None);
        assert_eq!(keys("a-", &[2]).unseal(PLACE, &sealed), None);
        assert_eq!(keys("a-", &[]).unseal(PLACE, &sealed), None);
    }

    #[test]
    fn no_changed_bit_and_no_shorter_value_opens() {
        let keys = keys("a-", &[1]);
        let sealed = keys.seal(PLACE, b"secret", [9; 12]).expect("sealed");
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).expect("bytes");
        for bit in 0..bytes.len() * 8 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(keys.unseal(PLACE, &URL_SAFE_NO_PAD.encode(other)), None);
        }
        for length in 0..bytes.len() {
            let other = URL_SAFE_NO_PAD.encode(&bytes[..length]);
            assert_eq!(keys.unseal(PLACE, &other), None, "{length}");
        }
    }

    #[test]
    fn the_newest_number_seals_and_the_others_open() {
        let old = keys("a-", &[1]);
        let sealed = old.seal(PLACE, b"one", [9; 12]).expect("sealed");
        let both = keys("a-", &[1, 2]);
        assert_eq!(both.unseal(PLACE, &sealed).as_deref(), Some(&b"one"[..]));
        let anew = both.seal(PLACE, b"two", [9; 12]).expect("sealed");
        assert_eq!((number(&sealed), number(&anew)), (Some(1), Some(2)));
        for (keys, sealed, newest, known) in [
            (&old, &sealed, true, true),
            (&old, &anew, true, false),
            (&both, &sealed, false, true),
            (&both, &anew, true, true),
        ] {
            let one = || std::iter::once(&**sealed);
            assert_eq!((keys.are_newest(one()), keys.know(one())), (newest, known));
        }
        let again = both.reseal(PLACE, &sealed, [8; 12]).expect("resealed");
        assert_eq!(both.unseal(PLACE, &again).as_deref(), Some(&b"one"[..]));
        assert_eq!((number(&again), old.unseal(PLACE, &again)), (Some(2), None));
        let kept = both.reseal(PLACE, &again, [7; 12]).expect("kept");
        assert_eq!(kept, again);
        let moved = (PLACE.0, "webhook:2");
        assert!(both.reseal(moved, &sealed, [8; 12]).is_err());
        assert!(both.can_seal() && !keys("a-", &[]).can_seal());
        assert!(keys("a-", &[]).seal(PLACE, b"x", [9; 12]).is_err());
    }
}
