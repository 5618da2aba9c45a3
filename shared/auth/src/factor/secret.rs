//! Secrets of authenticator apps outside of their seal: users who move bring theirs along.

use std::fmt;
use std::ops::RangeInclusive;

use api::{Error, Id, Timestamp};
use totp_rs::Secret;

use super::Factor;
use super::recovery::{COUNT, Recovery};
use crate::keys::Keys;
use crate::sealing::Purpose;

/// The lengths that a secret may have, in bytes: from 160 bits (RFC 4226, section 4) to 512.
const LENGTHS: RangeInclusive<usize> = 20..=64;

/// The secret of an authenticator app.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret(Vec<u8>);

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret")
    }
}

impl TotpSecret {
    /// Reads a secret in base32, whatever its case, spaces and padding; `None` for any other text and for other lengths.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.replace(' ', "").to_ascii_uppercase();
        let text = text.trim_end_matches('=');
        let secret = Secret::try_from_base32(text).ok()?;
        // A letter too few or too many leaves bits that belong to no byte.
        let is_whole = secret.to_base32() == text;
        let bytes = secret.as_bytes();
        (is_whole && LENGTHS.contains(&bytes.len())).then(|| Self(bytes.to_vec()))
    }

    /// The secret in base32.
    #[must_use]
    pub fn base32(&self) -> String {
        Secret::new(self.0.clone().into_boxed_slice()).to_base32()
    }
}

impl Factor {
    /// The secret outside of its seal; `None` where the keys do not open it.
    #[must_use]
    pub fn unsealed(&self, keys: &Keys) -> Option<TotpSecret> {
        self.open(keys).map(TotpSecret)
    }

    /// The factor of a user who comes with a secret: it is confirmed. No recovery code of it is left, since nobody has seen one.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn brought(
        keys: &Keys,
        (user, secret): (Id, &TotpSecret),
        (nonce, now): ([u8; 12], Timestamp),
    ) -> Result<Self, Error> {
        let recovery = Recovery::next(keys, None, now)?;
        Ok(Self {
            user,
            secret: keys.seal((Purpose::Totp, &Self::key(user)), &secret.0, nonce)?,
            pending_until: None,
            last_step: 0,
            recovery: Some(Recovery {
                used: (0..COUNT).collect(),
                ..recovery
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use api::settings::Auth;

    use super::super::{Typed, Used};
    use super::*;
    use crate::sample::sealing_keys;

    /// The secret of RFC 6238, appendix B.
    const TEXT: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn a_secret_is_base32_of_enough_bits() {
        let secret = TotpSecret::read(TEXT).expect("a secret");
        assert_eq!(
            (secret.0.as_slice(), secret.base32().as_str()),
            (&b"12345678901234567890"[..], TEXT)
        );
        assert_eq!(format!("{secret:?}"), "TotpSecret");
        let spaced = format!(" {} {} ", &TEXT[..16], &TEXT[16..]);
        for typed in [TEXT.to_lowercase(), spaced, format!("{TEXT}====")] {
            assert_eq!(TotpSecret::read(&typed), Some(secret.clone()), "{typed}");
        }
        let long = TotpSecret::read(&TEXT.repeat(3)).expect("60 bytes");
        assert_eq!(long.base32(), TEXT.repeat(3));
        for wrong in [
            "",
            "=",
            &TEXT[..31],
            &format!("{TEXT}A"),
            &TEXT.replace('G', "1"),
            &TEXT.replace('G', "!"),
            &TEXT.replace('G', "ä"),
            &TEXT.repeat(4),
        ] {
            assert_eq!(TotpSecret::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn who_brings_a_secret_has_its_codes_and_no_recovery_code() {
        let now = Timestamp::from_millis(59_000);
        let (keys, user) = (sealing_keys(&[1]), Id::new(now, [1; 10]));
        for (text, code) in [(TEXT.to_owned(), Some("287082")), (TEXT.repeat(2), None)] {
            let secret = TotpSecret::read(&text).expect("a secret");
            let brought = Factor::brought(&keys, (user, &secret), ([9; 12], now));
            let brought = brought.expect("sealed");
            assert!(brought.is_confirmed() && !brought.secret.contains(&text));
            assert_eq!(brought.recovery_left(), 0);
            assert_eq!(brought.unsealed(&keys), Some(secret));
            assert_eq!(brought.unsealed(&sealing_keys(&[2])), None);
            let moved = Factor {
                user: Id::new(now, [2; 10]),
                ..brought.clone()
            };
            assert_eq!(moved.unsealed(&keys), None, "it is sealed for its user");
            if let Some(code) = code {
                let used = brought.judge(&keys, Typed::Code(code), &Auth::default(), now);
                assert_eq!(used, Some(Used::Step(1)));
            }
            let wrong = brought.judge(&keys, Typed::Code("000000"), &Auth::default(), now);
            assert_eq!(wrong, None);
        }
        assert!(
            Factor::brought(
                &sealing_keys(&[]),
                (user, &TotpSecret(vec![7; 20])),
                ([9; 12], now)
            )
            .is_err()
        );
    }
}
