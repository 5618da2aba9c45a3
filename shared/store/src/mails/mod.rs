//! `_mail`: mails to be sent, and the proofs in them.

mod item;
mod proofs;
mod sending;

pub use self::sending::Reading;
