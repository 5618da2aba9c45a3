//! Webhooks: their settings and their state, as the items of the consumers hold them. Leases, queues and logs make no
//! events.

use api::event::{Envelope, Event, Subject, subjects};
use api::{Id, Timestamp};

use super::draft::Write;
use super::image::Image;
use super::stamp::Stamp;
use super::world::Unfit;

/// The partition of the consumers' items.
const CONSUMERS: &str = "consumers";

/// The start of a webhook's id among the consumers.
const WEBHOOK: &str = "webhook:";

/// The attributes whose changes are told, each with its name on the wire. Values are never told: a URL may hold a token.
const SETTINGS: [(&str, &str); 8] = [
    ("name", "name"),
    ("url", "url"),
    ("events", "events"),
    ("collections", "collections"),
    ("timeout", "timeout"),
    ("concurrency", "concurrency"),
    ("disabled", "disabled"),
    (SECRET, "secret"),
];

/// The attribute with the sealed secret.
const SECRET: &str = "secret";

/// The attribute that a webhook has while its receiver fails.
const FAILING: &str = "failing_since";

/// The attribute of a webhook that was removed, while its item is there.
const DELETED: &str = "deleted_at";

/// The events of a write to `_deliveries`.
pub(super) fn events_of(write: &Write<'_, '_>) -> Result<Vec<Envelope>, Unfit> {
    let key = write.key();
    let id = write.needed("id", key.text("id"))?;
    let Some(id) = id
        .strip_prefix(WEBHOOK)
        .filter(|_| key.text("consumer") == Some(CONSUMERS))
    else {
        return Ok(Vec::new());
    };
    let webhook_id: Id = write.needed("id", id.parse().ok())?;
    let stamp = stamp(write)?;
    let event = |event: Event| {
        let subject = Subject::of(subjects::WEBHOOKS, webhook_id);
        write.event(stamp.clone(), subject, event)
    };
    let changed = changed(write.before(), write.after());
    let mut events = Vec::new();
    if !changed.is_empty() {
        events.push(event(Event::WebhookChanged {
            webhook_id,
            changed,
        }));
    }
    let failing = |image: Option<&Image>| image.is_some_and(|it| it.has(FAILING));
    let state = || vec!["state".to_owned()];
    match (failing(write.before()), failing(write.after())) {
        (false, true) => events.push(event(Event::WebhookFailing {
            webhook_id,
            changed: state(),
        })),
        (true, false) if live(write.after()) => events.push(event(Event::WebhookRecovered {
            webhook_id,
            changed: state(),
        })),
        _ => {}
    }
    Ok(events)
}

fn live(image: Option<&Image>) -> bool {
    image.is_some_and(|it| !it.has(DELETED))
}

/// The names of the settings that differ; of a webhook that was removed, `deleted`.
fn changed(old: Option<&Image>, new: Option<&Image>) -> Vec<String> {
    match (live(old), live(new)) {
        (true, false) => vec!["deleted".to_owned()],
        (false, false) => Vec::new(),
        (_, true) => {
            let changed = Image::changed(new, old);
            // A rotation tells who made it. A secret that was only sealed anew is the same one.
            let is_told = match (old, new) {
                (Some(old), Some(new)) => !new.same(old, "change"),
                _ => true,
            };
            let settings = SETTINGS
                .iter()
                .filter(|(name, _)| changed.contains_key(*name) && (is_told || *name != SECRET));
            settings.map(|(_, wire)| (*wire).to_owned()).collect()
        }
    }
}

/// The time and the actor of a write. The system changes a state without saying so.
fn stamp(write: &Write<'_, '_>) -> Result<Stamp, Unfit> {
    let old = write.before();
    let told = write.after().and_then(|new| {
        let is_new = old.is_none_or(|old| !new.same(old, "change"));
        new.map("change").filter(|_| is_new)
    });
    if let Some(told) = told {
        let at = write.needed("change.at", told.time("at"))?;
        return Ok(Stamp::read(&told, at));
    }
    let since: Option<Timestamp> = write.after().and_then(|new| new.time(FAILING));
    let since = since.filter(|_| old.is_none_or(|old| !old.has(FAILING)));
    match (write.after(), since) {
        (None, _) => Ok(Stamp::untold(write.seen_at())),
        (Some(_), since) => Ok(Stamp::system(since.unwrap_or(write.seen_at()))),
    }
}
