//! The work of operators on the tables. They fill indexes, move users, records and whole deployments in and out, and make
//! seeds and the first admin. They vouch for addresses, renew keys, export the audit log. They look over a stack
//! for contradictions, take tables back to a point in time, and leave a mark of both.

pub(crate) mod audit;
pub mod backfill;
pub(crate) mod check;
mod clear;
pub(crate) mod deeds;
mod factors;
mod fill;
pub(crate) mod look;
pub(crate) mod numbers;
mod promote;
pub(crate) mod records;
pub(crate) mod recovery;
pub(crate) mod rotation;
pub(crate) mod sealing;
pub(crate) mod seed;
pub(crate) mod transfer;
pub(crate) mod vouch;
pub(crate) mod whole;
