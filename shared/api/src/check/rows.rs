//! Problems of declared row filters.

use serde_json::Value;

use crate::check::problem::Problems;
use crate::definition::{Definition, USER_ID, set_user};
use crate::query::Reader;

/// The most row filters of a collection.
const MAX_ROW_FILTERS: usize = 10;

/// The problems of a definition's row filters, each with its place.
pub(super) fn row_problems(definition: &Definition) -> Problems {
    let mut problems = Vec::new();
    let rows = &definition.row_filters;
    if rows.len() > MAX_ROW_FILTERS {
        problems.push((
            "rowFilters".to_owned(),
            format!("{} row filters are more than {MAX_ROW_FILTERS}", rows.len()),
        ));
    }
    // All row filters share the limits of one query.
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

/// A value that looks like a placeholder.
fn placeholder(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => text.starts_with('$').then_some(text),
        Value::Array(items) => items.iter().find_map(placeholder),
        Value::Object(members) => members.values().find_map(placeholder),
        _ => None,
    }
}
