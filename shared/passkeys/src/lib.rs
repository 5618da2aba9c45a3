//! Passkeys: the ceremonies of WebAuthn Level 3. Pure but for the challenges, which `webauthn-rs` draws.
//!
//! A ceremony is stored nowhere. Its state is sealed into the token that the client sends back (`ceremony`). The checks of
//! sections 7.1 and 7.2 are those of `webauthn-rs`. Some come before them here: the origin as a whole (`client`), and CBOR
//! without ambiguity (`cbor`, `data`).

mod cbor;
mod ceremony;
mod client;
mod data;
mod party;
mod registration;
mod sign_in;
#[cfg(test)]
mod tests;

pub use self::party::{Opened, Party};
pub use self::registration::Newcomer;
pub use self::sign_in::Presented;
