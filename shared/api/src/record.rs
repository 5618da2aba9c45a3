//! The body of a record, checked against its collection's definition.

mod body;
mod format;
mod input;
mod profile;
#[cfg(test)]
mod tests;
mod value;

pub use self::body::{check, check_but};
pub use self::input::{Input, OwnerInput, Relation, Standing, Write};
pub use self::profile::{MAX_PROFILE, is_username, profile};
pub(crate) use self::value::fit;
