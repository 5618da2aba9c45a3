//! Events: changes that were committed, with their actors. Types and fields are only ever added.

pub mod actor_type;
mod consumer;
mod data;
mod declare;
mod detail;
mod envelope;
pub mod example;
mod key_step;
mod kind;
mod pattern;
pub mod reason;

pub use actor_type::ActorType;
pub use consumer::{Consumer, NotAConsumer};
pub use data::Event;
pub use detail::PasskeyReason;
pub use envelope::{Actor, Envelope, MAX_BYTES, Origin, Subject, VERSION};
pub use key_step::KeyStep;
pub use kind::{Kind, NotAKind};
pub use pattern::{NotAPattern, Pattern};
pub use reason::Reason;

/// The subjects that are no collection.
pub mod subjects {
    /// Users, also in every `auth.*` event.
    pub const USERS: &str = "users";
    /// API keys.
    pub const KEYS: &str = "keys";
    /// Webhooks.
    pub const WEBHOOKS: &str = "webhooks";
    /// Configuration that admins change at run time.
    pub const CONFIGURATION: &str = "configuration";
    /// The keys of access tokens, among configuration.
    pub const TOKEN_KEYS: &str = "keys";
    /// The attempts that count against accounts and sources, among configuration.
    pub const THROTTLE: &str = "throttle";
    /// The start of the id of a table that an operator has taken back or repaired, among configuration.
    pub const TABLE: &str = "table#";
    /// Invitations.
    pub const INVITATIONS: &str = "invitations";
}
