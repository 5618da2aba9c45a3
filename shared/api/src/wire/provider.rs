//! Providers, and the sign-ins by them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;

use crate::settings::{Provider, ProviderKind};
use crate::wire::account::{Bearing, Tokens};
use crate::wire::body::{Body, Fields, Presence};
use crate::wire::user::User;

/// The most bytes of a provider's secret, which may be a key in PEM.
const MAX_SECRET: usize = 4096;

/// A provider that signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EnabledProvider {
    /// Its name, which is part of its addresses here.
    pub name: String,
    /// Its kind.
    pub kind: ProviderKind,
}

/// The providers that sign in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EnabledProviders {
    /// All of them, by name.
    pub items: Vec<EnabledProvider>,
}

/// A provider as an admin sees it: everything but its secret.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownProvider {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: ProviderKind,
    /// Whether it signs in: it is switched on and has all that it needs.
    pub ready: bool,
    /// Whether a secret is kept.
    pub has_secret: bool,
    /// The redirect address to enter at the provider.
    pub redirect_uri: String,
    /// The settings that hold: those that an admin has set, and those of `bakend.json`.
    #[serde(flatten)]
    pub settings: Provider,
}

/// The providers that can sign in, with their settings.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShownProviders {
    /// All of them, by name.
    pub items: Vec<ShownProvider>,
}

/// The settings of a provider with a new secret.
#[derive(Debug)]
pub struct ProviderChange {
    /// The secret at the provider; absent, the one that is kept stays.
    pub secret: Option<String>,
    /// The settings, not yet checked.
    pub settings: Value,
}

impl Body for ProviderChange {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let secret = fields.given_text("clientSecret");
        if secret.as_ref().is_some_and(|it| !is_secret(it)) {
            let message = format!("`clientSecret` must have 1 to {MAX_SECRET} bytes.");
            fields.wrong("clientSecret", "length", &message);
        }
        Some(Self {
            secret,
            settings: Value::Object(fields.all()),
        })
    }
}

fn is_secret(text: &str) -> bool {
    (1..=MAX_SECRET).contains(&text.len())
}

impl JsonSchema for ProviderChange {
    fn schema_name() -> Cow<'static, str> {
        "ProviderChange".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Provider::json_schema(generator);
        let secret = json_schema!({
            "description": "The secret at the provider, of Apple its key in PEM; absent, the one that is kept stays.",
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_SECRET,
        });
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        if let Some(properties) = properties {
            properties.insert("clientSecret".to_owned(), secret.to_value());
        }
        schema
    }
}

/// The answer about an account.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AccountFound {
    /// Whether there is one.
    pub exists: bool,
    /// The ids of the ways to sign in to it: `password`, `magic-link`, providers and `passkey`. Admins and servers alone see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
}

/// The reply of a sign-in by a provider.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedInByProvider {
    /// The user who has signed in.
    pub user: User,
    /// The tokens of the new session.
    #[serde(flatten)]
    pub tokens: Tokens,
    /// Whether the account was made by it.
    pub is_new_user: bool,
    /// Whether the provider was linked by its address now, to an account that was there.
    pub linked_by_email: bool,
}

impl Bearing for SignedInByProvider {
    fn tokens(&mut self) -> Option<&mut Tokens> {
        Some(&mut self.tokens)
    }
}

/// A way to sign in to an account.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Its id: `password`, `magic-link`, the name of a provider, or the id of a passkey.
    pub id: String,
    /// Its kind.
    pub kind: AccountKind,
    /// A name for its user to recognise it; null where it has none.
    pub label: Option<String>,
    /// When it was added; null where that is not kept.
    pub connected_at: Option<crate::time::Timestamp>,
}

/// The kind of a way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccountKind {
    /// The password.
    Password,
    /// A mail.
    MagicLink,
    /// A provider.
    Provider,
    /// A passkey.
    Passkey,
}

/// The ways to sign in to an account.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Accounts {
    /// The ways.
    pub items: Vec<Account>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::body::decode;

    fn faults<B: Body>(body: &Value) -> Vec<String> {
        let object = body.as_object().cloned().unwrap_or_default();
        let error = decode::<B>(object).err();
        let details = error.into_iter().flat_map(|it| it.details);
        details.map(|it| it.field).collect()
    }

    #[test]
    fn a_secret_is_not_empty_and_may_stay() {
        for (secret, named) in [
            (json!(null), vec!["clientSecret"]),
            (json!(""), vec!["clientSecret"]),
            (json!("s".repeat(4097)), vec!["clientSecret"]),
            (json!("s"), vec![]),
        ] {
            let body = json!({ "clientId": "c", "clientSecret": secret });
            assert_eq!(faults::<ProviderChange>(&body), named, "{body}");
        }
        assert!(faults::<ProviderChange>(&json!({ "clientId": "c" })).is_empty());
    }
}
