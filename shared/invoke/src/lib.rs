//! Calls to AWS beyond the tables: asynchronous invocations of other functions, events for a bus, and mail. Each is one
//! signed POST, for which a whole SDK would double the start of a function.

mod event_bus;
mod mail;
mod signed;
mod worker;

pub use event_bus::Entry;
pub use mail::{Letter, SendFault};
pub use signed::Services;
