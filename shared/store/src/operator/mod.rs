//! The work of operators on the tables: indexes filled, users moved in and out, seeds, the first admin, addresses vouched for,
//! sealing keys, the audit log taken away.

pub(crate) mod audit;
pub mod backfill;
mod clear;
mod fill;
mod look;
mod promote;
pub(crate) mod sealing;
pub(crate) mod seed;
pub(crate) mod transfer;
pub(crate) mod vouch;
