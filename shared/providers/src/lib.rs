//! The calls to providers: a code is traded, a user is read, metadata are discovered.
//!
//! Nothing of a provider's tokens is kept or handed on.

mod call;
mod discover;
mod key_set;
mod trade;

pub use call::client;
pub use discover::discover;
pub use key_set::key_set;
pub use trade::{Trade, trade};
