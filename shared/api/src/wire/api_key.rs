//! API keys as they go over the wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::time::Timestamp;
use crate::wire::body::{Body, Fields, Presence};

/// The most scopes of a key.
const MAX_SCOPES: usize = 50;

/// The most origins of a key.
const MAX_ORIGINS: usize = 20;

/// Whom an API key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyType {
    /// For an app that anybody can take apart, `pk_live_…`: it names the app and passes no rule.
    Publishable,
    /// For a server, `sk_live_…`: it passes every rule within its scopes.
    Secret,
}

impl KeyType {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Publishable, Self::Secret];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publishable => "publishable",
            Self::Secret => "secret",
        }
    }

    /// The type of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What an API key is to be; `auth::api_key` says what its parts may be.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewApiKey {
    /// What people call it, 1 to 100 characters.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// Whom it is for.
    #[schemars(rename = "type")]
    pub kind: KeyType,
    /// What it may be used for: `collection:operation`, either of them `*`; `users` are the accounts.
    #[schemars(length(min = 1, max = 50))]
    pub scopes: Vec<String>,
    /// For a publishable key, where a browser may use it: origins such as `https://app.example.com`. Anywhere when empty.
    #[schemars(length(max = 20))]
    pub origins: Option<Vec<String>>,
    /// From when on it is refused; never when absent.
    #[schemars(with = "Option<Timestamp>")]
    pub expires_at: Option<String>,
}

impl Body for NewApiKey {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.text("name");
        let kind = fields.text("type").and_then(|name| {
            let kind = KeyType::parse(&name);
            if kind.is_none() {
                fields.wrong(
                    "type",
                    "enum",
                    "`type` must be one of: publishable, secret.",
                );
            }
            kind
        });
        let scopes = fields
            .list("scopes", 1, MAX_SCOPES)
            .and_then(|items| fields.texts("scopes", items));
        let origins = match fields.has("origins") {
            true => fields
                .list("origins", 0, MAX_ORIGINS)
                .and_then(|items| fields.texts("origins", items)),
            false => None,
        };
        let expires_at = fields.optional_text("expiresAt");
        Some(Self {
            name: name?,
            kind: kind?,
            scopes: scopes?,
            origins,
            expires_at,
        })
    }
}

/// An API key as an admin sees it: everything but the key.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// The key's id.
    pub id: Id,
    /// What people call it.
    pub name: String,
    /// Whom it is for.
    #[serde(rename = "type")]
    pub kind: KeyType,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// Where a browser may use it; anywhere when empty.
    pub origins: Vec<String>,
    /// From when on it is refused; null for never.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The admin who made it.
    pub created_by: Id,
    /// When its secret was last replaced; null for never.
    pub rotated_at: Option<Timestamp>,
}

/// An API key with the key itself, which is shown this once.
#[derive(Serialize, JsonSchema)]
pub struct ShownApiKey {
    /// The key and what it is for.
    #[serde(flatten)]
    pub api_key: ApiKey,
    /// The key, for the header `x-api-key`. Nobody can show it again.
    pub key: String,
}

/// The API keys.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ApiKeys {
    /// All of them, newest first.
    pub items: Vec<ApiKey>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::wire::body::decode;

    fn read(body: Value) -> Result<NewApiKey, Vec<(String, String)>> {
        let object = body.as_object().cloned().unwrap_or_else(Map::new);
        let details = |error: crate::Error| {
            error
                .details
                .into_iter()
                .map(|detail| (detail.field, detail.code))
        };
        decode(object).map_err(|error| details(error).collect())
    }

    #[test]
    fn a_key_has_a_name_a_type_and_scopes() {
        let key = read(
            json!({ "name": "n", "type": "secret", "scopes": ["a:b", "c:d"], "origins": null }),
        );
        let key = key.expect("a key");
        assert_eq!(
            (key.name.as_str(), key.kind, key.scopes.len()),
            ("n", KeyType::Secret, 2)
        );
        assert_eq!((key.origins, key.expires_at), (None, None));
        let key = json!({ "name": "n", "type": "publishable", "scopes": ["a:b"], "origins": [], "expiresAt": "x" });
        let key = read(key).expect("a key");
        assert_eq!(
            (key.kind, key.origins, key.expires_at),
            (KeyType::Publishable, Some(vec![]), Some("x".to_owned()))
        );
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_named() {
        let with = |name: &str, value: Value| {
            let mut body = json!({ "name": "n", "type": "secret", "scopes": ["a:b"] });
            body[name] = value;
            body
        };
        for (body, field, code) in [
            (with("name", Value::Null), "name", "required"),
            (with("name", json!(1)), "name", "type"),
            (with("type", Value::Null), "type", "required"),
            (with("type", json!("Secret")), "type", "enum"),
            (with("scopes", Value::Null), "scopes", "required"),
            (with("scopes", json!("*:*")), "scopes", "type"),
            (with("scopes", json!([])), "scopes", "range"),
            (with("scopes", json!(vec!["a:b"; 51])), "scopes", "range"),
            (with("scopes", json!(["a:b", 1])), "scopes[1]", "type"),
            (with("origins", json!({})), "origins", "type"),
            (with("origins", json!(vec!["a"; 21])), "origins", "range"),
            (with("origins", json!([null])), "origins[0]", "type"),
            (with("expiresAt", json!(1)), "expiresAt", "type"),
            (with("id", json!("x")), "id", "unknown-field"),
            (with("key", json!("x")), "key", "unknown-field"),
        ] {
            assert_eq!(
                read(body).err(),
                Some(vec![(field.to_owned(), code.to_owned())]),
                "{field} {code}"
            );
        }
        assert_eq!(read(json!({})).err().map(|details| details.len()), Some(3));
    }
}
