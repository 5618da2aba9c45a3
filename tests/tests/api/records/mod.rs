//! `/api/{collection}` and `/api/{collection}/{id}`

mod create;
mod delete;
mod get;
mod list;
mod update;
