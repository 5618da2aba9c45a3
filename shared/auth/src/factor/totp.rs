//! Codes of an authenticator app (RFC 6238): six digits by SHA-1, every 30 seconds.

use std::time::Duration;

use api::{Error, Id, Timestamp};
use totp_rs::{Algorithm, Builder, Totp};

use super::Factor;
use crate::keys::Keys;
use crate::sealing::Purpose;

/// For how long a new secret can be confirmed.
pub const SETUP: Duration = Duration::from_secs(600);

const DIGITS: u8 = 6;
const PERIOD: u64 = 30;

/// A secret that its user has to enter into an authenticator app.
pub struct Enrolment {
    /// The secret in base32: 160 bits (RFC 4226, section 4).
    pub secret: String,
    /// The same as an `otpauth:` address.
    pub uri: String,
}

impl Factor {
    /// A new factor that waits to be confirmed, and the secret, which leaves the service this once.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn pending(
        keys: &Keys,
        (user, email): (Id, &str),
        app: &str,
        (secret, nonce): ([u8; 20], [u8; 12]),
        now: Timestamp,
    ) -> Result<(Self, Enrolment), Error> {
        let place = Self::key(user);
        let pending = Self {
            user,
            secret: keys.seal((Purpose::Totp, &place), &secret, nonce)?,
            pending_until: Some(now.after(SETUP)),
            last_step: 0,
            recovery: None,
        };
        // A colon parts the two names of the address.
        let app = app.replace(':', " ");
        let totp = builder(&secret, 0)
            .with_issuer(Some(app))
            .with_account_name(email.replace(':', " "))
            .build()
            .map_err(|error| Error::internal(format!("an enrolment: {error}")))?;
        let uri = totp.to_url();
        let enrolment = Enrolment {
            secret: totp.secret().to_base32(),
            uri: uri.map_err(|error| Error::internal(format!("an enrolment: {error}")))?,
        };
        Ok((pending, enrolment))
    }

    /// The secret; `None` where the keys do not open it.
    pub(super) fn open(&self, keys: &Keys) -> Option<Vec<u8>> {
        let place = Self::key(self.user);
        keys.unseal((Purpose::Totp, &place), &self.secret)
    }
}

fn builder(secret: &[u8], skew: u16) -> Builder {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS)
        .with_step_duration(PERIOD)
        .with_skew(skew)
        .with_secret(secret.to_vec().into_boxed_slice())
}

/// The step whose code this is, within `skew` steps of now. Spaces around are cut; anything but six digits is none.
pub(super) fn step(secret: &[u8], code: &str, skew: u32, now: Timestamp) -> Option<u64> {
    let code = code.trim_matches(' ');
    let has_form = code.len() == usize::from(DIGITS) && code.bytes().all(|b| b.is_ascii_digit());
    if !has_form {
        return None;
    }
    let totp: Totp = builder(secret, u16::try_from(skew).ok()?).build_noncompliant();
    totp.check(code, now.seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, with SHA-1; the last six of its eight digits.
    #[test]
    fn the_vectors_of_the_standard_hold() {
        let secret = b"12345678901234567890";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = Timestamp::from_millis(seconds * 1000);
            assert_eq!(step(secret, code, 0, now), Some(seconds / 30), "{seconds}");
            let other = Timestamp::from_millis((seconds + 30) * 1000);
            assert_eq!(step(secret, code, 0, other), None);
            assert_eq!(step(secret, code, 1, other), Some(seconds / 30));
        }
    }

    #[test]
    fn a_code_is_six_digits() {
        let secret = b"12345678901234567890";
        let now = Timestamp::from_millis(59_000);
        assert_eq!(step(secret, " 287082 ", 0, now), Some(1));
        for code in [
            "",
            "28708",
            "2870820",
            "287 082",
            "2 8708",
            "２８７０８２",
            "287082\n",
            "+28708",
        ] {
            assert_eq!(step(secret, code, 1, now), None, "{code:?}");
        }
    }
}
