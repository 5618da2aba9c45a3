//! `/api/{collection}` and `/api/{collection}/{id}`

pub(crate) mod look;
pub(crate) mod shop;

mod budgets;
mod bulk;
mod caps;
mod columns;
mod create;
mod delete;
mod etag;
mod expand;
mod filters;
mod get;
mod idempotency;
mod list;
mod permissions;
mod queries;
mod races;
mod relations;
mod rows;
mod safety;
mod sorting;
mod spec;
mod tombstones;
mod unique;
mod update;
mod verified;
