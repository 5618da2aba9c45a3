use serde_json::{Value, json};

use crate::definition::Definition;
use crate::id::Id;
use crate::query::{Filter, Test, row_filter};

const USER: &str = "01890000-0000-7000-8000-000000000001";

fn definition(rows: &Value) -> Definition {
    let fields = json!([
        { "name": "status", "type": "string" }, { "name": "price", "type": "number" },
        { "name": "meta", "type": "object" }, { "name": "author", "type": "relation", "collection": "users" },
        { "name": "readers", "type": "array", "items": { "type": "relation", "collection": "users" } },
    ]);
    serde_json::from_value(json!({ "name": "a", "fields": fields, "rowFilters": rows }))
        .expect("a definition")
}

fn of(filter: Value, user: Option<Id>) -> Option<Filter> {
    let definition = definition(&json!([{ "filter": filter }]));
    row_filter(&definition, &definition.row_filters[0].filter, user)
}

#[test]
fn the_callers_id_takes_its_place_and_without_one_the_filter_never_holds() {
    let user: Id = USER.parse().expect("an id");
    let is = |field: &str| Filter::Field(field.to_owned(), Test::Eq(Some(json!(USER))));
    for (filter, expected) in [
        (json!({ "author": "$userId" }), is("author")),
        (
            json!({ "createdBy": { "$eq": "$userId" } }),
            is("createdBy"),
        ),
        (json!({ "status": { "$not": { "$ne": "$userId" } } }), {
            let ne = Filter::Field("status".to_owned(), Test::Ne(Some(json!(USER))));
            Filter::Not(Box::new(ne))
        }),
        (
            json!({ "readers": { "$contains": "$userId" } }),
            Filter::Field("readers".to_owned(), Test::Contains(json!(USER))),
        ),
        (
            json!({ "author": { "$in": ["$userId", null] } }),
            Filter::Field("author".to_owned(), Test::In(vec![Some(json!(USER)), None])),
        ),
        (
            json!({ "$or": [{ "status": "open" }, { "author": "$userId" }] }),
            {
                let open = Filter::Field("status".to_owned(), Test::Eq(Some(json!("open"))));
                Filter::Any(vec![open, is("author")])
            },
        ),
    ] {
        assert_eq!(of(filter.clone(), Some(user)), Some(expected), "{filter}");
        assert_eq!(of(filter.clone(), None), None, "{filter}");
    }
    assert_eq!(of(json!({}), None), Some(Filter::everything()));
    // The placeholder within a longer text, or in a name, is ordinary text.
    let text = of(json!({ "status": "x$userId" }), None);
    assert_eq!(
        text,
        Some(Filter::Field(
            "status".to_owned(),
            Test::Eq(Some(json!("x$userId")))
        ))
    );
    // A row filter that the build refuses shows nothing.
    assert_eq!(of(json!({ "nope": 1 }), Some(user)), None);
    assert_eq!(of(json!({ "price": "$userId" }), Some(user)), None);
}
