//! Values for a preview.

use api::mail::Kind;
use serde_json::{Map, Value, json};

/// A value for every variable of a kind. Addresses are `https:`.
#[must_use]
pub fn sample(kind: Kind, locale: &str) -> Map<String, Value> {
    let value = |name: &str| match name {
        "appName" => json!("Example"),
        "userEmail" => json!("ada@example.com"),
        "userName" => json!("Ada"),
        "locale" => json!(locale),
        "code" => json!("12345678"),
        "minutes" => json!(10),
        "days" => json!(7),
        "oldEmail" => json!("a***@example.com"),
        "inviterName" => json!("Grace"),
        "roleName" => json!("editor"),
        "message" => json!("Welcome aboard!"),
        "resourceName" => json!("Analytical Engine"),
        "what" => json!(what(kind)),
        "when" => json!("2026-01-31 12:00 UTC"),
        "userAgent" => json!("Mozilla/5.0"),
        "place" => json!("203.0.0.0/16"),
        "loginUrl" => json!("https://example.com/sign-in"),
        "secureUrl" => json!("https://example.com/secure"),
        _ => json!("https://example.com/page?token=sample"),
    };
    let names = kind.variables().iter();
    names
        .map(|name| ((*name).to_owned(), value(name)))
        .collect()
}

/// The sample of `what` in a notice of a kind.
fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::EmailChanged | Kind::EmailChangeRequested => "g***@example.com",
        Kind::RecoveryCodeUsed => "9",
        Kind::PasskeyAdded | Kind::PasskeyRemoved => "Laptop",
        Kind::AccountLinked | Kind::AccountUnlinked => "google",
        Kind::AdminChangedAccount => "role",
        _ => "",
    }
}
