mod condition;
mod faults;
mod guide;
mod matches;
mod parse;
mod random;
mod rows;

use serde_json::{Value, json};

use crate::definition::Definition;
use crate::id::Id;
use crate::query::{Filter, Query, Test};
use crate::time::Timestamp;
use crate::wire::Record;

const ID: &str = "01890000-0000-7000-8000-000000000000";
const USER: &str = "01890000-0000-7000-8000-000000000001";

fn definition() -> Definition {
    let fields = json!([
        { "name": "title", "type": "string" }, { "name": "note", "type": "string" },
        { "name": "price", "type": "number" }, { "name": "count", "type": "integer" },
        { "name": "done", "type": "boolean" }, { "name": "due", "type": "date" },
        { "name": "meta", "type": "object" }, { "name": "tags", "type": "array", "items": { "type": "string" } },
        { "name": "things", "type": "array" }, { "name": "lists", "type": "array", "items": { "type": "array" } },
        { "name": "author", "type": "relation", "collection": "users" },
        { "name": "readers", "type": "array", "items": { "type": "relation", "collection": "users" } },
        { "name": "size", "type": "number" }, { "name": "size_in", "type": "string" },
        { "name": "user_id", "type": "string" },
    ]);
    serde_json::from_value(json!({ "name": "things", "fields": fields })).expect("a definition")
}

fn record(fields: Value) -> Record {
    let Value::Object(fields) = fields else {
        panic!("an object")
    };
    Record {
        id: ID.parse().expect("an id"),
        created_at: Timestamp::parse("2026-11-20").expect("a date"),
        updated_at: Timestamp::parse("2026-11-21").expect("a date"),
        created_by: Some(USER.parse::<Id>().expect("an id")),
        owner: Some(USER.to_owned()),
        fields,
    }
}

fn parse(parameters: &[(&str, &str)]) -> Result<Query, Vec<(String, String)>> {
    crate::query::parse(&definition(), parameters.iter().copied()).map_err(|error| {
        error
            .details
            .into_iter()
            .map(|detail| (detail.field, detail.code))
            .collect()
    })
}

fn filter(name: &str, value: &str) -> Filter {
    parse(&[(name, value)])
        .unwrap_or_else(|faults| panic!("{name}={value}: {faults:?}"))
        .filter
}

fn faults(parameters: &[(&str, &str)]) -> Vec<(String, String)> {
    parse(parameters).expect_err(&format!("{parameters:?}"))
}

fn is(field: &str, test: Test) -> Filter {
    Filter::Field(field.to_owned(), test)
}
