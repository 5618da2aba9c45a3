//! Access tokens that others can verify: their keys, the public part of them, and the way from one key to the next.

mod changing;
mod compromised;
mod forging;
mod loaded;
mod looking;
mod public;
mod revoking;
mod rotating;
mod status;
mod verifiers;
mod world;
