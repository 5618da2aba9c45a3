//! Flows: the handle of what a stranger has asked for. A code works together with its flow alone, and so only where it was
//! asked for (ASVS 5.0, 6.6.2).

use api::{Error, Id, Timestamp, value};
use serde::{Deserialize, Serialize};

use super::{Place, Purpose, Subject};
use crate::keys::Keys;
use crate::sealing;

/// A flow as its handle says it. The handle has the same form for every address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The use.
    pub purpose: Purpose,
    /// The id of its item.
    pub id: Id,
    /// The pseudonym of the address, by which mails to it are counted.
    pub account: String,
    /// Until when the handle is good.
    pub until: Timestamp,
}

/// The content of a handle.
#[derive(Serialize, Deserialize)]
struct Content {
    id: Id,
    account: String,
    until: u64,
}

impl Flow {
    /// The key of its item.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            purpose: self.purpose,
            subject: Subject::Flow(self.id),
        }
    }

    /// The handle that the caller gets.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn seal(&self, keys: &Keys, nonce: [u8; 12]) -> Result<String, Error> {
        let content = Content {
            id: self.id,
            account: self.account.clone(),
            until: self.until.seconds(),
        };
        let text = serde_json::to_vec(&content);
        let text = text.map_err(|error| Error::internal(error.to_string()))?;
        keys.seal(
            (sealing::Purpose::Flow, self.purpose.as_str()),
            &text,
            nonce,
        )
    }

    /// The flow of a handle of this purpose that is good now.
    #[must_use]
    pub fn open(keys: &Keys, purpose: Purpose, handle: &str, now: Timestamp) -> Option<Self> {
        let text = keys.unseal((sealing::Purpose::Flow, purpose.as_str()), handle)?;
        let content: Content = value::known(&text)?;
        let until = Timestamp::from_millis(content.until.checked_mul(1000)?);
        (now < until).then_some(Self {
            purpose,
            id: content.id,
            account: content.account,
            until,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sample::sealing_keys;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    #[test]
    fn a_handle_opens_for_its_purpose_until_it_ends() {
        let keys = sealing_keys(&[1]);
        let flow = Flow {
            purpose: Purpose::PasswordReset,
            id: Id::new(NOW, [1; 10]),
            account: keys.pseudonym("account", "a@b"),
            until: NOW.after(Duration::from_secs(60)),
        };
        let handle = flow.seal(&keys, [2; 12]).expect("sealed");
        assert!(handle.len() <= 512, "{}", handle.len());
        let open = |purpose, seconds| {
            Flow::open(
                &keys,
                purpose,
                &handle,
                NOW.after(Duration::from_secs(seconds)),
            )
        };
        assert_eq!(open(Purpose::PasswordReset, 59), Some(flow));
        assert_eq!(open(Purpose::PasswordReset, 60), None);
        assert_eq!(open(Purpose::MagicLink, 0), None);
        assert_eq!(Flow::open(&keys, Purpose::PasswordReset, "x", NOW), None);
    }
}
