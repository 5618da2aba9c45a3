//! Proofs of an address: the mails that bring them, and their codes and links.

mod changing;
mod lifetimes;
mod racing;
mod registering;
mod resetting;
mod shapes;
mod signing_in;
mod taking_over;
mod verifying;
pub(crate) mod world;
