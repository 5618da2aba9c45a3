//! Deliveries to a webhook or a trigger.

use schemars::JsonSchema;
use serde::Serialize;

use crate::id::Id;
use crate::time::Timestamp;

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It is tried when it is due.
    Waiting,
    /// It has arrived.
    Delivered,
    /// It is tried no more, unless somebody redelivers it.
    Parked,
}

impl DeliveryState {
    /// All of them, in the order of a list.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Parked, Self::Delivered];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// An attempt of a delivery, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// The status that a webhook's receiver answered; null where it did not, and for a trigger.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// Why it was no success, in a word; null for a success, or where the status tells.
    pub error: Option<String>,
    /// The first KiB of the receiver's reply; null where there was none.
    pub reply: Option<String>,
}

/// A delivery of an event.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The event's id.
    pub event_id: Id,
    /// The event's type.
    pub r#type: String,
    /// Whether it waits, has arrived or is parked.
    pub state: DeliveryState,
    /// How many attempts there were, since it was last redelivered.
    pub attempts: u32,
    /// When the next attempt is due; null unless it waits.
    pub due_at: Option<Timestamp>,
    /// The last attempt; null before the first.
    pub last: Option<Attempt>,
}

/// A page of deliveries.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryPage {
    /// The deliveries: waiting ones, then parked ones, then those that have arrived, each newest first.
    pub items: Vec<Delivery>,
    /// The `cursor` of the next page; null at the end.
    pub next_cursor: Option<String>,
}
