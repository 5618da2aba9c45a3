//! Webhooks as they go over the wire.

use schemars::JsonSchema;
use serde::Serialize;

use crate::event::Pattern;
use crate::id::Id;
use crate::time::Timestamp;
use crate::wire::body::{Body, Fields, Presence};

/// The most patterns of events, and of collections, of a webhook.
const MAX_PATTERNS: usize = 20;
const MAX_COLLECTIONS: usize = 50;

/// The seconds that a receiver may have, and how many deliveries may be under way at once.
const TIMEOUT: [u64; 2] = [1, 15];
const CONCURRENCY: [u64; 2] = [1, 10];

/// The parts of a new webhook; `auth::webhook` checks them.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewWebhook {
    /// The name for people, 1 to 100 characters.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// Where deliveries go: `https`, the port 443 or one from 1024 on, at most 2,048 bytes, a public address.
    #[schemars(length(max = 2048))]
    pub url: String,
    /// The events it wants: `*`, a family such as `auth.*`, or a type.
    #[schemars(with = "Vec<Pattern>", length(min = 1, max = 20))]
    pub events: Vec<String>,
    /// The collections whose record events it wants; all of them when absent.
    #[schemars(length(min = 1, max = 50))]
    pub collections: Option<Vec<String>>,
    /// How many seconds the receiver has for an answer; 10 when absent.
    #[schemars(range(min = 1, max = 15))]
    pub timeout: Option<u64>,
    /// How many deliveries may be under way at once; 5 when absent.
    #[schemars(range(min = 1, max = 10))]
    pub concurrency: Option<u64>,
}

impl Body for NewWebhook {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (name, url) = (fields.text("name"), fields.text("url"));
        let events = fields
            .list("events", 1, MAX_PATTERNS)
            .and_then(|items| fields.texts("events", items));
        let collections = collections(fields);
        let timeout = fields.optional_integer("timeout", TIMEOUT);
        let concurrency = fields.optional_integer("concurrency", CONCURRENCY);
        Some(Self {
            name: name?,
            url: url?,
            events: events?,
            collections,
            timeout,
            concurrency,
        })
    }
}

/// Changes to a webhook: what is left out stays.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookChanges {
    /// The name for people, 1 to 100 characters.
    #[schemars(length(min = 1, max = 100))]
    pub name: Option<String>,
    /// Where deliveries go.
    #[schemars(length(max = 2048))]
    pub url: Option<String>,
    /// The events it wants.
    #[schemars(with = "Option<Vec<Pattern>>", length(min = 1, max = 20))]
    pub events: Option<Vec<String>>,
    /// The collections whose record events it wants; null for all of them.
    #[schemars(with = "Option<Vec<String>>", length(min = 1, max = 50))]
    pub collections: Option<Option<Vec<String>>>,
    /// How many seconds the receiver has for an answer.
    #[schemars(range(min = 1, max = 15))]
    pub timeout: Option<u64>,
    /// How many deliveries may be under way at once.
    #[schemars(range(min = 1, max = 10))]
    pub concurrency: Option<u64>,
    /// Whether it is switched off: then it gets no new events, and the waiting ones stay.
    pub disabled: Option<bool>,
}

impl Body for WebhookChanges {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (name, url) = (fields.given_text("name"), fields.given_text("url"));
        let events = match fields.has("events") {
            true => fields
                .list("events", 1, MAX_PATTERNS)
                .and_then(|items| fields.texts("events", items)),
            false => None,
        };
        let is_given = fields.object.contains_key("collections");
        let narrowed = collections(fields);
        Some(Self {
            name,
            url,
            events,
            collections: is_given.then_some(narrowed),
            timeout: fields.optional_integer("timeout", TIMEOUT),
            concurrency: fields.optional_integer("concurrency", CONCURRENCY),
            disabled: fields.given_flag("disabled"),
        })
    }
}

fn collections(fields: &mut Fields) -> Option<Vec<String>> {
    if !fields.has("collections") {
        return None;
    }
    let items = fields.list("collections", 1, MAX_COLLECTIONS)?;
    fields.texts("collections", items)
}

/// The state of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WebhookState {
    /// Deliveries go out as events come.
    Active,
    /// The receiver does not answer: one delivery is tried at a time, and the others wait.
    Failing,
    /// Switched off, by an admin or by the receiver's 410.
    Disabled,
}

/// A webhook as an admin sees it: everything but its secret.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// The webhook's id.
    pub id: Id,
    /// The name for people.
    pub name: String,
    /// Where deliveries go.
    pub url: String,
    /// The events it wants.
    pub events: Vec<Pattern>,
    /// The collections whose record events it wants; null for all of them.
    pub collections: Option<Vec<String>>,
    /// How many seconds the receiver has for an answer.
    pub timeout: u64,
    /// How many deliveries may be under way at once.
    pub concurrency: u64,
    /// Whether it is served.
    pub state: WebhookState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its secret was last replaced; null for never.
    pub rotated_at: Option<Timestamp>,
}

/// A webhook with its secret, which is shown this once.
#[derive(Serialize, JsonSchema)]
pub struct ShownWebhook {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// The secret, `whsec_…`, by which the receiver verifies deliveries. Nobody can show it again.
    pub secret: String,
}

/// A webhook and how its deliveries go.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WatchedWebhook {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// How many attempts have failed since the last success.
    pub failures: u32,
    /// When an attempt last succeeded; null for never.
    pub last_success_at: Option<Timestamp>,
    /// How many deliveries wait, counted up to 1,000.
    pub waiting: u64,
}

/// The webhooks.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Webhooks {
    /// All of them, newest first.
    pub items: Vec<Webhook>,
}

/// The answer of a receiver to a test.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TestResult {
    /// The status it answered; null where it did not.
    pub status: Option<u16>,
    /// How long that took, in milliseconds.
    pub ms: u64,
    /// Why it was no success, in a word; null for a success, or where the status tells.
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::wire::body::decode;

    fn details(error: crate::Error) -> Vec<(String, String)> {
        let details = error.details.into_iter();
        details.map(|detail| (detail.field, detail.code)).collect()
    }

    fn read<B: Body>(body: Value) -> Result<B, Vec<(String, String)>> {
        let object = body.as_object().cloned().unwrap_or_else(Map::new);
        decode(object).map_err(details)
    }

    #[test]
    fn a_webhook_has_a_name_a_url_and_events() {
        let body = json!({ "name": "n", "url": "u", "events": ["*"], "collections": null });
        let webhook: NewWebhook = read(body).expect("a webhook");
        assert_eq!(webhook.events, ["*"]);
        assert_eq!((webhook.collections, webhook.timeout), (None, None));
        let changes: WebhookChanges = read(json!({ "collections": null })).expect("changes");
        assert_eq!((changes.collections, changes.name), (Some(None), None));
        let changes: WebhookChanges = read(json!({ "disabled": true })).expect("changes");
        assert_eq!((changes.collections, changes.disabled), (None, Some(true)));
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_named() {
        let with = |name: &str, value: Value| {
            let mut body = json!({ "name": "n", "url": "u", "events": ["*"] });
            body[name] = value;
            body
        };
        for (body, field, code) in [
            (with("name", Value::Null), "name", "required"),
            (with("url", json!(1)), "url", "type"),
            (with("events", json!([])), "events", "range"),
            (with("events", json!(vec!["*"; 21])), "events", "range"),
            (with("events", json!("*")), "events", "type"),
            (with("events", json!([1])), "events[0]", "type"),
            (with("collections", json!([])), "collections", "range"),
            (
                with("collections", json!(vec!["a"; 51])),
                "collections",
                "range",
            ),
            (with("timeout", json!(0)), "timeout", "range"),
            (with("timeout", json!(16)), "timeout", "range"),
            (with("timeout", json!(1.5)), "timeout", "type"),
            (with("timeout", json!("1")), "timeout", "type"),
            (with("concurrency", json!(11)), "concurrency", "range"),
            (with("secret", json!("x")), "secret", "unknown-field"),
            (with("disabled", json!(true)), "disabled", "unknown-field"),
        ] {
            let refused = read::<NewWebhook>(body).expect_err("refused");
            assert_eq!(refused, [(field.to_owned(), code.to_owned())]);
        }
        for (name, value, code) in [
            ("name", Value::Null, "type"),
            ("events", json!([]), "range"),
            ("disabled", Value::Null, "type"),
            ("secret", json!("x"), "unknown-field"),
        ] {
            let refused = read::<WebhookChanges>(json!({ name: value })).expect_err("refused");
            assert_eq!(refused, [(name.to_owned(), code.to_owned())]);
        }
    }
}
