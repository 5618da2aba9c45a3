//! Values: the one form of numbers, the one order of values, how texts and files become values and nouns, host
//! names and languages. It imports no other module of the crate.

mod duplicates;
mod email;
mod label;
mod locale;
mod number;
mod order;
#[cfg(test)]
mod random;
mod text;
mod tree;

pub(crate) use self::duplicates::{count_colons, count_members};
pub use self::email::{MAX_EMAIL, is_email};
pub use self::label::is_label;
pub use self::locale::is_locale;
pub use self::number::canonical;
pub(crate) use self::number::is_integer;
pub use self::order::compare;
pub(crate) use self::order::compare_alike;
#[cfg(test)]
pub(crate) use self::random::Random;
pub use self::text::parse;
pub use self::tree::known;
pub(crate) use self::tree::{present, read};
