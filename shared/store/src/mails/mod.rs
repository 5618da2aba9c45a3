//! `_mail`: mails to be sent, and the proofs in them.

mod item;
mod proofs;
mod sending;

pub(crate) use self::item::posted_item;
pub use self::sending::Reading;
