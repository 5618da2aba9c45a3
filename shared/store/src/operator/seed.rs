//! A new record as the items that a create writes, for a tool that writes many of them without the SDK.

use api::{Definition, Error};
use auth::Writer;
use auth::prepare::Creation;
use serde_json::Value;

use crate::records::record::StoredRecord;
use crate::records::reservation::{Claim, moves};
use crate::records::write;
use crate::typed::to_typed;

/// The items of a new record in DynamoDB's own JSON: the record, then a reservation for each of its unique values.
///
/// # Errors
/// `common/internal`, which no record causes.
pub fn new_items(
    definition: &Definition,
    creation: Creation<'_>,
    writer: &Writer,
) -> Result<Vec<Value>, Error> {
    let record = StoredRecord::created(creation, writer);
    let table = definition.name.as_str();
    let put = write::put(definition, table.to_owned(), &record, writer)?;
    let steps = [(None, Some(&record))];
    let (claims, _) = moves(definition, &steps).map_err(|(_, field)| Claim::refusal(&field))?;
    let reservations = claims
        .iter()
        .map(|claim| claim.put(table.to_owned()).map(|put| put.item));
    let items = std::iter::once(Ok(put.item)).chain(reservations);
    items
        .map(|item| Ok(Value::Object(to_typed(item?))))
        .collect()
}

#[cfg(test)]
mod tests {
    use api::{Id, Timestamp};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_with_unique_values_is_itself_and_their_reservations() {
        let definition = json!({ "name": "things", "indexes": [["sku"]], "fields": [
            { "name": "sku", "type": "string", "unique": true }, { "name": "tags", "type": "array" } ] });
        let definition = serde_json::from_value(definition).expect("a definition");
        let now = Timestamp::from_millis(1_790_000_000_000);
        let id = Id::new(now, [7; 10]);
        let fields = json!({ "sku": "a", "tags": ["x", 1.5, true, null, {}] });
        let fields = fields.as_object().cloned().expect("an object");
        let creation = Creation {
            id,
            owner: None,
            created_by: None,
            fields,
            related: Vec::new(),
        };
        let items = new_items(
            &definition,
            creation,
            &Writer::new(None, "r".to_owned(), now, [1; 10]),
        )
        .expect("items");
        assert_eq!(items.len(), 2);
        let tags = json!({ "L": [{ "S": "x" }, { "N": "1.5" }, { "BOOL": true }, { "NULL": true }, { "M": {} }] });
        assert_eq!(
            items[0]["data"]["M"],
            json!({ "sku": { "S": "a" }, "tags": tags })
        );
        assert_eq!(items[0]["id"]["S"], json!(id.to_string()));
        assert_eq!(items[0]["indexed"]["SS"][0], "by.sku");
        assert!(items[0]["by.sku"]["B"].is_string());
        assert_eq!(items[1]["record"]["S"], json!(id.to_string()));
        assert!(
            items[1]["id"]["S"]
                .as_str()
                .is_some_and(|id| id.starts_with("unique#sku#"))
        );
    }
}
