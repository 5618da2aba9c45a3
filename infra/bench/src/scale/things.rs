//! The collection that is measured, and records of one size.

use serde_json::{Map, Value};

/// The collection: two shards, an index by number, one by a status and time, and an owner's own list.
pub(super) const DEFINITION: &str = r#"{ "name": "things", "shards": 2,
  "fields": [ { "name": "name", "type": "string", "required": true },
              { "name": "status", "type": "string", "required": true, "enum": [ "blue", "gold", "teal" ] },
              { "name": "price", "type": "number", "required": true, "min": 100, "max": 900 },
              { "name": "note", "type": "string", "required": true } ],
  "permissions": { "create": "authenticated", "list": "owner" },
  "indexes": [ [ "price" ], [ "status", "-createdAt" ] ] }"#;

/// The bytes of a record's fields as JSON. Every record is as large as the others, so a page costs the same wherever it
/// begins.
const BYTES: usize = 420;

/// Makes the fields as large as those of every other record.
pub(super) fn pad(fields: &mut Map<String, Value>) {
    fields.insert("note".to_owned(), Value::from(""));
    let there = serde_json::to_string(fields).map_or(0, |text| text.len());
    fields.insert(
        "note".to_owned(),
        Value::from("n".repeat(BYTES.saturating_sub(there))),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_record_is_of_one_size() {
        for name in ["a", "a much longer name than that"] {
            let mut fields = json!({ "name": name }).as_object().cloned().unwrap();
            pad(&mut fields);
            assert_eq!(serde_json::to_string(&fields).unwrap().len(), BYTES);
        }
    }
}
