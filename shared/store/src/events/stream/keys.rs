//! API keys: made, rotated, deleted. A deleted key stays as a tombstone until TTL removes it.

use api::event::{Envelope, Event, Subject, subjects};
use api::wire::KeyType;
use api::{Id, Timestamp};

use super::draft::Write;
use super::image::Image;
use super::stamp::Stamp;
use super::world::Unfit;

/// The events of a write to `_api_keys`.
pub(super) fn events_of(write: &Write<'_, '_>) -> Result<Vec<Envelope>, Unfit> {
    let key = write.needed("id", write.key().text("id"))?;
    if key.starts_with('#') {
        return Ok(Vec::new());
    }
    let key_id: Id = write.needed("id", key.parse().ok())?;
    let live = |image: Option<&'_ Image>| image.is_some_and(|it| !it.has("deleted_at"));
    let (was, is) = (live(write.before()), live(write.after()));
    // A tombstone has name, type and scopes too. An operator may have removed a key without one.
    let Some(image) = write.after().or(write.before()) else {
        return Err(write.unfit("a write without an image"));
    };
    let kind = match (was, is) {
        (false, true) => Deed::Created,
        (true, true) if rotated(write) => Deed::Rotated,
        (true, false) => Deed::Deleted,
        (true, true) | (false, false) => return Ok(Vec::new()),
    };
    let name = write.needed("name", image.text("name"))?.to_owned();
    let r#type = write.needed("type", image.text("type").and_then(KeyType::parse))?;
    let scopes = write.needed("scopes", image.texts("scopes"))?;
    let (stamp, event) = match kind {
        Deed::Created => (
            stamp(write, key_id.created_at())?,
            Event::KeyCreated {
                key_id,
                name,
                r#type,
                scopes,
            },
        ),
        Deed::Rotated => (
            stamp(write, image.time("rotated_at").unwrap_or(write.seen_at()))?,
            Event::KeyRotated {
                key_id,
                name,
                r#type,
                scopes,
            },
        ),
        Deed::Deleted => (
            stamp(write, image.time("deleted_at").unwrap_or(write.seen_at()))?,
            Event::KeyDeleted {
                key_id,
                name,
                r#type,
                scopes,
            },
        ),
    };
    let subject = Subject::of(subjects::KEYS, key_id);
    Ok(vec![write.event(stamp, subject, event)])
}

enum Deed {
    Created,
    Rotated,
    Deleted,
}

fn rotated(write: &Write<'_, '_>) -> bool {
    let both = write.before().zip(write.after());
    both.is_some_and(|(old, new)| !old.same(new, "rotated_at"))
}

/// The time and the actor of a write; `at` where the write says nothing of itself.
fn stamp(write: &Write<'_, '_>, at: Timestamp) -> Result<Stamp, Unfit> {
    let told = write.after().and_then(|new| {
        let is_new = write.before().is_none_or(|old| !new.same(old, "change"));
        new.map("change").filter(|_| is_new)
    });
    match told {
        Some(told) => {
            let at = write.needed("change.at", told.time("at"))?;
            Ok(Stamp::read(&told, at))
        }
        None => Ok(Stamp::untold(at)),
    }
}
