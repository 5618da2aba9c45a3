//! Proofs of an address: the mails that bring them, and their codes and links.

mod asked_by_admins;
pub(crate) mod changing;
mod clicking;
mod consent;
mod counting;
pub(crate) mod deployed;
pub(crate) mod disabled;
mod feedback;
mod inbox;
mod injecting;
mod lifetimes;
mod notices;
mod racing;
mod racing_accounts;
mod reauthenticating;
mod registering;
mod resetting;
pub(crate) mod returning;
mod sending;
pub(crate) mod sent;
mod shapes;
mod signing_in;
mod taking_over;
mod verifying;
pub(crate) mod world;
