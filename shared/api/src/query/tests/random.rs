//! Properties, each over a few thousand seeded cases.

use serde_json::{Map, Value, json};

use super::{USER, definition, filter, is, record};
use crate::query::{Filter, Test};
use crate::value::{Random, canonical};
use crate::wire::Record;

#[test]
fn no_text_makes_the_parser_panic() {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "$and",
        "$or",
        "$not",
        "$eq",
        "$in",
        "$exists",
        "$contains",
        "\"price\"",
        "\"title\":",
        "\"$not\":",
        "\"$or\":[",
        "\"$gt\":",
        "null",
        "true",
        "1",
        "-1e5",
        "1e999999999999",
        "_",
        ".",
        "-",
        "title",
        "tags",
        "limit",
        "sort",
        "filter",
        "orFilters",
        "search",
        "_gt",
        "_in",
        "\0",
        "ä",
        "\u{10ffff}",
        " ",
        "2026-11-21",
        "{\"$not\":{\"title\":{\"$not\":",
        "[[[[[[[[",
    ];
    let names = [
        "limit",
        "cursor",
        "sort",
        "sortBy",
        "sortDirection",
        "fields",
        "expand",
        "explain",
        "filter",
        "andFilters",
        "orFilters",
        "search",
        "title",
        "price_in",
        "due_gt",
        "things_contains",
        "",
    ];
    let definition = definition();
    let mut random = Random(11);
    for _ in 0..30_000 {
        let mut text =
            || -> String { (0..random.below(12)).map(|_| random.one(&pieces)).collect() };
        let (name, value, other) = (text(), text(), text());
        let name = if random.below(4) == 0 {
            name
        } else {
            random.one(&names).to_owned()
        };
        if let Err(error) = crate::query::parse(&definition, [(&name, &value), (&other, &value)]) {
            assert!(!error.details.is_empty() && error.details.len() <= 20);
        }
        let _ = crate::query::parse_filter_only(&definition, [(&name, &value)]);
    }
}

/// A filter as JSON and its expected tree.
fn any_filter(random: &mut Random, depth: usize) -> (Value, Filter) {
    match if depth >= 4 {
        3 + random.below(3)
    } else {
        random.below(6)
    } {
        0 => {
            let (json, filter) = any_filter(random, depth + 1);
            (json!({ "$not": json }), Filter::Not(Box::new(filter)))
        }
        kind @ (1 | 2) => {
            let (values, filters): (Vec<Value>, Vec<Filter>) = (0..=random.below(2))
                .map(|_| any_filter(random, depth + 1))
                .unzip();
            // A filter in another of its kind equals one flat filter.
            let mut flat = Vec::new();
            for filter in filters {
                match filter {
                    Filter::All(inner) if kind == 1 => flat.extend(inner),
                    Filter::Any(inner) if kind == 2 => flat.extend(inner),
                    filter => flat.push(filter),
                }
            }
            let (word, filter) = match (flat.len(), kind) {
                (1, 1) => ("$and", flat.remove(0)),
                (1, _) => ("$or", flat.remove(0)),
                (_, 1) => ("$and", Filter::All(flat)),
                _ => ("$or", Filter::Any(flat)),
            };
            (json!({ word: values }), filter)
        }
        _ => {
            let (field, operator, value, test, _) = any_test(random);
            (
                json!({ field: { format!("${operator}"): value } }),
                is(field, test),
            )
        }
    }
}

/// A condition: its field, its operator, its operand as JSON, its expected form, and its operand as a parameter.
fn any_test(random: &mut Random) -> (&'static str, &'static str, Value, Test, String) {
    let field = random.one(&["title", "price", "count", "done", "createdBy"]);
    let operand = |random: &mut Random| -> (Value, String) {
        match field {
            "title" => {
                let text = random
                    .one(&["", "a", "b", "ab", "\"", "é", " ", "null", "1", "true"])
                    .to_owned();
                (json!(text), text)
            }
            "price" => {
                let text = random.number().0;
                (serde_json::from_str(&text).expect("a number"), text)
            }
            "count" => {
                let count = random.below(5);
                (json!(count), count.to_string())
            }
            "done" => {
                let done = random.below(2) == 0;
                (json!(done), done.to_string())
            }
            _ => (json!(USER), USER.to_owned()),
        }
    };
    let stored = |value: Value| match value {
        Value::Number(number) => {
            serde_json::from_str(&canonical(&number.to_string()).expect("in range"))
                .expect("a number")
        }
        value => value,
    };
    let (value, text) = operand(random);
    let known = stored(value.clone());
    let operators: &[&str] = match field {
        "title" => &[
            "eq",
            "ne",
            "gt",
            "gte",
            "lt",
            "lte",
            "in",
            "nin",
            "exists",
            "contains",
            "startsWith",
        ],
        _ => &["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "exists"],
    };
    let operator = random.one(operators);
    let test = match operator {
        "eq" => Test::Eq(Some(known)),
        "ne" => Test::Ne(Some(known)),
        "gt" => Test::Gt(known),
        "gte" => Test::Gte(known),
        "lt" => Test::Lt(known),
        "lte" => Test::Lte(known),
        "contains" => Test::Contains(known),
        "startsWith" => Test::StartsWith(known.as_str().expect("text").to_owned()),
        "exists" => {
            let exists = random.below(2) == 0;
            return (
                field,
                operator,
                json!(exists),
                Test::Exists(exists),
                exists.to_string(),
            );
        }
        _ => {
            let (other, other_text) = operand(random);
            let mut both = vec![Some(known), Some(stored(other.clone()))];
            both.dedup();
            let test = if operator == "in" {
                Test::In(both)
            } else {
                Test::Nin(both)
            };
            return (
                field,
                operator,
                json!([value, other]),
                test,
                format!("{text},{other_text}"),
            );
        }
    };
    (field, operator, value, test, text)
}

fn any_record(random: &mut Random) -> Record {
    let mut fields = Map::new();
    let texts = ["", "a", "b", "ab", "abc", "é"];
    let mut put = |random: &mut Random, name: &str, value: Value| {
        if random.below(3) > 0 {
            fields.insert(name.to_owned(), value);
        }
    };
    let (title, price, count, done) = (
        random.one(&texts),
        random.number().0,
        random.below(5),
        random.below(2) == 0,
    );
    put(random, "title", json!(title));
    put(
        random,
        "price",
        serde_json::from_str(&canonical(&price).expect("in range")).expect("a number"),
    );
    put(random, "count", json!(count));
    put(random, "done", json!(done));
    let created_by = (random.below(2) == 0).then(|| USER.parse().expect("an id"));
    Record {
        created_by,
        ..record(Value::Object(fields))
    }
}

#[test]
fn suffixes_and_json_agree_and_mean_what_they_say() {
    let mut random = Random(13);
    for _ in 0..5_000 {
        let (field, operator, value, test, text) = any_test(&mut random);
        let name = if operator == "eq" {
            field.to_owned()
        } else {
            format!("{field}_{operator}")
        };
        let written = json!({ field: { format!("${operator}"): value } }).to_string();
        let expected = is(field, test);
        assert_eq!(filter(&name, &text), expected, "{name}={text}");
        assert_eq!(filter("filter", &written), expected, "{written}");
        // The opposite operators are opposites, of absent values too.
        let opposite = match &expected {
            Filter::Field(_, Test::Eq(value)) => Test::Ne(value.clone()),
            Filter::Field(_, Test::In(values)) => Test::Nin(values.clone()),
            Filter::Field(_, Test::Exists(exists)) => Test::Exists(!exists),
            _ => continue,
        };
        let record = any_record(&mut random);
        assert_ne!(
            expected.matches(&record),
            is(field, opposite).matches(&record),
            "{written} {record:?}"
        );
    }
}

#[test]
fn trees_compile_as_written_and_not_is_the_opposite() {
    let mut random = Random(17);
    let (mut passed, mut canonical) = (0, std::collections::BTreeMap::new());
    for _ in 0..5_000 {
        let (json, expected) = any_filter(&mut random, 1);
        let written = json.to_string();
        let compiled = filter("filter", &written);
        assert_eq!(compiled, expected, "{written}");
        let negated = Filter::Not(Box::new(compiled.clone()));
        let either = Filter::Any(vec![compiled.clone(), negated.clone()]);
        let both = Filter::All(vec![compiled.clone(), negated.clone()]);
        for _ in 0..5 {
            let record = any_record(&mut random);
            let passes = compiled.matches(&record);
            passed += usize::from(passes);
            assert_ne!(passes, negated.matches(&record), "{written} {record:?}");
            assert!(either.matches(&record) && !both.matches(&record));
            // The conditions for an index never exclude a record that passes the filter.
            let narrowed = compiled
                .conjunction()
                .iter()
                .all(|(field, test)| is(field, (*test).clone()).matches(&record));
            assert!(narrowed || !passes, "{written} {record:?}");
            // A filter with the same text is the same filter.
            let text = compiled.canonical();
            let same = canonical.entry(text).or_insert_with(|| compiled.clone());
            assert_eq!(same.matches(&record), passes, "{written}");
        }
    }
    assert!((2_000..23_000).contains(&passed), "{passed}");
}
