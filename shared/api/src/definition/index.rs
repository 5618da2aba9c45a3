//! Indexes, and the order that each keeps.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::value;

/// A field in an order: of an index, or of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The field.
    pub field: String,
    /// Whether the greatest value comes first.
    pub descending: bool,
}

impl Order {
    /// Reads `field` or `-field`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix('-') {
            Some(field) => Self {
                field: field.to_owned(),
                descending: true,
            },
            None => Self {
                field: text.to_owned(),
                descending: false,
            },
        }
    }
}

/// An index that a collection declares: an ordered list of fields, `-` before those with the greatest value first.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "IndexForm")]
pub struct Index {
    /// The fields, such as `status` and `-createdAt`.
    pub fields: Vec<String>,
    /// Whether it is kept for each owner apart, for lists of one owner's records.
    pub per_owner: bool,
}

/// The fields alone, or with the word whether it is kept for each owner apart.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum IndexForm {
    /// The fields in order, such as `["status", "-createdAt"]`.
    Fields(#[schemars(length(min = 1, max = 4))] Vec<String>),
    /// The fields in order, and for whom.
    Full(FullIndex),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
struct FullIndex {
    /// The fields in order, `-` before those with the greatest value first.
    #[schemars(length(min = 1, max = 4))]
    fields: Vec<String>,
    /// Whether it is kept for each owner apart, for lists of one owner's records.
    #[serde(default)]
    per_owner: bool,
}

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let FullIndex { fields, per_owner } = match Value::deserialize(deserializer)? {
            Value::Array(items) => {
                let names = items
                    .iter()
                    .map(|item| item.as_str().map(str::to_owned))
                    .collect::<Option<_>>();
                FullIndex {
                    fields: names.ok_or_else(|| D::Error::custom(INDEX_FORMS))?,
                    per_owner: false,
                }
            }
            object @ Value::Object(_) => value::read(object)
                .map_err(|(_, reason)| D::Error::custom(format_args!("{reason}; {INDEX_FORMS}")))?,
            _ => return Err(D::Error::custom(INDEX_FORMS)),
        };
        Ok(Self { fields, per_owner })
    }
}

const INDEX_FORMS: &str = r#"an index is a list of field names such as ["status", "-createdAt"], or {"fields": ["status", "-createdAt"], "perOwner": true}"#;

impl Serialize for Index {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.fields.clone();
        match self.per_owner {
            true => IndexForm::Full(FullIndex {
                fields,
                per_owner: true,
            }),
            false => IndexForm::Fields(fields),
        }
        .serialize(serializer)
    }
}

impl Index {
    /// The order it keeps.
    pub fn order(&self) -> impl Iterator<Item = Order> {
        self.fields.iter().map(|field| Order::parse(field))
    }

    /// The name of the table's index and of the attribute that holds its sort key: `by.status.-createdAt`, or
    /// `own.status.-createdAt` per owner. Another order has another name, so an index never changes its meaning.
    #[must_use]
    pub fn name(&self) -> String {
        format!(
            "{}.{}",
            if self.per_owner { "own" } else { "by" },
            self.fields.join(".")
        )
    }
}
