//! Queries of lists: filters, order, page, and the shown part of each record.

mod audit;
mod column;
mod condition;
mod filter;
mod join;
mod limits;
mod listing;
mod matches;
mod operator;
mod parse;
mod reader;
mod rows;
#[cfg(test)]
mod tests;

pub use self::audit::AuditQuery;
pub use self::filter::{Filter, Test};
pub use self::listing::{Listing, delivery_state, invitation_status, listing};
pub use self::matches::{Comparisons, caseless};
pub use self::parse::{Query, parse, parse_filter_only};
pub(crate) use self::reader::Reader;
pub use self::rows::row_filter;
