//! `_invitations`: made, sent again, closed and listed.

pub(crate) mod closing;
pub(crate) mod item;
mod listing;
mod sending;

pub use self::listing::{InvitationsPage, Wanted};
