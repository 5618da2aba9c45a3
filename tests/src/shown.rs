//! The secrets that replies of the whole suite have shown, for the test that looks for them where they must not be.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::client::Reply;

/// The members of a reply that its receiver alone may know.
const NAMES: [&str; 9] = [
    "accessToken",
    "refreshToken",
    "key",
    "secret",
    "token",
    "flow",
    "challengeToken",
    "recoveryCodes",
    "uri",
];

/// A shorter text is no secret of this API, and may be elsewhere by chance.
const SHORTEST: usize = 20;

static SHOWN: Mutex<Option<HashSet<String>>> = Mutex::new(None);

/// The addresses that replies of the whole suite have led to.
static LED_TO: Mutex<Option<HashSet<String>>> = Mutex::new(None);

/// Keeps the secrets of a reply, and the address that it leads to.
pub(crate) fn keep(reply: &Reply) {
    if let Some(address) = reply.header("location") {
        let mut led_to = LED_TO.lock().unwrap_or_else(PoisonError::into_inner);
        led_to.get_or_insert_default().insert(address.to_owned());
    }
    // A cookie is a refresh token, or ties a sign-in to a browser.
    if let Some(pair) = reply.header("set-cookie")
        && let Some((_, value)) = pair.split(';').next().unwrap_or_default().split_once('=')
    {
        add(value);
    }
    keep_body(&reply.body);
}

/// Keeps a secret that no reply shows, such as a verifier.
pub fn add(secret: &str) {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let last = words(secret).last().map(str::to_owned);
    shown.get_or_insert_default().extend(last);
}

/// The addresses that replies have led to so far.
#[must_use]
pub fn led_to() -> Vec<String> {
    let led_to = LED_TO.lock().unwrap_or_else(PoisonError::into_inner);
    led_to.iter().flatten().cloned().collect()
}

fn keep_body(body: &[u8]) {
    // A longer one is a list of records.
    if body.len() > 1 << 14 {
        return;
    }
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let shown = shown.get_or_insert_default();
    collect(&body, shown);
    collect(&body["error"]["mfa"], shown);
}

fn collect(body: &Value, shown: &mut HashSet<String>) {
    let members = NAMES.iter().map(|name| &body[*name]);
    let texts = members.flat_map(|member| match member {
        Value::Array(members) => members.iter().collect(),
        one => vec![one],
    });
    for text in texts.filter_map(Value::as_str) {
        // Of a JWT that is its signature: its header is everybody's, and its claims are no secret.
        shown.extend(words(text).last().map(str::to_owned));
    }
}

/// The words of a text that are as long as a secret.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
        .filter(|word| word.len() >= SHORTEST)
}

/// How many secrets replies have shown so far.
#[must_use]
pub fn count() -> usize {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    shown.as_ref().map_or(0, HashSet::len)
}

/// The secrets that replies have shown so far and that this text has, each with what stands before it.
#[must_use]
pub fn found_in(text: &str) -> Vec<String> {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(shown) = shown.as_ref() else {
        return Vec::new();
    };
    let found = words(text).filter(|word| shown.contains(*word));
    found
        .map(|word| {
            let end = word.as_ptr().addr() - text.as_ptr().addr() + word.len();
            let from = text[..end].char_indices().rev().nth(200);
            text[from.map_or(0, |(at, _)| at)..end].to_owned()
        })
        .collect()
}
