//! A valid body and its parts.

use std::collections::BTreeSet;

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

/// The relations that a record has: to the same target at the same place, in a list at any position. They are gathered once,
/// since a record and a body may each have thousands.
#[derive(Debug, Default)]
pub struct Standing<'a>(BTreeSet<(String, &'a str, Id)>);

impl<'a> Standing<'a> {
    /// Those of a record.
    #[must_use]
    pub fn of(definition: &'a Definition, record: &Record) -> Self {
        let mut standing = Self::default();
        for field in &definition.fields {
            if let Some(value) = record.fields.get(&field.name) {
                standing.add(field, &field.name, value);
            }
        }
        standing
    }

    /// Whether the record has this relation already.
    #[must_use]
    pub fn has(&self, relation: &Relation) -> bool {
        let steps = relation.field.split('.');
        let names: Vec<&str> = steps
            .map(|step| step.split_once('[').map_or(step, |(name, _)| name))
            .collect();
        let key = (names.join("."), relation.collection.as_str(), relation.id);
        self.0.contains(&key)
    }

    /// Adds the relations in the value of a field, which stands at `path`.
    fn add(&mut self, field: &'a Field, path: &str, value: &Value) {
        match (field.kind, value) {
            (FieldType::Array, Value::Array(items)) => {
                if let Some(item) = &field.items {
                    items.iter().for_each(|value| self.add(item, path, value));
                }
            }
            (FieldType::Object, Value::Object(entries)) => {
                for inner in field.fields.iter().flatten() {
                    if let Some(value) = entries.get(&inner.name) {
                        self.add(inner, &format!("{path}.{}", inner.name), value);
                    }
                }
            }
            // Text that looks like an id was never checked.
            (FieldType::Relation, Value::String(id)) => {
                if let (Some(collection), Ok(id)) = (&field.collection, id.parse()) {
                    self.0.insert((path.to_owned(), collection, id));
                }
            }
            _ => {}
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
            let stands = Standing::of(&definition, &record).has(&relation);
            assert_eq!(stands, expected, "{field} {collection} {id}");
        }
    }
}
