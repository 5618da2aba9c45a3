//! Bulk writes: several operations on records in one body.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Detail, Error};
use crate::id::Id;
use crate::wire::body::{Body, Fields, Presence, unknown};
use crate::wire::record::RecordView;

/// The body of a bulk write, `{"operations": […]}`, its shape not yet checked: whoever may not write at all hears
/// that first.
#[derive(Debug, Default, JsonSchema)]
#[schemars(transparent)]
pub struct BulkOperations(Map<String, Value>);

impl Body for BulkOperations {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.all()))
    }
}

/// One operation of a bulk write.
#[derive(Clone, Debug, PartialEq)]
pub enum BulkOperation {
    /// Makes a new record of these fields.
    Create(Map<String, Value>),
    /// Merges these fields into the record of this id.
    Update(String, Map<String, Value>),
    /// Deletes the record of this id.
    Delete(String),
}

impl BulkOperations {
    /// The most operations of one body: each is at least one item of DynamoDB's transaction.
    pub const MOST: usize = 100;

    /// The operations in their order.
    ///
    /// # Errors
    /// `common/validation-failed` naming each that has not the shape of one, such as `operations[2]`.
    pub fn operations(self) -> Result<Vec<BulkOperation>, Error> {
        let mut fields = Fields {
            object: self.0,
            details: Vec::new(),
        };
        let items = fields.list("operations", 1, Self::MOST).unwrap_or_default();
        let Fields {
            object,
            mut details,
        } = fields;
        details.extend(object.keys().map(|name| unknown(name)));
        let mut operations = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            match BulkOperation::read(item) {
                Ok(operation) => operations.push(operation),
                Err((code, message)) => {
                    details.push(Detail::new(format!("operations[{at}]"), code, message))
                }
            }
        }
        if details.is_empty() {
            Ok(operations)
        } else {
            Err(Error::invalid(details))
        }
    }
}

impl BulkOperation {
    /// The record that it is about; `None` for a new one, or for what is no id.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        match self {
            Self::Create(_) => None,
            Self::Update(id, _) | Self::Delete(id) => id.parse().ok(),
        }
    }

    /// One operation, or what is wrong with it.
    fn read(item: Value) -> Result<Self, (&'static str, &'static str)> {
        const SHAPE: &str =
            "An operation is an object with one of `create`, `update` and `delete`.";
        let Value::Object(item) = item else {
            return Err(("type", SHAPE));
        };
        let mut members = item.into_iter();
        let (Some((kind, body)), None) = (members.next(), members.next()) else {
            return Err(("operation", SHAPE));
        };
        let Value::Object(mut body) = body else {
            return Err(("type", "What an operation is about is an object."));
        };
        let mut id = || match body.remove("id") {
            Some(Value::String(id)) => Ok(id),
            _ => Err(("required", "`id`, the id of the record, is required.")),
        };
        match kind.as_str() {
            "create" => Ok(Self::Create(body)),
            "update" => Ok(Self::Update(id()?, body)),
            "delete" => match (id()?, body.is_empty()) {
                (id, true) => Ok(Self::Delete(id)),
                (_, false) => Err(("unknown-field", "A deletion has an `id` and nothing else.")),
            },
            _ => Err(("operation", SHAPE)),
        }
    }
}

/// The reply of a bulk write.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BulkItems {
    /// The records as they are now, in the order of the operations; of a deleted one the `id`, and `deleted`.
    pub items: Vec<RecordView>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::body::decode;

    #[test]
    fn bulk_operations_have_a_shape_and_a_place() {
        let read =
            |body: Value| decode::<BulkOperations>(body.as_object().cloned().unwrap_or_default());
        let operations = |body: Value| read(body).and_then(BulkOperations::operations);
        let good = json!({ "operations": [{ "create": { "a": 1 } }, { "update": { "id": "x", "a": null } },
        { "delete": { "id": "y" } }] });
        let expected = [
            BulkOperation::Create(Map::from_iter([("a".to_owned(), json!(1))])),
            BulkOperation::Update(
                "x".to_owned(),
                Map::from_iter([("a".to_owned(), Value::Null)]),
            ),
            BulkOperation::Delete("y".to_owned()),
        ];
        assert_eq!(operations(good), Ok(expected.to_vec()));
        let many = vec![json!({ "create": {} }); BulkOperations::MOST + 1];
        for (body, field, code) in [
            (json!({}), "operations", "required"),
            (json!({ "operations": {} }), "operations", "type"),
            (json!({ "operations": [] }), "operations", "range"),
            (json!({ "operations": many }), "operations", "range"),
            (
                json!({ "operations": [{ "create": {} }], "x": 1 }),
                "x",
                "unknown-field",
            ),
            (
                json!({ "operations": [{ "create": {} }, 1] }),
                "operations[1]",
                "type",
            ),
            (
                json!({ "operations": [{ "create": 1 }] }),
                "operations[0]",
                "type",
            ),
            (json!({ "operations": [{}] }), "operations[0]", "operation"),
            (
                json!({ "operations": [{ "upsert": {} }] }),
                "operations[0]",
                "operation",
            ),
            (
                json!({ "operations": [{ "create": {}, "delete": {} }] }),
                "operations[0]",
                "operation",
            ),
            (
                json!({ "operations": [{ "update": {} }] }),
                "operations[0]",
                "required",
            ),
            (
                json!({ "operations": [{ "delete": { "id": 1 } }] }),
                "operations[0]",
                "required",
            ),
            (
                json!({ "operations": [{ "delete": { "id": "x", "a": 1 } }] }),
                "operations[0]",
                "unknown-field",
            ),
        ] {
            let error = operations(body.clone()).expect_err("refused");
            let details: Vec<_> = error
                .details
                .iter()
                .map(|it| (it.field.as_str(), it.code.as_str()))
                .collect();
            assert_eq!(details, [(field, code)], "{body}");
        }
    }
}
