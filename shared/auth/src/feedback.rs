//! Feedback of SES about the mails that were sent: bounces and complaints.

use api::value;

use crate::email;

/// A failure of a mail, as SES tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// The addresses that it concerns, normalised.
    pub addresses: Vec<String>,
    /// Whether a reader has complained; otherwise the mail has bounced for good.
    pub complaint: bool,
}

impl Feedback {
    /// Reads a message of SNS; `None` for a bounce that passes, and for anything else.
    #[must_use]
    pub fn read(message: &str) -> Option<Self> {
        let told = value::parse(message).ok()?;
        let (complaint, recipients) = match told["eventType"].as_str()? {
            "Bounce" if told["bounce"]["bounceType"] == "Permanent" => {
                (false, &told["bounce"]["bouncedRecipients"])
            }
            "Complaint" => (true, &told["complaint"]["complainedRecipients"]),
            _ => return None,
        };
        let addresses = recipients.as_array()?.iter();
        let addresses = addresses.filter_map(|it| it["emailAddress"].as_str());
        let addresses = addresses.filter_map(|it| email::normalise(bare(it)).ok());
        Some(Self {
            addresses: addresses.collect(),
            complaint,
        })
    }
}

/// The address alone, of one that may have a name.
fn bare(text: &str) -> &str {
    let inner = text.rsplit_once('<').map(|(_, rest)| rest);
    inner
        .and_then(|rest| rest.strip_suffix('>'))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(message: &Value) -> Option<(Vec<String>, bool)> {
        let feedback = Feedback::read(&message.to_string())?;
        Some((feedback.addresses, feedback.complaint))
    }

    #[test]
    fn bounces_for_good_and_complaints_concern_their_readers() {
        let to = |address: &str| json!([{ "emailAddress": address }]);
        let bounce = |kind: &str, address: &str| json!({ "eventType": "Bounce", "bounce": { "bounceType": kind, "bouncedRecipients": to(address) } });
        let complaint = json!({ "eventType": "Complaint", "complaint": { "complainedRecipients": to("a@b.example") } });
        let ada = || vec!["a@b.example".to_owned()];
        for (message, expected) in [
            (bounce("Permanent", "A@b.example"), Some((ada(), false))),
            (
                bounce("Permanent", "Ada <a@b.example>"),
                Some((ada(), false)),
            ),
            (bounce("Permanent", "nobody"), Some((vec![], false))),
            (bounce("Transient", "a@b.example"), None),
            (bounce("Undetermined", "a@b.example"), None),
            (complaint, Some((ada(), true))),
            (json!({ "eventType": "Delivery" }), None),
            (json!({ "eventType": "Bounce" }), None),
            (json!("text"), None),
        ] {
            assert_eq!(read(&message), expected, "{message}");
        }
    }
}
