//! API keys: their management, the requests that they allow, and those that they restrict.

mod leaver;
mod manage;
mod required;
mod server;
mod users;

use blackbox::{Caller, Reply, fresh_email, stack};
use serde_json::{Value, json};

pub(crate) const PATH: &str = "/api/admin/api-keys";

/// A key of the shared stack. There may be a hundred: it is deleted when the test is done with it.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) text: String,
    admin: Caller,
}

impl Key {
    pub(crate) fn secret(scopes: &[&str]) -> Self {
        Self::make(&json!({ "name": fresh_email(), "type": "secret", "scopes": scopes }))
    }

    pub(crate) fn publishable(scopes: &[&str]) -> Self {
        Self::make(&json!({ "name": fresh_email(), "type": "publishable", "scopes": scopes }))
    }

    pub(crate) fn make(body: &Value) -> Self {
        let admin = stack().admin();
        let made = admin.post(PATH, body).expect(201).json();
        Self {
            id: text(&made["id"]),
            text: text(&made["key"]),
            admin,
        }
    }

    /// A caller with this key and nothing else.
    pub(crate) fn caller(&self) -> Caller {
        stack().stranger().with_key(&self.text)
    }

    pub(crate) fn path(&self) -> String {
        format!("{PATH}/{}", self.id)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        let _ = self.admin.delete(&self.path());
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Asserts a refusal of this status and code.
#[track_caller]
pub(crate) fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (status, code),
        "{}",
        reply.text()
    );
}

/// A well-formed key that does not exist: of this prefix, with a possible id.
pub(crate) fn nobodys(prefix: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut bytes = [7; 48];
    (bytes[0], bytes[1]) = (1, 0x97);
    (bytes[6], bytes[8]) = (0x70, 0x80);
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}
