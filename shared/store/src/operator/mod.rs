//! The work of operators on the tables. They fill indexes, move users, records and whole deployments in and out, and make
//! seeds and the first admin. They vouch for addresses, renew keys and export the audit log.

pub(crate) mod audit;
pub mod backfill;
mod clear;
mod factors;
mod fill;
pub(crate) mod look;
pub(crate) mod numbers;
mod promote;
pub(crate) mod records;
pub(crate) mod rotation;
pub(crate) mod sealing;
pub(crate) mod seed;
pub(crate) mod transfer;
pub(crate) mod vouch;
pub(crate) mod whole;
