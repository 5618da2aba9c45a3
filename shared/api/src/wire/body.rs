//! Bodies: how a JSON object is decoded, and how its faults are told.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Detail, Error};

/// What a request's JSON object becomes.
pub trait Body: Sized {
    /// Whether the endpoint has a body at all, and whether it may be left out.
    const PRESENCE: Presence;

    /// Takes what it knows out of `fields`; what is missing or wrong is noted there.
    fn read(fields: &mut Fields) -> Option<Self>;
}

/// Whether a request has a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Never: whatever is sent is ignored.
    None,
    /// It may be left out, which means the same as an empty object.
    Optional,
    /// It must be there.
    Required,
}

/// Decodes a body.
///
/// # Errors
/// `common/validation-failed` naming every field that is missing, of the wrong type or not known.
pub fn decode<B: Body>(object: Map<String, Value>) -> Result<B, Error> {
    let mut fields = Fields {
        object,
        details: Vec::new(),
    };
    let body = B::read(&mut fields);
    let Fields {
        object,
        mut details,
    } = fields;
    details.extend(object.keys().map(|name| unknown(name)));
    match body {
        Some(body) if details.is_empty() => Ok(body),
        _ => Err(Error::invalid(details)),
    }
}

/// How many characters of a caller's name for something are told back.
pub(crate) const MAX_NAME: usize = 64;

/// What is wrong with a field that nobody declared.
pub(crate) const UNKNOWN: &str = "is not a field that can be set here";

/// The detail for a field that nobody declared. The name is the caller's, so it is cut to a decent length.
#[must_use]
pub fn unknown(name: &str) -> Detail {
    let name: String = name.chars().take(MAX_NAME).collect();
    let message = format!("`{name}` {UNKNOWN}.");
    Detail::new(name, "unknown-field", message)
}

/// A JSON object on its way into a body.
#[derive(Debug)]
pub struct Fields {
    pub(super) object: Map<String, Value>,
    pub(super) details: Vec<Detail>,
}

impl Fields {
    /// A string that must be there.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let text = self.optional_text(name);
        if text.is_none() && !self.details.iter().any(|detail| detail.field == name) {
            self.details.push(Detail::new(
                name,
                "required",
                format!("`{name}` is required."),
            ));
        }
        text
    }

    /// A string that may be left out or null.
    pub fn optional_text(&mut self, name: &str) -> Option<String> {
        match self.object.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                self.details.push(Detail::new(
                    name,
                    "type",
                    format!("`{name}` must be a string."),
                ));
                None
            }
        }
    }

    /// Strings that may be left out.
    pub(super) fn optional_texts<const N: usize>(
        &mut self,
        names: [&str; N],
    ) -> [Option<String>; N] {
        names.map(|name| self.optional_text(name))
    }

    /// A string that may be left out, where null would mean nothing.
    pub fn given_text(&mut self, name: &str) -> Option<String> {
        if self.object.get(name).is_some_and(Value::is_null) {
            self.object.remove(name);
            self.wrong(name, "type", &format!("`{name}` must be a string."));
            return None;
        }
        self.optional_text(name)
    }

    /// A truth value that may be left out, where null would mean nothing.
    pub fn given_flag(&mut self, name: &str) -> Option<bool> {
        match self.object.remove(name) {
            None => None,
            Some(Value::Bool(flag)) => Some(flag),
            Some(_) => {
                self.details.push(Detail::new(
                    name,
                    "type",
                    format!("`{name}` must be true or false."),
                ));
                None
            }
        }
    }

    /// Null, which may be left out; nothing else is taken.
    pub(super) fn given_null(&mut self, name: &str) -> Option<()> {
        match self.object.remove(name)? {
            Value::Null => Some(()),
            _ => {
                self.wrong(name, "type", &format!("`{name}` can only be null."));
                None
            }
        }
    }

    /// A whole number in a range, both ends included, that may be left out or null.
    pub(super) fn optional_integer(&mut self, name: &str, [least, most]: [u64; 2]) -> Option<u64> {
        let (code, message) = match self.object.remove(name)? {
            Value::Null => return None,
            Value::Number(number) => match number.as_u64() {
                Some(number) if (least..=most).contains(&number) => return Some(number),
                Some(_) => ("range", format!("`{name}` must be {least} to {most}.")),
                None => ("type", format!("`{name}` must be a whole number.")),
            },
            _ => ("type", format!("`{name}` must be a whole number.")),
        };
        self.details.push(Detail::new(name, code, message));
        None
    }

    /// The items of a list that must be there and hold `least` to `most` of them.
    pub(super) fn list(&mut self, name: &str, least: usize, most: usize) -> Option<Vec<Value>> {
        let (code, message) = match self.object.remove(name) {
            Some(Value::Array(items)) if (least..=most).contains(&items.len()) => {
                return Some(items);
            }
            Some(Value::Array(items)) => (
                "range",
                format!(
                    "`{name}` has {} items; there may be {least} to {most}.",
                    items.len()
                ),
            ),
            None | Some(Value::Null) => ("required", format!("`{name}` is required.")),
            Some(_) => ("type", format!("`{name}` must be an array.")),
        };
        self.details.push(Detail::new(name, code, message));
        None
    }

    /// Everything, for a body whose fields are declared elsewhere.
    pub fn all(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.object)
    }

    /// Whether something is there that is not null.
    pub(super) fn has(&mut self, name: &str) -> bool {
        if self.object.get(name).is_some_and(Value::is_null) {
            self.object.remove(name);
        }
        self.object.contains_key(name)
    }

    pub(super) fn wrong(&mut self, name: &str, code: &str, message: &str) {
        self.details.push(Detail::new(name, code, message));
    }

    /// The items of a list, all of which must be strings.
    pub(super) fn texts(&mut self, name: &str, items: Vec<Value>) -> Option<Vec<String>> {
        let mut texts = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text),
                _ => {
                    let place = format!("{name}[{at}]");
                    let message = format!("`{place}` must be a string.");
                    self.details.push(Detail::new(place, "type", message));
                    return None;
                }
            }
        }
        Some(texts)
    }
}

/// A body that the handler reads once it knows that somebody is asking: whoever has no token hears that first.
#[derive(Debug)]
pub struct Unread<B>(Map<String, Value>, PhantomData<fn() -> B>);

impl<B: Body> Unread<B> {
    /// The body.
    ///
    /// # Errors
    /// `common/validation-failed` naming every field that is missing, of the wrong type or not known.
    pub fn read(&self) -> Result<B, Error> {
        decode(self.0.clone())
    }
}

impl<B: Body> Body for Unread<B> {
    const PRESENCE: Presence = B::PRESENCE;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.all(), PhantomData))
    }
}

impl<B: JsonSchema> JsonSchema for Unread<B> {
    fn inline_schema() -> bool {
        B::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        B::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        B::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        B::json_schema(generator)
    }
}

/// Takes null out of the types of an attribute that may be left out.
pub(super) fn not_null(schema: &mut Schema) {
    let types = schema.get("type").and_then(Value::as_array);
    let only = types.and_then(|types| types.iter().find(|it| *it != "null").cloned());
    if let Some(only) = only {
        schema.insert("type".to_owned(), only);
    }
}

/// No body: whatever is sent is ignored.
#[derive(Debug, JsonSchema)]
pub struct NoBody {}

impl Body for NoBody {
    const PRESENCE: Presence = Presence::None;

    fn read(_: &mut Fields) -> Option<Self> {
        Some(Self {})
    }
}

/// No reply: 204.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NoContent;
