//! `_mail`: mails to be sent, and the proofs in them.

mod due;
mod failed;
mod flows;
mod item;
mod notices;
mod proofs;
mod sending;

pub use self::due::DueMail;
pub use self::flows::Opening;
pub use self::sending::Reading;
