//! A valid body and its parts.

use serde_json::{Map, Value};

use crate::definition::{Definition, Field, FieldType};
use crate::id::Id;
use crate::wire::Record;

/// The treatment of fields that the body leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// A new record: required fields must be there.
    Create,
    /// `PATCH`: absent fields stay, null removes.
    Merge,
    /// `PUT`: absent fields are removed, required fields must be there.
    Replace,
}

/// The owner in a body, where the owner field is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerInput {
    /// Nothing.
    Absent,
    /// Null or an empty string.
    Empty,
    /// This user.
    Named(String),
}

/// A valid body, the values in their stored form.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The fields to store, without the owner field.
    pub fields: Map<String, Value>,
    /// The fields to remove.
    pub removed: Vec<String>,
    /// The owner field.
    pub owner: OwnerInput,
    /// The relations whose targets must exist, without the owner field, see [`Input::related`].
    pub relations: Vec<Relation>,
}

/// A relation that a body names: the target must exist, and the caller may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The place in the body, such as `author` or `readers[2]`.
    pub field: String,
    /// The collection of the target, or `users`.
    pub collection: String,
    /// The target.
    pub id: Id,
}

impl Relation {
    /// Whether a record has this relation already: the same target at the same place, in a list at any position.
    #[must_use]
    pub fn stands_in(&self, definition: &Definition, record: &Record) -> bool {
        let steps = self.field.split('.');
        let names: Vec<&str> = steps
            .map(|step| step.split_once('[').map_or(step, |(name, _)| name))
            .collect();
        let Some((first, inner)) = names.split_first() else {
            return false;
        };
        definition
            .field(first)
            .zip(record.fields.get(*first))
            .is_some_and(|(field, value)| self.is_in(field, inner, value))
    }

    /// Whether the value of a field has it, below the object fields `names`.
    fn is_in(&self, field: &Field, names: &[&str], value: &Value) -> bool {
        match (field.kind, value) {
            (FieldType::Array, Value::Array(items)) => field
                .items
                .as_ref()
                .is_some_and(|item| items.iter().any(|value| self.is_in(item, names, value))),
            (FieldType::Object, Value::Object(entries)) => {
                let Some((name, inner)) = names.split_first() else {
                    return false;
                };
                let mut fields = field.fields.iter().flatten();
                fields
                    .find(|field| field.name == *name)
                    .zip(entries.get(*name))
                    .is_some_and(|(field, value)| self.is_in(field, inner, value))
            }
            // Text that looks like an id was never checked.
            (FieldType::Relation, Value::String(id)) => {
                names.is_empty()
                    && field.collection.as_ref() == Some(&self.collection)
                    && id.parse() == Ok(self.id)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn a_relation_stands_in_a_record_at_its_own_place_alone() {
        let [there, other] =
            [1, 2].map(|n| Id::new(Timestamp::from_millis(1_790_000_000_000), [n; 10]));
        let to = |name: &str, collection: &str| json!({ "name": name, "type": "relation", "collection": collection });
        let mut of_list = to("", "posts");
        of_list.as_object_mut().expect("an object").remove("name");
        let fields = json!([
            to("post", "posts"), to("second", "posts"), { "name": "text", "type": "string" },
            { "name": "free", "type": "object" }, { "name": "any", "type": "array" },
            { "name": "posts", "type": "array", "items": of_list },
            { "name": "in", "type": "object", "fields": [to("post", "posts"), { "name": "text", "type": "string" }] },
            { "name": "steps", "type": "array", "items": { "type": "object", "fields": [to("post", "posts")] } },
        ]);
        let definition: Definition =
            serde_json::from_value(json!({ "name": "things", "fields": fields })).expect("valid");
        let id = there.to_string();
        let values = json!({ "post": id, "text": id, "free": { "post": id }, "any": [id], "posts": [other, id],
            "in": { "post": id, "text": id }, "steps": [{}, { "post": id }] });
        let Value::Object(fields) = values else {
            panic!("an object")
        };
        let record = Record {
            id: other,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            created_by: None,
            owner: None,
            fields,
        };
        for (field, collection, id, expected) in [
            ("post", "posts", there, true),
            ("post", "posts", other, false),
            ("post", "users", there, false),
            ("second", "posts", there, false),
            ("text", "posts", there, false),
            ("free.post", "posts", there, false),
            ("any[0]", "posts", there, false),
            ("posts[0]", "posts", there, true),
            ("posts[7]", "posts", other, true),
            ("in.post", "posts", there, true),
            ("in.text", "posts", there, false),
            ("in", "posts", there, false),
            ("steps[0].post", "posts", there, true),
            ("steps[0].post", "posts", other, false),
            ("gone", "posts", there, false),
        ] {
            let relation = Relation {
                field: field.to_owned(),
                collection: collection.to_owned(),
                id,
            };
            let stands = relation.stands_in(&definition, &record);
            assert_eq!(stands, expected, "{field} {collection} {id}");
        }
    }
}
