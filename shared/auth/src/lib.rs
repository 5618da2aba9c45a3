//! The rules: users, sessions, passwords, tokens and permissions.
//!
//! Pure: no AWS, no HTTP, no clock, no environment, no randomness of its own. Time and random bytes come in as
//! arguments, so every decision can be tested as a table.

pub mod access_token;
pub mod account;
mod address;
pub mod api_key;
pub mod authentication;
pub mod backing;
pub mod caller;
pub mod consent;
pub mod cursor;
pub mod email;
pub mod factor;
pub mod feedback;
pub mod grant;
pub mod guess;
pub mod impersonation;
pub mod invitation;
mod jwt;
pub mod keys;
pub mod leaver;
pub mod login;
pub mod notice;
pub mod passkey;
pub mod password;
pub mod permission;
pub mod precondition;
pub mod prepare;
pub mod proof;
pub mod provider;
pub mod refresh;
pub mod refresh_token;
pub mod rotation;
#[cfg(test)]
mod sample;
pub mod scope;
pub mod sealing;
pub mod service;
pub mod session;
pub mod sign_in;
pub mod terms;
pub mod throttle;
pub mod token_key;
pub mod user;
pub mod visibility;
mod ways;
pub mod webhook;
pub mod writer;

pub use access_token::Claims;
pub use api_key::{ApiKey, PresentedKey};
pub use backing::{Backing, Fresh, Keyring, Opening};
pub use caller::{Admitted, Caller, Credentials};
pub use grant::{Requirement, Scope};
pub use guess::{Door, Guess};
pub use keys::{Keys, TokenTerms};
pub use refresh_token::RefreshToken;
pub use scope::Scopes;
pub use session::Session;
pub use user::{Identity, User};
pub use visibility::Visibility;
pub use writer::Writer;
