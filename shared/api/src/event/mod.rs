//! Events: the reasons of the changes that they tell of, and the kinds of actors behind these.

pub mod actor_type;
pub mod reason;

pub use actor_type::ActorType;
pub use reason::Reason;
