//! Proofs of an address: the mails that bring them, and their codes and links.

mod resetting;
mod verifying;
pub(crate) mod world;
