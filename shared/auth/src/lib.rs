//! The rules: users, sessions, passwords, tokens and permissions.
//!
//! Pure: no AWS, no HTTP, no clock, no environment, no randomness of its own. Time and random bytes come in as
//! arguments, so every decision can be tested as a table.

pub mod access_token;
pub mod api_key;
pub mod backing;
pub mod cursor;
pub mod email;
pub mod keys;
pub mod login;
pub mod password;
pub mod permission;
pub mod precondition;
pub mod refresh;
pub mod refresh_token;
pub mod session;
pub mod throttle;
pub mod user;
pub mod visibility;

pub use access_token::Claims;
pub use api_key::{ApiKey, PresentedKey, Scopes};
pub use backing::{Backing, Keyring, Opening};
pub use keys::Keys;
pub use permission::{Requirement, Scope};
pub use refresh_token::RefreshToken;
pub use session::{Caller, Credentials, Session};
pub use user::{Identity, User};
pub use visibility::Visibility;
