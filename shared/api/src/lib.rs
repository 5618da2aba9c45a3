//! The contract: the endpoint page, the wire types, collection definitions and the closed list of errors.
//!
//! Pure: no AWS, no HTTP library, no clock, no environment. Every other crate imports this one; it imports none of
//! them.

pub mod check;
pub mod consumers;
pub mod definition;
pub mod deployment;
pub mod endpoints;
pub mod error;
pub mod event;
pub mod fingerprint;
pub mod front;
pub mod id;
pub mod mail;
pub mod oauth;
pub mod origin;
pub mod project;
pub mod query;
pub mod record;
pub mod redirect;
pub mod rule;
pub mod settings;
pub mod sort_key;
pub mod tables;
pub mod time;
pub mod trigger;
pub mod value;
pub mod wire;

pub use definition::{Definition, Operation};
pub use deployment::Deployment;
pub use endpoints::{Endpoint, Method};
pub use error::{Code, Detail, Error, MfaChallenge, MfaMethod, told_together};
pub use front::Front;
pub use id::Id;
pub use oauth::OAuthCode;
pub use rule::Rule;
pub use time::{Moment, Timestamp};
