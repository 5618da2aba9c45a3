//! The client data that a browser signs (WebAuthn Level 3, section 5.8.1): the checks that come before those of the crate.

use api::settings::Passkeys;
use api::value;
use serde_json::Value;
use url::Url;

/// The origin of client data of this type, if passkeys may be used there, and not in a frame of another site.
pub(crate) fn origin(text: &[u8], kind: &str, passkeys: &Passkeys) -> Option<Url> {
    let data = value::parse(std::str::from_utf8(text).ok()?).ok()?;
    let is_kind = data.get("type").and_then(Value::as_str) == Some(kind);
    let is_framed = match data.get("crossOrigin") {
        None | Some(Value::Bool(false)) => data.get("topOrigin").is_some(),
        Some(_) => true,
    };
    let origin = data.get("origin").and_then(Value::as_str)?;
    if !is_kind || is_framed || !passkeys.permits(origin) {
        return None;
    }
    Url::parse(origin).ok()
}
