//! Problems of `collections/*.json` and `bakend.json`. This module imports the other modules of the crate; none imports
//! it.

mod client;
mod collections;
mod definition;
mod fields;
mod indexes;
mod mail;
mod names;
mod notation;
mod passkeys;
mod password;
mod problem;
mod profile;
mod providers;
mod rows;
mod settings;
#[cfg(test)]
mod tests;
mod tokens;
mod triggers;
mod warnings;

pub use self::collections::{Checked, check, read_folder};
pub use self::notation::Notations;
pub use self::problem::Problem;
pub use self::providers::{asked_provider, is_provider_address, is_provider_name, stored_provider};
pub use self::triggers::check_triggers;
