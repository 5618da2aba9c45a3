//! The event of a write, with an id that follows from the write.

use api::event::{Envelope, Event, Subject, VERSION};
use api::{Id, Timestamp};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::image::Image;
use super::record::StreamRecord;
use super::stamp::Stamp;
use super::world::{Unfit, World};

/// A write of an item.
pub(super) struct Write<'a, 'w> {
    pub(super) record: &'a StreamRecord,
    pub(super) world: &'a World<'w>,
}

impl Write<'_, '_> {
    pub(super) fn key(&self) -> &Image {
        &self.record.key
    }

    pub(super) fn before(&self) -> Option<&Image> {
        self.record.old.as_ref()
    }

    pub(super) fn after(&self) -> Option<&Image> {
        self.record.new.as_ref()
    }

    /// Whether the item was removed because it had expired.
    pub(super) fn is_expiry(&self) -> bool {
        self.record.expired
    }

    /// When the stream has seen the write, in whole seconds.
    pub(super) fn seen_at(&self) -> Timestamp {
        Timestamp::from_millis(self.record.seconds * 1000)
    }

    pub(super) fn unfit(&self, reason: &str) -> Unfit {
        Unfit::new(format!("{}: {reason}", self.record.table))
    }

    /// An attribute that must be there.
    pub(super) fn needed<T>(&self, name: &str, value: Option<T>) -> Result<T, Unfit> {
        value.ok_or_else(|| self.unfit(&format!("an item without a proper `{name}`")))
    }

    /// An event of an item that its changed attributes tell from every other write.
    pub(super) fn event(&self, stamp: Stamp, subject: Subject, event: Event) -> Envelope {
        let changed = Image::changed(self.after(), self.before());
        self.marked(stamp, subject, event, &Value::Object(changed))
    }

    /// An event of an item whose writes each have a mark.
    pub(super) fn marked(
        &self,
        stamp: Stamp,
        subject: Subject,
        event: Event,
        mark: &Value,
    ) -> Envelope {
        let key = Image::changed(Some(self.key()), None);
        // No two arrays have the same text as JSON.
        let write = json!([event.kind(), self.record.table, key, mark]);
        Envelope {
            id: id(stamp.at, write.to_string().as_bytes()),
            at: stamp.at,
            stack: self.world.stack().to_owned(),
            version: VERSION,
            actor: stamp.actor,
            subject,
            request: stamp.request,
            event,
        }
    }
}

/// A UUIDv7 (RFC 9562, section 5.7) of this time, whose 74 random bits are the first of the SHA-256 of a text.
fn id(at: Timestamp, text: &[u8]) -> Id {
    let hash = digest(&SHA256, text);
    let first = hash.as_ref().first_chunk().copied().unwrap_or_default();
    let random = u128::from_be_bytes(first) >> (128 - 74);
    let (high, low) = (random >> 62, random & ((1 << 62) - 1));
    let millis = u128::from(at.millis()) & 0xffff_ffff_ffff;
    let bits = millis << 80 | 7 << 76 | high << 64 | 2 << 62 | low;
    // The bits of version and variant are set, so the fallback is never taken.
    Id::from_bytes(bits.to_be_bytes()).unwrap_or_else(|| Id::new(at, [0; 10]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_time_and_the_first_74_bits_of_the_hash() {
        let at = Timestamp::from_millis(1_790_000_000_123);
        let id = id(at, b"abc");
        assert_eq!(id.created_at(), at);
        // SHA-256 of `abc` begins with ba7816bf 8f01cfea 4141: 12 bits, then 62.
        let bits = u128::from_be_bytes(id.bytes());
        assert_eq!(bits >> 64 & 0xfff, 0xba7);
        let next = 0xba78_16bf_8f01_cfea_4141_u128 >> 6 & ((1 << 62) - 1);
        assert_eq!(bits & ((1 << 62) - 1), next);
    }
}
