//! The ceremonies, played with a virtual authenticator.

mod registering;
mod signing;
mod world;
