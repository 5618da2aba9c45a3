//! The items of a consumer's queue: deliveries that wait, are parked or have arrived.
//!
//! A waiting delivery's key begins with its due time, so one query gives what is due, in order. A delivery that an admin
//! asked for has the due time 0: it comes first, and twice asked is once there.

use api::event::Consumer;
use api::tables::DELIVERIES;
use api::wire::{Attempt, Delivery, DeliveryState};
use api::{Error, Id, Timestamp};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::{Item, Reader, number, text, time};

/// The beginnings of the sort keys.
pub(super) const WAITING: &str = "p#";
pub(super) const PARKED: &str = "k#";
pub(super) const DELIVERED: &str = "d#";

/// A delivery that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The consumer that it waits for.
    pub consumer: Consumer,
    /// The event's id.
    pub event: Id,
    /// The event's type.
    pub kind: String,
    /// When the next attempt is due.
    pub due: Timestamp,
    /// Whether an admin asked for it: then it does not wait for a probe.
    pub asked: bool,
    /// The attempts so far.
    pub attempts: u32,
    /// Whether it is tried without others beside it, since a worker has died of it or beside it.
    pub alone: bool,
    /// The last attempt.
    pub last: Option<Attempt>,
    /// When its event expires, in seconds.
    pub expires_at: u64,
}

impl Waiting {
    /// A new delivery of an event of this type, due at once. `expires_at` is the event's, in seconds.
    #[must_use]
    pub fn new(
        consumer: Consumer,
        (event, kind): (Id, &str),
        due: Timestamp,
        expires_at: u64,
    ) -> Self {
        Self {
            consumer,
            event,
            kind: kind.to_owned(),
            due,
            asked: false,
            attempts: 0,
            alone: false,
            last: None,
            expires_at,
        }
    }

    /// The delivery as an admin asks for it: it comes first, and does not wait for a probe.
    #[must_use]
    pub fn asked(self) -> Self {
        Self {
            asked: true,
            ..self
        }
    }

    /// The sort key, by which a lease names what is running.
    #[must_use]
    pub fn key(&self) -> String {
        let due = if self.asked { 0 } else { self.due.millis() };
        format!("{WAITING}{due:013}#{}", self.event)
    }

    /// The item.
    pub(crate) fn item(&self) -> Item {
        let mut item = key(&self.consumer.to_string(), &self.key());
        item.extend(self.common());
        item.insert("due".to_owned(), time(self.due));
        for (name, is) in [("asked", self.asked), ("alone", self.alone)] {
            item.extend(is.then(|| (name.to_owned(), AttributeValue::Bool(true))));
        }
        item
    }

    /// The item of the delivery as parked.
    pub(super) fn parked(&self) -> Item {
        let mut item = key(
            &self.consumer.to_string(),
            &format!("{PARKED}{}", self.event),
        );
        item.extend(self.common());
        item
    }

    /// The item of the delivery as arrived, kept until `expires_at` in seconds.
    pub(super) fn delivered(&self, expires_at: u64) -> Item {
        let id = format!("{DELIVERED}{}", self.event);
        let mut item = key(&self.consumer.to_string(), &id);
        item.extend(self.common());
        item.insert("expires_at".to_owned(), number(expires_at));
        item
    }

    fn common(&self) -> Item {
        let mut item = Item::from([
            ("type".to_owned(), text(&self.kind)),
            ("attempts".to_owned(), number(self.attempts)),
            ("expires_at".to_owned(), number(self.expires_at)),
        ]);
        let last = self.last.as_ref().map(attempt);
        item.extend(last.map(|last| ("last".to_owned(), last)));
        item
    }

    /// The delivery as an admin sees it.
    #[must_use]
    pub fn to_wire(&self) -> Delivery {
        Delivery {
            event_id: self.event,
            r#type: self.kind.clone(),
            state: DeliveryState::Waiting,
            attempts: self.attempts,
            due_at: Some(self.due),
            last: self.last.clone(),
        }
    }
}

/// The key of an item.
pub(super) fn key(consumer: &str, id: &str) -> Item {
    Item::from([
        ("consumer".to_owned(), text(consumer)),
        ("id".to_owned(), text(id)),
    ])
}

/// Reads a waiting item.
pub(super) fn read(mut item: Item) -> Result<Waiting, Error> {
    let mut reader = Reader::new(DELIVERIES.name, &mut item);
    let (consumer, id) = (reader.text("consumer")?, reader.text("id")?);
    let broken = || Error::internal(format!("{} item with the key {id}", DELIVERIES.name));
    Ok(Waiting {
        consumer: consumer.parse().map_err(|_| broken())?,
        event: event_of(&id).ok_or_else(broken)?,
        kind: reader.text("type")?,
        due: reader.time("due")?,
        asked: reader.flag("asked"),
        attempts: attempts(&mut reader)?,
        alone: reader.flag("alone"),
        expires_at: reader.number("expires_at")?,
        last: last(&mut reader)?,
    })
}

/// Reads an item of any state as an admin sees it.
pub(super) fn read_delivery(mut item: Item) -> Result<Delivery, Error> {
    let mut reader = Reader::new(DELIVERIES.name, &mut item);
    let id = reader.text("id")?;
    let broken = || Error::internal(format!("{} item with the key {id}", DELIVERIES.name));
    let state = match id.get(..2) {
        Some(WAITING) => DeliveryState::Waiting,
        Some(PARKED) => DeliveryState::Parked,
        Some(DELIVERED) => DeliveryState::Delivered,
        _ => return Err(broken()),
    };
    Ok(Delivery {
        event_id: event_of(&id).ok_or_else(broken)?,
        r#type: reader.text("type")?,
        state,
        attempts: attempts(&mut reader)?,
        due_at: reader.optional_number("due").map(Timestamp::from_millis),
        last: last(&mut reader)?,
    })
}

/// The event's id, with which every sort key ends.
fn event_of(id: &str) -> Option<Id> {
    id.rsplit_once('#')?.1.parse().ok()
}

fn attempts(reader: &mut Reader<'_>) -> Result<u32, Error> {
    Ok(u32::try_from(reader.number("attempts")?).unwrap_or(u32::MAX))
}

fn attempt(attempt: &Attempt) -> AttributeValue {
    let mut map = Item::from([
        ("at".to_owned(), time(attempt.at)),
        ("ms".to_owned(), number(attempt.ms)),
    ]);
    let status = attempt.status.map(number);
    map.extend(status.map(|status| ("status".to_owned(), status)));
    for (name, value) in [("error", &attempt.error), ("reply", &attempt.reply)] {
        let value = value.as_ref().map(text);
        map.extend(value.map(|value| (name.to_owned(), value)));
    }
    AttributeValue::M(map)
}

fn last(reader: &mut Reader<'_>) -> Result<Option<Attempt>, Error> {
    let Some(mut map) = reader.optional_map("last") else {
        return Ok(None);
    };
    let mut reader = Reader::new(DELIVERIES.name, &mut map);
    let status = reader.optional_number("status");
    Ok(Some(Attempt {
        at: reader.time("at")?,
        status: status.and_then(|status| u16::try_from(status).ok()),
        ms: reader.number("ms")?,
        error: reader.optional_text("error"),
        reply: reader.optional_text("reply"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn waiting() -> Waiting {
        let id = Id::new(NOW, [1; 10]);
        Waiting::new(
            Consumer::Webhook(id),
            (id, "auth.login"),
            NOW,
            1_790_000_500,
        )
    }

    #[test]
    fn a_waiting_item_comes_back_as_it_went() {
        let tried = Waiting {
            attempts: 3,
            alone: true,
            asked: true,
            last: Some(Attempt {
                at: NOW,
                status: Some(500),
                ms: 12,
                error: None,
                reply: Some(String::new()),
            }),
            ..waiting()
        };
        for waiting in [waiting(), tried] {
            let item = waiting.item();
            assert_eq!(read(item.clone()).expect("read"), waiting);
            assert_eq!(read_delivery(item).expect("read"), waiting.to_wire());
        }
    }

    #[test]
    fn keys_are_in_the_order_of_due_times_and_an_asked_one_is_first() {
        let due = |millis| Waiting {
            due: Timestamp::from_millis(millis),
            ..waiting()
        };
        let asked = Waiting {
            asked: true,
            ..waiting()
        };
        let keys = [
            asked.key(),
            due(999).key(),
            due(1_790_000_000_000).key(),
            due(9_999_999_999_999).key(),
        ];
        assert!(keys.is_sorted(), "{keys:?}");
        assert!(keys[2].starts_with("p#1790000000000#0"), "{}", keys[2]);
    }

    #[test]
    fn the_other_states_are_read_from_their_keys() {
        let state = |item| {
            let delivery = read_delivery(item).expect("read");
            (delivery.state, delivery.due_at)
        };
        let waiting = waiting();
        assert_eq!(state(waiting.parked()), (DeliveryState::Parked, None));
        let delivered = waiting.delivered(7);
        assert_eq!(delivered["expires_at"], number(7));
        assert_eq!(state(delivered), (DeliveryState::Delivered, None));
        assert!(read_delivery(key("a", "x#y")).is_err());
    }
}
