//! Webhooks: their management, their tests, and the deliveries to them.

pub(crate) mod deliveries;
mod delivering;
mod deployed;
mod failing;
mod manage;
#[allow(dead_code, reason = "one manner is for another binary")]
pub(crate) mod receiver;
mod sending;

use blackbox::{Caller, fresh_email, stack};
use serde_json::{Value, json};

use crate::keys::text;

pub(crate) const PATH: &str = "/api/admin/webhooks";

/// A webhook of the shared stack. There may be fifty: it is deleted when the test is done with it.
pub(crate) struct Webhook {
    pub(crate) id: String,
    made: Value,
    admin: Caller,
}

impl Webhook {
    pub(crate) fn to(url: &str) -> Self {
        Self::make(&asked(url))
    }

    fn make(body: &Value) -> Self {
        let admin = stack().admin();
        let made = admin.post(PATH, body).expect(201).json();
        Self {
            id: text(&made["id"]),
            made,
            admin,
        }
    }

    pub(crate) fn path(&self) -> String {
        format!("{PATH}/{}", self.id)
    }

    pub(crate) fn deliveries(&self) -> String {
        format!("/api/admin/consumers/{}/deliveries", self.id)
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        let _ = self.admin.delete(&self.path());
    }
}

/// The body of a webhook that wants everything.
pub(crate) fn asked(url: &str) -> Value {
    json!({ "name": fresh_email(), "url": url, "events": ["*"] })
}
