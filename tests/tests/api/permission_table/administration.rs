//! Every endpoint of administration, by every caller.

use std::collections::BTreeSet;

use api::endpoints::{Guard, PAGE};

use super::*;
use crate::mail::TEMPLATES;
use crate::mfa::deployed::enrolled;
use crate::principals::service::{ACCOUNTS, made, member};
use crate::webhooks::deliveries::keep;
use crate::webhooks::receiver::{OK, Receiver};
use crate::webhooks::{Webhook, asked};

const USERS: &str = "/api/users/";

/// An event that a redelivery asks for.
const EVENT: &str = "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a5c";

/// The kinds of mail whose templates are replaced. The targets of a line have one each.
const KINDS: [&str; 2] = ["email-changed", "session-reuse"];

/// A webhook, a key, a kind of mail and a user with a second factor that only one cell of the table meets.
struct Targets {
    receiver: Receiver,
    webhook: Webhook,
    key: Key,
    kind: &'static str,
    user: Caller,
    program: Value,
}

impl Targets {
    fn new(kind: &'static str) -> Self {
        let receiver = Receiver::new(OK);
        Self {
            webhook: Webhook::to(&receiver.url),
            receiver,
            key: Key::secret(&["posts:read"]),
            kind,
            user: enrolled().user,
            program: made(&cast().admin, "editor"),
        }
    }

    /// The path of a request, with the target in it.
    fn path(&self, path: &str) -> String {
        let id = if path.starts_with(crate::keys::PATH) {
            &self.key.id
        } else if path.starts_with(USERS) {
            self.user.id()
        } else if path.starts_with(ACCOUNTS) {
            member(&self.program, "clientId")
        } else {
            &self.webhook.id
        };
        path.replace("{id}", id)
            .replace("{eventId}", EVENT)
            .replace("{kind}", self.kind)
            .replace("{name}", self.provider())
            .replace("{locale}", "en")
    }

    /// A body that an admin could send.
    fn body(&self, request: &str, marker: &str) -> Value {
        match request {
            "POST /api/admin/api-keys" => {
                json!({ "name": marker, "type": "secret", "scopes": ["posts:read"] })
            }
            "POST /api/admin/webhooks" => {
                let mut body = asked(&self.receiver.url);
                body["name"] = json!(marker);
                body
            }
            "PUT /api/admin/mail-templates/{kind}/{locale}" => {
                json!({ "subject": marker, "text": "a" })
            }
            "PUT /api/admin/providers/{name}" => json!({ "clientId": marker }),
            "POST /api/admin/service-accounts" => json!({ "name": marker, "role": "editor" }),
            "PATCH /api/admin/webhooks/{id}" => json!({ "name": marker }),
            "POST /api/users/{id}/impersonate" => json!({ "reason": marker }),
            _ => json!({}),
        }
    }

    /// The provider of these targets.
    fn provider(&self) -> &'static str {
        match self.kind == KINDS[0] {
            true => "github",
            false => "microsoft",
        }
    }

    fn provider_seen(&self) -> Value {
        let all = cast().admin.get("/api/admin/providers").json();
        let mut items = all["items"].as_array().unwrap().iter();
        let own = items.find(|item| item["name"] == self.provider());
        own.unwrap().clone()
    }

    /// Everything that a request could have changed, as an admin sees it.
    fn seen(&self, marker: &str) -> [Value; 8] {
        let admin = &cast().admin;
        let preview = format!("{TEMPLATES}/{}/en/preview", self.kind);
        let of = |path: &str| admin.get(path).json();
        let all = |path: &str| -> Value {
            let items = of(path)["items"].as_array().cloned().unwrap_or_default();
            let own = |item: &Value| {
                let is_key = item["id"].as_str() == Some(&self.key.id);
                let is_program = item["clientId"] == self.program["clientId"];
                is_key || is_program || text(item, "name") == marker
            };
            items.into_iter().filter(own).collect()
        };
        [
            of(&self.webhook.path()),
            of(&self.webhook.deliveries()),
            all(crate::keys::PATH),
            all(crate::webhooks::PATH),
            admin.post(&preview, &json!({})).json(),
            self.provider_seen(),
            of(&format!("{USERS}{}", self.user.id())),
            all(ACCOUNTS),
        ]
    }
}

#[test]
fn administration() {
    let Some(inside) = stack().inside() else {
        return;
    };
    keep(&inside.dynamo, EVENT);
    let row = Row {
        rule: String::new(),
        read: None,
        collection: "posts".to_owned(),
        cells: Vec::new(),
    };
    let (callers, _keys) = callers(&row, "read");
    let (_, lines) = grid("administration");
    for line in lines {
        let (request, cells) = line.split_first().expect("a request");
        let (method, path) = request.split_once(' ').expect("a method");
        // A refusal changes nothing, so all that are refused meet the same target.
        let (refused, marker) = (Targets::new(KINDS[0]), fresh_email());
        let before = refused.seen(&marker);
        for ((column, caller, _), cell) in callers.iter().zip(cells) {
            let done: u16 = cell.parse().expect("a status");
            let own = (done < 300).then(|| Targets::new(KINDS[1]));
            let targets = own.as_ref().unwrap_or(&refused);
            let body = targets.body(request, &marker).to_string();
            let headers = [("content-type", "application/json")];
            let body = (method != "GET").then_some(body.as_bytes());
            let reply = caller.send(method, &targets.path(path), &headers, body);
            if !is(&reply, cell, done, column, request) {
                assert_eq!(refused.seen(&marker), before, "{request} ({column})");
            }
            // There may be fifty webhooks and a hundred keys.
            if reply.status == 201 && path.starts_with("/api/admin/") {
                let made = reply.json();
                let name = ["id", "clientId"]
                    .into_iter()
                    .find(|it| made[*it].is_string());
                let made = format!("{path}/{}", text(&made, name.expect("an id")));
                let _ = cast().admin.delete(&made).expect(204);
            }
        }
        assert_eq!(
            refused.receiver.requests(),
            Vec::<String>::new(),
            "{request}"
        );
    }
}

#[test]
fn every_endpoint_of_administration_is_in_the_table() {
    let listed: BTreeSet<String> = grid("administration")
        .1
        .into_iter()
        .map(|line| line[0].clone())
        .collect();
    let entries = PAGE.iter().filter(|entry| entry.guard == Guard::Admin);
    let all = entries.flat_map(|entry| {
        let methods = entry.methods.iter();
        methods.map(|method| format!("{} {}", method.as_str(), entry.path))
    });
    assert_eq!(listed, all.collect());
}
