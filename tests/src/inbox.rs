//! The mails that a deployment has sent, as the emulator of AWS shows them.

use serde_json::Value;

use crate::client::Caller;

/// An inbox that has the mails to every address.
#[derive(Debug)]
pub struct Inbox {
    url: String,
}

impl Inbox {
    pub(crate) fn at(url: String) -> Self {
        Self { url }
    }

    /// The subject and the plain text of each mail to an address, in the order in which they came.
    ///
    /// # Panics
    /// The inbox does not answer.
    #[must_use]
    pub fn texts_to(&self, address: &str) -> Vec<String> {
        let (host, path) = self.url.split_at(self.url.find("/_").expect("a path"));
        let all = Caller::stranger(host, None).get(path).expect(200).json();
        let accounts = all["messages"].as_object().expect("mails by account");
        let mails = accounts.values().filter_map(Value::as_array).flatten();
        let here = mails.filter(|mail| {
            let to = mail["To"].as_array().into_iter().flatten();
            let mut to = to.filter_map(Value::as_str);
            to.any(|to| to == address)
        });
        let mut here: Vec<&Value> = here.collect();
        here.sort_by(|one, other| {
            let at = |mail: &Value| mail["Timestamp"].as_f64().unwrap_or_default();
            at(one).total_cmp(&at(other))
        });
        let text = |mail: &Value, part: &str| mail[part].as_str().unwrap_or_default().to_owned();
        here.into_iter()
            .map(|mail| format!("{}\n{}", text(mail, "Subject"), text(mail, "BodyText")))
            .collect()
    }
}
