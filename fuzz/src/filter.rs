//! Reading and evaluating a list's parameters.

use std::sync::LazyLock;

use api::check::check;
use api::definition::Definition;
use api::query::{Filter, Test, parse, parse_filter_only};
use api::wire::Record;
use api::{Id, Timestamp};
use serde_json::Value;

use crate::text;

/// The words of a query string.
const WORDS: &[&str] = &[
    "name=",
    "price=",
    "count=",
    "open=",
    "due=",
    "size=",
    "tags=",
    "by=",
    "createdAt=",
    "updatedAt=",
    "createdBy=",
    "id=",
    "_ne=",
    "_gt=",
    "_gte=",
    "_lt=",
    "_lte=",
    "_in=",
    "_nin=",
    "_exists=",
    "_contains=",
    "_startsWith=",
    "filter=",
    "andFilters=",
    "orFilters=",
    "search=",
    "sort=",
    "sortBy=",
    "sortDirection=desc",
    "fields=",
    "expand=",
    "explain=true",
    "limit=100",
    "cursor=",
    "&",
    "\"$and\":[",
    "\"$or\":[",
    "\"$not\":{",
    "\"$eq\":",
    "\"$ne\":",
    "\"$gt\":",
    "\"$gte\":",
    "\"$lt\":",
    "\"$lte\":",
    "\"$in\":[",
    "\"$nin\":[",
    "\"$exists\":",
    "\"$contains\":",
    "\"$startsWith\":",
    "\"name\":",
    "\"price\":",
    "\"count\":",
    "\"open\":",
    "\"due\":",
    "\"tags\":",
    "\"by\":",
    "\"name_ne\":",
    "{",
    "}",
    "]",
    "[{",
    "}]",
    "},{",
    ",",
    "null",
    "true",
    "1.50",
    "-0.0",
    "1e125",
    "\"\"",
    "\"a\"",
    "12345678901234567890123456789012345678",
    "2026-11-21T00:00:00Z",
    "\"2026-11-21T00:00:00+01:00\"",
    "0197a3b0-0000-7000-8000-000000000000",
    "\u{130}",
    "\u{df}",
    "%00",
    "%C3%A9",
    "%zz",
    "+",
    "\\u0000",
];

/// A field of every type, one of them with a name that looks like another with a suffix.
static DEFINITION: LazyLock<Option<Definition>> = LazyLock::new(|| {
    let fields = [
        "name:string",
        "name_ne:string",
        "price:number",
        "count:integer",
        "open:boolean",
        "due:date",
    ];
    let more = ["size:object", "any:array", "user_id:string"];
    let field = |text: &&str| {
        let (name, kind) = text.split_once(':').unwrap_or((text, "string"));
        format!(r#"{{"name":"{name}","type":"{kind}"}}"#)
    };
    let mut fields: Vec<String> = fields.iter().chain(&more).map(field).collect();
    fields.push(r#"{"name":"tags","type":"array","items":{"type":"string"}}"#.to_owned());
    fields.push(r#"{"name":"by","type":"relation","collection":"users"}"#.to_owned());
    let content = format!(
        r#"{{"name":"a","fields":[{}],"indexes":[["price"],["name","-createdAt"]]}}"#,
        fields.join(",")
    );
    check(&[("a.json".to_owned(), content)])
        .ok()?
        .definitions
        .pop()
});

/// Reading a list's parameters: the first line is a query string, the second a record to try the filter on.
pub fn filter(data: &[u8]) {
    let Some(definition) = DEFINITION.as_ref() else {
        return;
    };
    let text = text(data, WORDS);
    let (parameters, record) = text.split_once('\n').unwrap_or((&text, ""));
    let parameters = || form_urlencoded::parse(parameters.as_bytes());
    let _ = parse_filter_only(definition, parameters());
    let Ok(query) = parse(definition, parameters()) else {
        return;
    };
    assert!((1..=100).contains(&query.limit), "{}", query.limit);
    assert!(conditions(&query.filter) <= 30, "{:?}", query.filter);
    let record = self::record(record);
    let passes = query.filter.matches(&record);
    assert_ne!(
        Filter::Not(Box::new(query.filter.clone())).matches(&record),
        passes
    );
    assert!(query.filter.conjunction().iter().all(|(field, test)| {
        !passes || Filter::Field((*field).to_owned(), (*test).clone()).matches(&record)
    }));
    assert_eq!(query.filter.canonical(), query.filter.clone().canonical());
}

/// A record with these fields; without fields if they are not JSON.
fn record(fields: &str) -> Record {
    let fields: Value = serde_json::from_str(fields).unwrap_or_default();
    let now = Timestamp::from_millis(1_790_000_000_000);
    Record {
        id: Id::new(now, [7; 10]),
        created_at: now,
        updated_at: now,
        created_by: None,
        owner: None,
        fields: fields.as_object().cloned().unwrap_or_default(),
    }
}

/// How many conditions there are; a list of values has at most a hundred.
fn conditions(filter: &Filter) -> usize {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => filters.iter().map(conditions).sum(),
        Filter::Not(filter) => conditions(filter),
        Filter::Field(_, Test::In(values) | Test::Nin(values)) => {
            assert!(values.len() <= 100, "{} values", values.len());
            1
        }
        Filter::Field(..) | Filter::Search(..) | Filter::Owned(_) => 1,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_is_one() {
        assert!(super::DEFINITION.is_some());
    }
}
