mod body;
mod random;
mod value;

use serde_json::{Value, json};

use crate::definition::Definition;
use crate::record::{Relation, Write, check};

type Outcome = Result<(Value, Vec<Relation>), Vec<(String, String, String)>>;

/// The stored form and the relations of a body, or its faults as field, code and message. A body is text, for numbers
/// that `json!` cannot write.
fn of(fields: &Value, body: &str, write: Write) -> Outcome {
    checked(&definition(fields), body, write)
}

fn definition(fields: &Value) -> Definition {
    serde_json::from_value(json!({ "name": "things", "fields": fields })).expect("a definition")
}

fn checked(definition: &Definition, body: &str, write: Write) -> Outcome {
    match check(definition, serde_json::from_str(body).expect(body), write) {
        Ok(input) => Ok((Value::Object(input.fields), input.relations)),
        Err(error) => Err(error
            .details
            .into_iter()
            .map(|d| (d.field, d.code, d.message))
            .collect()),
    }
}
