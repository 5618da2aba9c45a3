//! Secrets and addresses in tables, in their changes and in logs: none is there in clear.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blackbox::{Apart, Event, Reply};
use local::mailbox::Message;
use local::template::Template;
use serde_json::{Value, json};

use super::look::Told;

/// The tables that know an address by its pseudonym alone, or sealed.
const WITHOUT_ADDRESSES: [&str; 2] = ["local-_mail", "local-_throttle"];

/// The one table that has the hashes of passwords.
const HASHES: &str = "local-_users";

/// The beginning of a password's hash.
const HASH: &str = "$2b$";

/// The texts that a play has shown to somebody, and that nothing may keep in clear.
#[derive(Default)]
pub(super) struct Shown {
    /// Passwords, tokens, keys, codes and links.
    pub(super) secrets: BTreeSet<String>,
    /// Addresses, and whatever else the mails alone may tell.
    sealed: BTreeSet<String>,
}

impl Shown {
    /// Keeps the passwords, tokens, keys, recovery codes and addresses of a request and its reply.
    pub(super) fn keep(&mut self, request: &Event, reply: &Reply) {
        let request = request.as_json();
        let sent = request["body"]
            .as_str()
            .and_then(|body| serde_json::from_str(body).ok());
        let replied = serde_json::from_slice(&reply.body).ok();
        let bodies: [Option<Value>; 2] = [sent, replied];
        let secrets = [
            "password",
            "currentPassword",
            "newPassword",
            "accessToken",
            "refreshToken",
            "key",
            "secret",
            "token",
            "flow",
            "mfaToken",
            "recoveryCode",
            "uri",
        ];
        let of = |names: &[&str]| {
            let found = bodies.iter().flatten().flat_map(|body| {
                let found = names.iter().filter_map(|name| body[*name].as_str());
                found.map(str::to_owned).collect::<Vec<_>>()
            });
            found.collect::<Vec<String>>()
        };
        self.secrets.extend(of(&secrets));
        let replied = bodies.iter().flatten();
        let waiting = replied.clone().map(|body| &body["error"]["mfa"]["token"]);
        let codes = replied.flat_map(|body| body["recoveryCodes"].as_array());
        let found = waiting.chain(codes.flatten()).filter_map(Value::as_str);
        self.secrets.extend(found.map(str::to_owned));
        self.sealed
            .extend(of(&["email", "newEmail", "message", "name"]));
        // The name of a provider is in its paths.
        let _ = self.sealed.remove("google");
        let header = request["headers"]["idempotency-key"].as_str();
        self.secrets.extend(header.map(str::to_owned));
    }

    /// Keeps the code and the link of a mail.
    pub(super) fn keep_mail(&mut self, mail: &Message) {
        self.sealed.insert(mail.to.clone());
        self.secrets.extend(mail.code.clone());
        let token = mail
            .link
            .as_ref()
            .and_then(|link| link.split_once("token="));
        self.secrets
            .extend(token.map(|(_, token)| token.to_owned()));
    }
}

/// Asserts that no table, no change and no line of a log has a secret in clear. Mails, counters and logs have no address
/// either.
pub(super) fn assert_sealed(told: &Told, (apart, template): (&Apart<'_>, &Template), log: &str) {
    assert!(log.lines().count() > 3, "there is a log");
    let (secrets, sealed) = (&told.shown.secrets, &told.shown.sealed);
    for table in template.tables().unwrap() {
        let items = items(apart, &table.name);
        let changes = told.changes().filter(|change| is_of(change, &table.name));
        let clear: String = items.iter().chain(changes).map(clear).collect();
        has_none_of(&clear, secrets, &table.name);
        if WITHOUT_ADDRESSES.contains(&&*table.name) {
            has_none_of(&clear, sealed, &table.name);
        }
        if table.name != HASHES {
            assert!(!clear.contains(HASH), "{} has a hash", table.name);
        }
    }
    has_none_of(log, secrets, "a log");
    has_none_of(log, sealed, "a log");
    assert!(!log.contains(HASH), "a log has a hash");
}

fn is_of(change: &Value, table: &str) -> bool {
    let source = change["eventSourceARN"].as_str().unwrap_or_default();
    source.contains(&format!("/{table}/"))
}

/// All items of a table.
fn items(apart: &Apart<'_>, table: &str) -> Vec<Value> {
    let (mut items, mut request) = (Vec::new(), json!({ "TableName": table }));
    loop {
        let page = apart.dynamo.engine().call("Scan", &request).unwrap();
        items.extend(page["Items"].as_array().unwrap().iter().cloned());
        if page["LastEvaluatedKey"].is_null() {
            return items;
        }
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
    }
}

/// An item or a change as it is to be read, with its bytes as text.
fn clear(value: &Value) -> String {
    let mut text = value.to_string();
    bytes(value, &mut text);
    text
}

fn bytes(value: &Value, found: &mut String) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| bytes(value, found)),
        Value::Object(values) => {
            for (name, value) in values {
                let encoded = value.as_str().filter(|_| name == "B");
                if let Some(bytes) = encoded.and_then(|it| STANDARD.decode(it).ok()) {
                    found.push_str(&String::from_utf8_lossy(&bytes));
                }
                bytes(value, found);
            }
        }
        _ => {}
    }
}

#[track_caller]
fn has_none_of(text: &str, shown: &BTreeSet<String>, place: &str) {
    for one in shown.iter().filter(|one| one.len() > 5) {
        let found = text.match_indices(one.as_str());
        let mut found = found.filter(|(at, _)| stands_alone(text, (*at, one)));
        if let Some((at, _)) = found.next() {
            let from = text[..at]
                .char_indices()
                .rev()
                .nth(200)
                .map_or(0, |it| it.0);
            panic!("{place} has {one}: {}", &text[from..at + one.len()]);
        }
    }
}

/// Whether a find is no part of a longer number: the digits of a code may be in one by chance.
fn stands_alone(text: &str, (at, one): (usize, &str)) -> bool {
    let is_number = one.bytes().all(|byte| byte.is_ascii_digit());
    let near = [
        text[..at].chars().next_back(),
        text[at + one.len()..].chars().next(),
    ];
    !is_number || !near.iter().flatten().any(char::is_ascii_alphanumeric)
}
