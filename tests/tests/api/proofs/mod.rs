//! Proofs of an address: the mails that bring them, and their codes and links.

mod feedback;
mod notices;
mod registering;
mod resetting;
mod verifying;
pub(crate) mod world;
