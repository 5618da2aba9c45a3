//! The types of the client's package: the codes of errors, the requests and replies of apps, and events.

use api::definition::ProfileField;
use api::endpoints::{Dialect, Entry, Guard, Media};
use serde_json::{Map, Value};

use super::events;
use super::script::{Script, alias, comment, declare};
use crate::openapi;

const HEAD: &str =
    "// By cargo generate; edit wire/, event/ or error.rs in shared/api/src instead.\n";

/// The file's text.
///
/// # Errors
/// An endpoint has no schemas.
pub(super) fn draw(page: &[&Entry]) -> Result<String, String> {
    let script = Script::default();
    let mut text = HEAD.to_owned();
    let mut all = events::schemas();
    all.extend(schemas(page, &[])?);
    for (name, schema) in all {
        let about = match name.as_str() {
            // Its description lists every code once more.
            "ErrorCode" => Some("The code of an error.".to_owned()),
            _ => comment(&schema),
        };
        let members = script.members(&schema, &[]);
        text += "\n";
        text += &match members.is_empty() {
            false => declare(about.as_deref(), &name, &members),
            true => alias(about.as_deref(), &name, &script.of(&schema)),
        };
    }
    Ok(text + &events::draw())
}

/// The schemas of what apps send and get, with these profile fields.
///
/// # Errors
/// An endpoint has no schemas.
pub(super) fn schemas(
    page: &[&Entry],
    profile: &[ProfileField],
) -> Result<Map<String, Value>, String> {
    let page = page.iter().copied().filter(|entry| is_for_apps(entry));
    openapi::wire(&page.collect::<Vec<_>>(), profile)
}

/// Whether apps call it for their users: not an admin, a browser or another system.
fn is_for_apps(entry: &Entry) -> bool {
    let path = entry.path;
    let in_reach = path.starts_with("/api/auth/") || entry.guard == Guard::Open;
    let is_api =
        entry.media == Media::Json && entry.dialect == Dialect::Own && entry.kept.is_none();
    in_reach && is_api && !entry.methods.is_empty() && !entry.guard.is_of_records()
}
