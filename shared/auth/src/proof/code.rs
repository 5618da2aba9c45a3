//! Codes: eight digits of an HMAC.

use ring::hmac;

use super::Ticket;
use crate::keys::{Keys, derive};

/// How many codes there are.
const CODES: u64 = 100_000_000;

/// Whether a text has the form of a code: eight ASCII digits.
#[must_use]
pub fn is_code(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Keys {
    /// The code of a ticket: 64 bits of HMAC-SHA256, modulo, so that every code is as likely as any other (ASVS 5.0, 6.5.4).
    /// `None` where the deployment has no such key.
    #[must_use]
    pub fn code(&self, ticket: &Ticket) -> Option<String> {
        let held = self.held();
        let key = held.sealing.get(&ticket.key)?;
        let key = derive(&self.issuer, key, b"mail-code").ok()?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let text = format!(
            "{}\0{}\0{}",
            ticket.place.purpose.as_str(),
            ticket.place,
            ticket.nonce
        );
        let tag = hmac::sign(&key, text.as_bytes());
        let first = tag.as_ref().first_chunk::<8>()?;
        Some(format!("{:08}", u64::from_be_bytes(*first) % CODES))
    }

    /// Whether a code is that of a ticket, compared in constant time.
    #[must_use]
    pub fn is_code_of(&self, ticket: &Ticket, shown: &str) -> bool {
        // The two are compared by their HMACs, which ring does in constant time.
        let key = hmac::Key::new(hmac::HMAC_SHA256, ticket.nonce.as_bytes());
        self.code(ticket).is_some_and(|code| {
            let tag = hmac::sign(&key, code.as_bytes());
            hmac::verify(&key, shown.as_bytes(), tag.as_ref()).is_ok()
        })
    }

    /// The number of the key that codes of new tickets come from.
    #[must_use]
    pub fn newest_sealing(&self) -> Option<u32> {
        let held = self.held();
        held.sealing.last_key_value().map(|(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use api::{Id, Timestamp};

    use super::super::{Place, Purpose, Subject};
    use super::*;
    use crate::keys::Stored;

    fn keys(prefix: &str, number: u32) -> Keys {
        let sealing = BTreeMap::from([(number, [7; 32])]);
        let stored = Stored {
            current: vec![7; 32],
            sealing,
            ..Stored::default()
        };
        Keys::of(prefix, stored).expect("keys")
    }

    fn ticket(purpose: Purpose, id: u8, nonce: &str) -> Ticket {
        let id = Id::new(Timestamp::from_millis(1_790_000_000_000), [id; 10]);
        let subject = Subject::Flow(id);
        Ticket {
            place: Place { purpose, subject },
            nonce: nonce.to_owned(),
            key: 1,
        }
    }

    #[test]
    fn a_code_follows_from_purpose_item_nonce_key_and_deployment() {
        let here = keys("a-", 1);
        let one = ticket(Purpose::PasswordReset, 1, "n");
        let code = here.code(&one).expect("a code");
        assert!(is_code(&code));
        assert_eq!(here.code(&one), Some(code.clone()), "always the same");
        assert!(here.is_code_of(&one, &code));
        let others = [
            here.code(&ticket(Purpose::MagicLink, 1, "n")),
            here.code(&ticket(Purpose::PasswordReset, 2, "n")),
            here.code(&ticket(Purpose::PasswordReset, 1, "m")),
            keys("b-", 1).code(&one),
        ];
        for other in others {
            assert_ne!(other.as_ref(), Some(&code));
        }
        assert_eq!(keys("a-", 2).code(&one), None);
        let wrong = if code == "00000000" {
            "00000001"
        } else {
            "00000000"
        };
        assert!(!here.is_code_of(&one, wrong) && !here.is_code_of(&one, ""));
    }

    #[test]
    fn codes_are_spread_over_all_of_them() {
        let keys = keys("a-", 1);
        let codes: Vec<String> = (0..2000)
            .filter_map(|n: u32| keys.code(&ticket(Purpose::VerifyEmail, 1, &n.to_string())))
            .collect();
        let different: BTreeSet<&String> = codes.iter().collect();
        assert!(different.len() > 1990, "{}", different.len());
        for place in 0..8 {
            for digit in '0'..='9' {
                let has = |code: &&String| code.chars().nth(place) == Some(digit);
                let count = codes.iter().filter(has).count();
                assert!((120..280).contains(&count), "{place} {digit} {count}");
            }
        }
    }

    #[test]
    fn eight_ascii_digits_have_the_form() {
        assert!(is_code("01234567"));
        for text in [
            "",
            "1234567",
            "123456789",
            "1234 567",
            "1234567a",
            "１２３４５６７８",
        ] {
            assert!(!is_code(text), "{text}");
        }
    }
}
