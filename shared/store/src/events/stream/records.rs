//! Records: an event for each new revision.

use api::event::{Actor, ActorType, Envelope, Event, Subject};
use api::{Definition, Timestamp};
use auth::user::AUTHENTICATED;
use serde_json::{Map, Value, json};

use super::draft::Write;
use super::image::Image;
use super::stamp::{Stamp, origin};
use super::world::Unfit;
use crate::records::record::{StoredRecord, read_record};

/// The partitions of records. Reservations and idempotency keys lie behind them.
const SHARDS: std::ops::Range<u64> = 0..16;

/// A record as a consumer sees it.
struct Shown {
    owner: Option<String>,
    /// The declared fields, by which changes are told.
    fields: Map<String, Value>,
    view: Map<String, Value>,
}

/// The event of a write to a collection's table; none unless a record has a new revision.
pub(super) fn events_of(
    write: &Write<'_, '_>,
    definition: &Definition,
) -> Result<Vec<Envelope>, Unfit> {
    let shard = write.needed("shard", write.key().number("shard"))?;
    let Some(new) = write.after() else {
        return Ok(Vec::new());
    };
    if !SHARDS.contains(&shard) || !definition.events {
        return Ok(Vec::new());
    }
    let old = write.before();
    let rev = write.needed("rev", new.text("rev"))?.to_owned();
    let previous_rev = old.and_then(|old| old.text("rev")).map(ToOwned::to_owned);
    if previous_rev.as_ref() == Some(&rev) {
        return Ok(Vec::new());
    }
    let id = write.needed("id", write.key().id("id"))?;
    let (before, after) = (
        old.map(|old| shown(write, old, definition))
            .transpose()?
            .flatten(),
        shown(write, new, definition)?,
    );
    let changed = changed(before.as_ref(), after.as_ref());
    let owner = after.as_ref().or(before.as_ref());
    let owner = owner.and_then(|shown| shown.owner.clone());
    let at = if after.is_some() {
        write.needed("updated_at", new.time("updated_at"))?
    } else {
        write.needed("deleted_at", new.time("deleted_at"))?
    };
    let mark = json!(rev);
    let event = match (before, after) {
        (None, Some(after)) => Event::RecordCreated {
            rev,
            previous_rev,
            changed,
            record: Some(after.view),
            previous: None,
            truncated: false,
        },
        (Some(before), Some(after)) => Event::RecordUpdated {
            rev,
            previous_rev,
            changed,
            record: Some(after.view),
            previous: Some(before.view),
            truncated: false,
        },
        (Some(before), None) => Event::RecordDeleted {
            rev,
            previous_rev,
            changed,
            record: None,
            previous: Some(before.view),
            truncated: false,
        },
        // The record was gone before.
        (None, None) => return Ok(Vec::new()),
    };
    let subject = Subject {
        owner,
        ..Subject::of(&definition.name, id)
    };
    Ok(vec![write.marked(stamp(new, at), subject, event, &mark)])
}

/// The record of an image; `None` for a tombstone.
fn shown(
    write: &Write<'_, '_>,
    image: &Image,
    definition: &Definition,
) -> Result<Option<Shown>, Unfit> {
    if image.has("deleted_at") {
        return Ok(None);
    }
    let record: StoredRecord =
        read_record(image.item()).map_err(|_| write.unfit("a broken record"))?;
    let record = record.wire(definition);
    Ok(Some(Shown {
        owner: record.owner.clone(),
        fields: record.fields.clone(),
        view: record.view(None).0,
    }))
}

/// The names of the declared fields that differ.
fn changed(before: Option<&Shown>, after: Option<&Shown>) -> Vec<String> {
    let fields = |shown: Option<&Shown>| shown.map_or_else(Map::new, |it| it.fields.clone());
    differing(&fields(before), &fields(after))
}

/// The names of the members that differ, in order.
pub(super) fn differing(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<String> {
    let added = after.keys().filter(|name| !before.contains_key(*name));
    let mut names: Vec<String> = before
        .iter()
        .filter(|(name, value)| after.get(*name) != Some(value))
        .map(|(name, _)| name)
        .chain(added)
        .cloned()
        .collect();
    names.sort_unstable();
    names
}

/// The actor of a write, as the record has it.
fn stamp(image: &Image, at: Timestamp) -> Stamp {
    let Some(actor) = image.map("actor") else {
        return Stamp::untold(at);
    };
    let (user, key) = (actor.id("user_id"), actor.id("key_id"));
    let trigger = actor.text("trigger").map(ToOwned::to_owned);
    let kind = match (actor.text("by").and_then(ActorType::parse), user, key) {
        (Some(kind), ..) => kind,
        (None, ..) if trigger.is_some() => ActorType::System,
        (None, Some(_), _) => ActorType::User,
        (None, None, Some(_)) => ActorType::Key,
        (None, None, None) => ActorType::Stranger,
    };
    // A request that writes a record knows its user's role, and the commonest is not stored.
    let role = actor.text("role").or(user.map(|_| AUTHENTICATED));
    Stamp {
        at,
        request: origin(&actor, kind),
        actor: Some(Actor {
            id: user,
            role: role.map(ToOwned::to_owned),
            key_id: key,
            impersonator: actor.id("impersonator"),
            trigger,
            depth: actor
                .number("depth")
                .and_then(|depth| depth.try_into().ok()),
            ..Actor::of(kind)
        }),
    }
}
