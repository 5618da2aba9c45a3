//! Calls to AWS beyond the tables: asynchronous invocations of other functions, and events for a bus. Both are one signed
//! POST, for which a whole SDK would double the start of a function.

mod event_bus;
mod signed;
mod worker;

pub use event_bus::Entry;
pub use signed::Services;
