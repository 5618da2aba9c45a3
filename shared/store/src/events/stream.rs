//! Stream records as events: a pure function, by an allow-list of attributes. Content that is not named here never leaves
//! a table.
//!
//! The images alone decide, never the name of the operation: DynamoDB calls a write that changes nothing a change, or
//! keeps silent, by its version.

mod configuration;
mod draft;
mod image;
mod invitations;
mod keys;
mod record;
mod records;
mod sessions;
mod stamp;
#[cfg(test)]
mod tests;
mod users;
mod webhooks;
mod world;

use api::event::Envelope;
use api::tables::{API_KEYS, CONFIGURATION, DELIVERIES, INVITATIONS, SESSIONS, USERS};

use self::draft::Write;
pub use self::record::StreamRecord;
pub use self::world::{Unfit, World};

/// The attribute of an item that a restore has made, and whose making is no event.
pub(crate) const RESTORED: &str = "restored";

/// The events of a stream record, in the order of cause and effect; most records have one, many have none.
///
/// # Errors
/// A record that no rule fits.
pub fn events_of(record: &StreamRecord, world: &World<'_>) -> Result<Vec<Envelope>, Unfit> {
    let write = Write { record, world };
    // A restore brings back what has been told before.
    let is_restored = write.after().is_some_and(|new| new.has(RESTORED));
    if is_restored && write.before().is_none() {
        return Ok(Vec::new());
    }
    let name = record
        .table
        .strip_prefix(world.prefix)
        .ok_or_else(|| write.unfit("is no table of this deployment"))?;
    let events = if name == USERS.name {
        users::events_of(&write)
    } else if name == SESSIONS.name {
        sessions::events_of(&write)
    } else if name == API_KEYS.name {
        keys::events_of(&write)
    } else if name == DELIVERIES.name {
        webhooks::events_of(&write)
    } else if name == CONFIGURATION.name {
        configuration::events_of(&write)
    } else if name == INVITATIONS.name {
        invitations::events_of(&write)
    } else {
        let definition = (world.collection)(name);
        let definition = definition.ok_or_else(|| write.unfit("is no source of events"))?;
        records::events_of(&write, definition)
    };
    Ok(events?.into_iter().map(Envelope::fitted).collect())
}
