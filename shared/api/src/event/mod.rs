//! Events: the reasons of the changes that they tell of.

pub mod reason;

pub use reason::Reason;
