//! `/api/{collection}` and `/api/{collection}/{id}`

pub(crate) mod look;

mod create;
mod delete;
mod get;
mod list;
mod permissions;
mod races;
mod update;
