//! Values read as the nouns of files: an object is read from an object alone.
//!
//! Derived code also reads a struct from a list, by the order of its fields. So `"permissions": ["admin"]` would let
//! admins create and everybody else do the rest.

use serde::de::value::{MapDeserializer, SeqDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::{Error, Value};

/// Reads a part of a file. Every struct that a file holds is read here.
///
/// # Errors
/// The place in the part, empty for the whole, and the reason.
pub(crate) fn read<T: DeserializeOwned>(part: Value) -> Result<T, (String, String)> {
    serde_path_to_error::deserialize(Tree(part)).map_err(|error| {
        let place = error.path().to_string();
        let place = if place == "." { String::new() } else { place };
        (place, error.into_inner().to_string())
    })
}

/// Reads JSON that this deployment has written and sealed itself; `None` for anything else.
#[must_use]
pub fn known<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

/// Reads an object that may be left out, but not be null.
///
/// # Errors
/// Those of the object.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A value on its way into a noun.
struct Tree(Value);

impl IntoDeserializer<'_, Error> for Tree {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Tree {
    /// The members of an object.
    fn members<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let members = match self.0 {
            Value::Object(members) => members,
            Value::Array(_) => return Err(Error::custom("must be an object, not a list")),
            Value::Null => return Err(Error::custom("must be an object, not null")),
            other => {
                return Err(Error::custom(format_args!(
                    "must be an object, not {other}"
                )));
            }
        };
        let members = members.into_iter().map(|(name, value)| (name, Self(value)));
        let mut members = MapDeserializer::new(members);
        let made = visitor.visit_map(&mut members)?;
        members.end().map(|()| made)
    }
}

impl<'de> Deserializer<'de> for Tree {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => number.deserialize_any(visitor),
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Self));
                let made = visitor.visit_seq(&mut items)?;
                items.end().map(|()| made)
            }
            Value::Object(_) => self.members(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.members(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.members(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(text) => {
                StringDeserializer::<Error>::new(text).deserialize_enum(name, variants, visitor)
            }
            other => Err(Error::custom(format_args!(
                "must be one of {}, not {other}",
                variants.join(", ")
            ))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct identifier ignored_any
    }
}
