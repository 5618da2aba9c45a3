//! The work of operators on the tables. They fill indexes, move users in and out, make seeds and the first admin, and vouch
//! for addresses. They renew sealing keys, export the audit log, look over a stack for contradictions, and take tables back
//! to a point in time.

pub(crate) mod audit;
pub mod backfill;
pub(crate) mod check;
mod clear;
mod factors;
mod fill;
mod look;
mod promote;
pub(crate) mod recovery;
pub(crate) mod rotation;
pub(crate) mod sealing;
pub(crate) mod seed;
pub(crate) mod transfer;
pub(crate) mod vouch;
