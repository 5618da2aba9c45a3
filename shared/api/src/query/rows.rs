//! Row filters: what a definition says of the records that a caller sees, as a [`Filter`].

use serde_json::{Map, Value};

use super::Filter;
use super::parse::{Reader, all};
use crate::definition::Definition;
use crate::id::Id;

/// What stands for the caller's id in a row filter.
const USER_ID: &str = "$userId";

/// The most row filters of a collection.
const MAX_ROW_FILTERS: usize = 10;

/// A row filter as it is for this user. `None` where it never holds: it names the caller's id, and the caller has none;
/// or it is no filter, which the build refuses.
#[must_use]
pub fn row_filter(
    definition: &Definition,
    filter: &Map<String, Value>,
    user: Option<Id>,
) -> Option<Filter> {
    let mut filter = filter.clone();
    if names_user(&filter) {
        let user = Value::String(user?.to_string());
        filter.values_mut().for_each(|value| set_user(value, &user));
    }
    let mut reader = Reader::new(definition, "");
    let filter = all(reader.members("filter", filter, 1));
    reader.finish().is_ok().then_some(filter)
}

/// What is wrong with the row filters of a definition, each with its place.
pub(crate) fn row_problems(definition: &Definition) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    let rows = &definition.row_filters;
    if rows.len() > MAX_ROW_FILTERS {
        problems.push((
            "rowFilters".to_owned(),
            format!("{} row filters are more than {MAX_ROW_FILTERS}", rows.len()),
        ));
    }
    // What all of them ask of a record is bounded together, as what a query asks is.
    let mut reader = Reader::new(definition, "");
    let id = Value::String("00000000-0000-7000-8000-000000000000".to_owned());
    for (at, row) in rows.iter().enumerate() {
        let place = format!("rowFilters[{at}].filter");
        let mut filter = row.filter.clone();
        filter.values_mut().for_each(|value| set_user(value, &id));
        for value in filter.values() {
            if let Some(other) = placeholder(value) {
                problems.push((
                    place.clone(),
                    format!("`{other}` stands for nothing; only `{USER_ID}` does"),
                ));
            }
        }
        let _ = reader.members(&place, filter, 1);
    }
    if let Err(error) = reader.finish() {
        let place = |field: String| {
            if field == "filter" {
                "rowFilters".to_owned()
            } else {
                field
            }
        };
        problems.extend(error.details.into_iter().map(|detail| {
            let reason = detail
                .message
                .trim_start_matches(&format!("`{}`: ", detail.field))
                .to_owned();
            (place(detail.field), reason)
        }));
    }
    problems
}

/// Whether a row filter names the caller's id, so that it holds for no stranger.
pub(crate) fn names_user(filter: &Map<String, Value>) -> bool {
    fn within(value: &Value) -> bool {
        match value {
            Value::String(text) => text == USER_ID,
            Value::Array(items) => items.iter().any(within),
            Value::Object(members) => members.values().any(within),
            _ => false,
        }
    }
    filter.values().any(within)
}

fn set_user(value: &mut Value, id: &Value) {
    match value {
        Value::String(text) if text == USER_ID => *value = id.clone(),
        Value::Array(items) => items.iter_mut().for_each(|item| set_user(item, id)),
        Value::Object(members) => members.values_mut().for_each(|member| set_user(member, id)),
        _ => {}
    }
}

/// A value that looks as if it stood for something.
fn placeholder(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => text.starts_with('$').then_some(text),
        Value::Array(items) => items.iter().find_map(placeholder),
        Value::Object(members) => members.values().find_map(placeholder),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::query::Test;

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
        // What is in a longer text, or a name, stands for itself.
        let text = of(json!({ "status": "x$userId" }), None);
        assert_eq!(
            text,
            Some(Filter::Field(
                "status".to_owned(),
                Test::Eq(Some(json!("x$userId")))
            ))
        );
        // What the build refuses shows nothing.
        assert_eq!(of(json!({ "nope": 1 }), Some(user)), None);
        assert_eq!(of(json!({ "price": "$userId" }), Some(user)), None);
    }

    #[test]
    fn what_is_no_filter_is_told_with_its_place() {
        let many: Vec<Value> = (0..16)
            .map(|n| json!({ "filter": { "price": { "$gt": n, "$lt": 99 } } }))
            .collect();
        for (rows, place, reason) in [
            (
                json!([{ "filter": { "nope": 1 } }]),
                "rowFilters[0].filter",
                "`nope` is not a field",
            ),
            (
                json!([{}, { "filter": { "price": "1" } }]),
                "rowFilters[1].filter",
                "must be a number",
            ),
            (
                json!([{ "filter": { "price": "$userId" } }]),
                "rowFilters[0].filter",
                "must be a number",
            ),
            (
                json!([{ "filter": { "status": { "$like": "a" } } }]),
                "rowFilters[0].filter",
                "no operator of `status`",
            ),
            (
                json!([{ "filter": { "$xor": [] } }]),
                "rowFilters[0].filter",
                "`$xor` is not $and",
            ),
            (
                json!([{ "filter": { "meta": { "$eq": "a" } } }]),
                "rowFilters[0].filter",
                "does not go with the type",
            ),
            (
                json!([{ "filter": { "author": "$userid" } }]),
                "rowFilters[0].filter",
                "`$userid` stands for nothing",
            ),
            (
                json!([{ "filter": { "status": { "$in": ["a", "$role"] } } }]),
                "rowFilters[0].filter",
                "`$role` stands",
            ),
            (
                json!(many[..15]),
                "rowFilters",
                "15 row filters are more than 10",
            ),
            (
                json!([{ "filter": { "$or": (0..31).map(|n| json!({ "price": n })).collect::<Vec<_>>() } }]),
                "rowFilters",
                "at most 30 conditions; this has 31",
            ),
            (
                json!([{ "filter": { "$and": (0..16).map(|n| json!({ "price": n })).collect::<Vec<_>>() } },
                    { "filter": { "$and": (0..16).map(|n| json!({ "price": n })).collect::<Vec<_>>() } }]),
                "rowFilters",
                "at most 30 conditions; this has 32",
            ),
        ] {
            let problems = row_problems(&definition(&rows));
            assert_eq!(problems.len(), 1, "{rows}: {problems:?}");
            assert!(
                problems[0].0 == place && problems[0].1.contains(reason),
                "{rows}: {problems:?}"
            );
        }
        let fine = json!([{ "when": "owner" }, { "filter": { "author": "$userId", "status": { "$ne": null } } }]);
        assert_eq!(row_problems(&definition(&fine)), []);
    }

    #[test]
    fn filters_are_joined_in_one_form() {
        let is = |value: u8| Filter::Field("a".to_owned(), Test::Eq(Some(json!(value))));
        let (one, two) = (is(1), is(2));
        assert_eq!(one.clone().and(Filter::everything()), one);
        assert_eq!(Filter::everything().and(one.clone()), one);
        // What else is asked stays, for an order may depend on it.
        let in_vain = Filter::nothing().and(one.clone());
        assert_eq!(in_vain, Filter::All(vec![Filter::nothing(), one.clone()]));
        assert!(
            in_vain.is_nothing()
                && Filter::one_of(vec![in_vain.clone(), Filter::nothing()]).is_nothing()
        );
        assert!(
            !one.is_nothing()
                && !Filter::everything().is_nothing()
                && !Filter::one_of(vec![in_vain, two.clone()]).is_nothing()
        );
        assert_eq!(
            one.clone().and(two.clone()),
            Filter::All(vec![one.clone(), two.clone()])
        );
        assert_eq!(Filter::one_of(vec![one.clone()]), one);
        assert_eq!(
            Filter::one_of(vec![one.clone(), two.clone()]),
            Filter::Any(vec![one.clone(), two.clone()])
        );
        assert_eq!(
            Filter::one_of(vec![one.clone(), Filter::everything()]),
            Filter::everything()
        );
        assert_eq!(Filter::one_of(Vec::new()), Filter::nothing());
        let search = Filter::Search("x".to_owned(), vec!["a".to_owned(), "b".to_owned()]);
        let all = Filter::Not(Box::new(Filter::All(vec![Filter::Any(vec![one, search])])));
        assert_eq!(all.fields().into_iter().collect::<Vec<_>>(), ["a"]);
        let searching = all.searching(&|field| field == "b");
        assert!(
            searching.canonical().contains(r#"["search","x",["b"]]"#),
            "{}",
            searching.canonical()
        );
    }
}
