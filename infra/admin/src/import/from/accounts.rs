//! Accounts at providers, as other systems have them.

use serde_json::{Map, Value, json};

use super::shape::members;
use crate::rows::moment;

/// The providers whose accounts sign in here by the same id, each with its issuer.
const MOVING: [(&str, &str); 3] = [
    ("google", "https://accounts.google.com"),
    ("apple", "https://appleid.apple.com"),
    ("github", "https://api.github.com"),
];

/// Ways to sign in that are no accounts at providers.
const OWN: [&str; 5] = ["email", "phone", "credentials", "magiclink", "password"];

/// Takes the accounts at providers in these members. Returns those that move as an import has them, and the names of the others.
pub(super) fn take(fields: &mut Map<String, Value>, names: &[&str]) -> (Vec<Value>, Vec<String>) {
    let (mut moving, mut left) = (Vec::new(), Vec::new());
    for name in names {
        match fields.remove(*name) {
            None => {}
            Some(value) => {
                for account in list(value) {
                    sort(account, &mut moving, &mut left);
                }
            }
        }
    }
    (moving, left)
}

/// The elements of a list, also of one that a table without JSON has as text.
fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        Value::String(text) => match api::value::parse(&text) {
            Ok(Value::Array(items)) => items,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn sort(account: Value, moving: &mut Vec<Value>, left: &mut Vec<String>) {
    let mut account = members(Some(account));
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let provider = text(account.get("provider")).unwrap_or_else(|| "a provider".to_owned());
    if OWN.contains(&provider.as_str()) {
        return;
    }
    let data = members(account.remove("identity_data"));
    let named = ["provider_id", "providerId", "providerAccountId"];
    let named = named.iter().find_map(|name| text(account.get(*name)));
    // The `id` of an account is that of its row, where the id at the provider has a name of its own.
    let subject = named
        .or_else(|| text(data.get("sub")))
        .or_else(|| text(account.get("id")));
    let issuer = MOVING.iter().find(|(name, _)| *name == provider);
    let (Some((_, issuer)), Some(subject)) = (issuer, subject) else {
        left.push(format!("account at {provider}"));
        return;
    };
    let mut identity = json!({ "provider": provider, "issuer": issuer, "subject": subject });
    let since = ["created_at", "created", "connectedAt", "linkedAt"];
    let since = since.iter().find_map(|name| moment(account.get(*name)?));
    if let Some(since) = since {
        identity["linkedAt"] = json!(since);
    }
    let email = text(data.get("email")).or_else(|| text(account.get("email")));
    if let Some(email) = email {
        identity["email"] = json!(email);
    }
    moving.push(identity);
}
