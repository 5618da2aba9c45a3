//! The work of operators on the tables: indexes filled, users moved in and out, seeds, the first admin.

pub mod backfill;
mod clear;
mod fill;
mod look;
mod promote;
pub(crate) mod seed;
pub(crate) mod transfer;
