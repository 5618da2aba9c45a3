//! `/api/{collection}` and `/api/{collection}/{id}`

pub(crate) mod look;

mod bulk;
mod create;
mod delete;
mod etag;
mod get;
mod idempotency;
mod list;
mod permissions;
mod queries;
mod races;
mod relations;
mod unique;
mod update;
