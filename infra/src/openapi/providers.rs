//! The parameters of sign-ins by a provider.

use serde_json::{Value, json};

/// The parameters, by name.
pub(super) fn parameters() -> Value {
    json!({
        "ProviderName": {
            "name": "name", "in": "path", "required": true,
            "description": "The name of a provider, one of `google`, `github`, `apple` and `microsoft` or of those in `auth.providers`.",
            "schema": { "type": "string" },
        },
        "SignInProvider": {
            "name": "provider", "in": "path", "required": true,
            "description": "The name of a provider that signs in.",
            "schema": { "type": "string" },
        },
        "RedirectTo": {
            "name": "redirectTo", "in": "query", "required": true,
            "description": "The address of the app that the browser comes back to, one of `auth.redirects`.",
            "schema": { "type": "string", "maxLength": 200 },
        },
        "CodeChallenge": {
            "name": "codeChallenge", "in": "query", "required": true,
            "description": "The SHA-256 of the app's verifier in base64url (RFC 7636, `S256`).",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9_-]{43}$" },
        },
        "Locale": {
            "name": "locale", "in": "query",
            "description": "The language of the provider's page, such as `de`.",
            "schema": { "type": "string", "maxLength": 35 },
        },
        "Prompt": {
            "name": "prompt", "in": "query",
            "description": "The question that the provider asks its user.",
            "schema": { "type": "string", "enum": ["none", "login", "consent", "select_account"] },
        },
        "LoginHint": {
            "name": "loginHint", "in": "query",
            "description": "The user's address or name at the provider.",
            "schema": { "type": "string", "maxLength": 254 },
        },
        "ProviderState": {
            "name": "state", "in": "query", "description": "The state that the sign-in began with.",
            "schema": { "type": "string" },
        },
        "ProviderCode": {
            "name": "code", "in": "query", "description": "The code of the provider.",
            "schema": { "type": "string" },
        },
        "ProviderError": {
            "name": "error", "in": "query",
            "description": "The refusal of the provider, in place of a code.",
            "schema": { "type": "string" },
        },
        "ProviderIssuer": {
            "name": "iss", "in": "query",
            "description": "The issuer of the answer (RFC 9207).",
            "schema": { "type": "string" },
        },
    })
}
