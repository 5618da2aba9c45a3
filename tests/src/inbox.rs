//! The mails that a deployment has sent, as the emulator of AWS shows them.

use std::env;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Caller;

/// How long a mail may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// An inbox that has the mails to every address.
#[derive(Debug)]
pub struct Inbox {
    url: String,
}

impl Inbox {
    /// The inbox that `BAKEND_TEST_INBOX` names by its address.
    pub(crate) fn told() -> Option<Self> {
        env::var("BAKEND_TEST_INBOX").ok().map(|url| Self { url })
    }

    /// The first mail to an address, as soon as it is there.
    pub(crate) fn first_to(&self, address: &str) -> String {
        let started = Instant::now();
        loop {
            if let Some(first) = self.texts_to(address).into_iter().next() {
                return first;
            }
            assert!(started.elapsed() < PATIENCE, "no mail to {address}");
            std::thread::sleep(Duration::from_millis(200));
        }
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

/// The eight digits that have a line of a mail to themselves.
///
/// # Panics
/// There are none.
#[must_use]
pub fn code_of(text: &str) -> String {
    let mut lines = text.lines().map(str::trim);
    let code = lines.find(|it| it.len() == 8 && it.bytes().all(|byte| byte.is_ascii_digit()));
    code.unwrap_or_else(|| panic!("no code: {text}")).to_owned()
}

impl Caller {
    /// Proves the address by the code of the first mail to it.
    pub(crate) fn prove(&self, inbox: &Inbox) {
        let body = json!({ "code": code_of(&inbox.first_to(&self.email)) });
        let _ = self.post("/api/auth/verify-email", &body).expect(200);
    }
}
