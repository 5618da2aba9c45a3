//! Random definitions, values, records and queries.

use std::borrow::Cow;

use api::definition::{Index, Order};
use api::query::{Filter, Test};
use api::{Definition, Id, Timestamp, check};
use auth::Scope;
use serde_json::{Map, Value, json};

use crate::Kind;
use crate::dice::Dice;
use crate::model::{self, Row};

/// The earliest creation time of a dataset's records.
pub(crate) const START: u64 = 1_790_000_000_000;

/// The fields in orders, of any type: a field's type may have changed since a record was written.
const FIELDS: [&str; 3] = ["a", "b", "c"];

pub(crate) struct Query {
    pub(crate) scope: Scope,
    pub(crate) sort: Vec<Order>,
    pub(crate) filter: Filter,
    pub(crate) limit: usize,
    /// Whether some index keeps this order, so that a refusal is a fault.
    pub(crate) is_servable: bool,
    /// Whether records are added, changed and deleted between the pages.
    pub(crate) is_moving: bool,
}

/// A collection of 1, 2 or 5 shards, its owner declared or not, with a few indexes.
pub(crate) fn definition(dice: &mut Dice, name: &str) -> Definition {
    let listed_by = *dice.pick(&["public", "owner", "owner"]);
    let owner_field = *dice.pick(&["createdBy", "owner"]);
    let mut definition = json!({ "name": name, "shards": dice.pick(&[1, 1, 1, 2, 2, 5]), "ownerField": owner_field,
        "permissions": { "list": listed_by }, "indexes": [],
        "fields": [{ "name": "a", "type": "string" }, { "name": "b", "type": "number" },
            { "name": "c", "type": "boolean" }, { "name": "tags", "type": "array" },
            { "name": "owner", "type": "string" }, { "name": "body", "type": "string" }] });
    let check =
        |definition: &Value| check::check(&[(format!("{name}.json"), definition.to_string())]).ok();
    let wanted = 3 + dice.below(4);
    let mut indexes = Vec::new();
    while indexes.len() < wanted {
        let per_owner = dice.chance(40);
        let count = *dice.pick(&[1, 1, 2, 2, 2, 3, 4]);
        let mut fields: Vec<String> = Vec::new();
        for _ in 0..count {
            let field = if dice.chance(75) {
                *dice.pick(&FIELDS)
            } else {
                *dice.pick(&["createdAt", "createdAt", "updatedAt", "createdBy", "owner"])
            };
            if !fields
                .iter()
                .any(|other| other.trim_start_matches('-') == field)
            {
                fields.push(format!("{}{field}", dice.pick(&["", "-"])));
            }
        }
        indexes.push(json!({ "fields": fields, "perOwner": per_owner }));
        definition["indexes"] = json!(indexes);
        if check(&definition).is_none() {
            indexes.pop();
        }
    }
    definition["indexes"] = json!(indexes);
    check(&definition).unwrap().definitions.remove(0)
}

/// The usual values of the records of a dataset. They are few, so that many records are alike, and often of one family
/// of close values. Strings differ near the place where an index cuts them, numbers in a last digit.
pub(crate) fn palette(dice: &mut Dice, definition: &Definition) -> Vec<Option<Value>> {
    const NUMBERS: [&str; 12] = [
        "1",
        "1.1",
        "1.01",
        "1.12",
        "10",
        "-1",
        "-1.1",
        "-1.01",
        "12345678901234567890123456789012345678",
        "12345678901234567890123456789012345677",
        "-12345678901234567890123456789012345678",
        "-12345678901234567890123456789012345677",
    ];
    // As dates are stored: the years 0000 to 9999, and close to 1970.
    const DATES: [&str; 8] = [
        "0000-01-01T00:00:00.000Z",
        "1582-10-15T12:00:00.000Z",
        "1945-05-08T00:00:00.000Z",
        "1969-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00.000Z",
        "1970-01-01T00:00:00.001Z",
        "2026-11-28T11:05:00.123Z",
        "9999-12-31T23:59:59.999Z",
    ];
    let mut palette: Vec<_> = (0..3 + dice.below(4)).map(|_| any_value(dice)).collect();
    let family = dice.below(5);
    let cut = model::cut(Some(dice.pick(&definition.indexes)));
    palette.extend((0..5).filter_map(|_| match family {
        0 => {
            let text = "x".repeat(cut - 3 + dice.below(5));
            Some(Some(json!(
                text + *dice.pick(&["", "a", "b", "ab", "é", "è"])
            )))
        }
        1 => Some(serde_json::from_str(dice.pick::<&str>(&NUMBERS)).ok()),
        2 => Some(Some(json!(dice.chance(50)))),
        3 => Some(Some(json!(dice.pick(&DATES)))),
        _ => None,
    }));
    palette
}

fn value(dice: &mut Dice, palette: &[Option<Value>]) -> Option<Value> {
    if dice.chance(85) {
        dice.pick(palette).clone()
    } else {
        any_value(dice)
    }
}

/// Any value; difficult values are more frequent than in practice.
fn any_value(dice: &mut Dice) -> Option<Value> {
    const NUMBERS: [&str; 16] = [
        "0",
        "1",
        "-1",
        "2",
        "10",
        "-10",
        "9.5",
        "-9.5",
        "0.1",
        "-0.5",
        "12345678901234567890123456789012345678",
        "12345678901234567890123456789012345677",
        "-12345678901234567890123456789012345678",
        "1e-130",
        "9.99e125",
        "-9.99e125",
    ];
    const TEXTS: [&str; 14] = [
        "",
        "a",
        "A",
        "ab",
        "abc",
        "b",
        "a\u{1}",
        "\u{1}",
        "é",
        "è",
        "\u{10ffff}",
        "0",
        "true",
        "a b",
    ];
    match dice.below(16) {
        0..3 => None,
        3 => Some(json!(dice.chance(50))),
        4..7 => Some(json!(dice.below(4))),
        7..9 => Some(serde_json::from_str::<Value>(dice.pick::<&str>(&NUMBERS)).unwrap()),
        9 => {
            // 38 digits, the last one or two of them at random.
            let sign = dice.pick(&["", "-"]);
            Some(
                serde_json::from_str(&format!(
                    "{sign}1{:036}{}",
                    dice.below(2),
                    1 + dice.below(9)
                ))
                .unwrap(),
            )
        }
        10..14 => Some(json!(dice.pick(&TEXTS))),
        14 => Some(json!(long(dice))),
        _ => match dice.below(3) {
            0 => Some(Value::Null),
            1 => Some(json!([dice.below(2)])),
            _ => Some(json!(dice.pick(&TEXTS))),
        },
    }
}

/// A text about as long as the cut of an index, or 2 KB.
fn long(dice: &mut Dice) -> String {
    let cut = 1000 / dice.pick(&[1, 1, 2, 3, 4]) - 3;
    let length = *dice.pick(&[cut - 1, cut, cut + 1, 2048]);
    let text = match dice.below(3) {
        0 => "é".repeat(length / 2 + 1),
        _ => "x".repeat(length - 1),
    };
    text + *dice.pick(&["", "a", "b", "é"])
}

/// The declared fields of a record.
pub(crate) fn fields(
    dice: &mut Dice,
    palette: &[Option<Value>],
    body: usize,
) -> Map<String, Value> {
    let mut fields: Map<String, Value> = Map::new();
    for field in FIELDS {
        fields.extend(value(dice, palette).map(|value| (field.to_owned(), value)));
    }
    if dice.chance(40) {
        let tags: Vec<Value> = (0..dice.below(3))
            .map(|_| json!(dice.pick(&["a", "b", "c"])))
            .collect();
        fields.insert("tags".to_owned(), json!(tags));
    }
    if body > 0 {
        fields.insert("body".to_owned(), json!("y".repeat(body)));
    }
    fields
}

/// A query for these records.
pub(crate) fn query(
    dice: &mut Dice,
    definition: &Definition,
    rows: &[&Row],
    users: &[Id],
    kind: Kind,
) -> Query {
    let has_scope = definition.has_owner_index() && dice.chance(35);
    let scope = if has_scope {
        Scope::OwnedBy(*dice.pick(users))
    } else {
        Scope::All
    };
    let mut conditions = Vec::new();
    let named = definition.owner_is_declared() && dice.chance(30);
    if named {
        conditions.push(Filter::Field(
            "owner".to_owned(),
            Test::Eq(Some(json!(dice.pick(users)))),
        ));
    }

    // The order is the default, that of an index or its reverse, or sometimes one that no index keeps. Where the first
    // fields have a fixed value, the order may leave them out.
    let for_owner = has_scope || named;
    let usable: Vec<&Index> = definition
        .indexes
        .iter()
        .filter(|index| {
            if index.per_owner {
                for_owner
            } else {
                !has_scope
            }
        })
        .collect();
    let mut sort = Vec::new();
    let mut is_servable = true;
    match dice.below(10) {
        0 | 1 => {}
        2 => {
            sort = vec![Order::parse(dice.pick::<&str>(&[
                "createdAt",
                "-createdAt",
                "id",
                "-id",
            ]))]
        }
        3 => {
            is_servable = false;
            for field in ["a", "createdAt", "b", "updatedAt", "createdBy"] {
                if dice.chance(40) {
                    sort.push(Order {
                        field: field.to_owned(),
                        descending: dice.chance(50),
                    });
                }
            }
        }
        _ if usable.is_empty() => {}
        _ => {
            let index = *dice.pick(&usable);
            sort = index.order().collect();
            if dice.chance(50) {
                sort.iter_mut()
                    .for_each(|order| order.descending = !order.descending);
            }
            let fixed = dice.below(sort.len());
            for order in &sort[..fixed] {
                let test = Test::Eq(some_value(dice, rows, &order.field));
                conditions.push(Filter::Field(order.field.clone(), test));
            }
            if dice.chance(70) {
                sort.drain(..fixed);
            }
            if dice.chance(50)
                && let Some(next) = sort.first()
            {
                let field = next.field.clone();
                conditions.extend(
                    (0..=dice.below(2))
                        .map(|_| Filter::Field(field.clone(), test(dice, rows, &field))),
                );
            }
        }
    }
    for _ in 0..*dice.pick(&[0, 0, 0, 1, 1, 2]) {
        conditions.push(filter(dice, rows, 0));
    }
    if kind == Kind::Sparse && dice.chance(80) && !rows.is_empty() {
        let few = (0..8)
            .map(|_| Some(json!(dice.pick(rows).record.id.to_string())))
            .collect();
        conditions.push(Filter::Field("id".to_owned(), Test::In(few)));
    }
    let filter = if conditions.len() == 1 {
        conditions.remove(0)
    } else {
        Filter::All(conditions)
    };
    // Row filters narrow the query.
    let filter = if dice.chance(25) {
        shown(dice, rows, users).and(filter)
    } else {
        filter
    };
    let matching = model::list(rows.iter().copied(), &scope, &filter, &sort, usize::MAX).len();
    let limit = match dice.below(4) {
        _ if kind == Kind::Sparse => 1 + dice.below(3),
        0 => *dice.pick(&[1, 2, 3, 10, 20, 100]),
        _ => matching.div_ceil(1 + dice.below(3)),
    };
    // Many pages take long and find no more faults than a few.
    let limit = limit.max(matching / 6).clamp(1, 100);
    Query {
        scope,
        sort,
        filter,
        limit,
        is_servable,
        is_moving: dice.chance(20),
    }
}

/// Row filters, some of them for a user's own records.
fn shown(dice: &mut Dice, rows: &[&Row], users: &[Id]) -> Filter {
    let entries = (0..dice.below(4)).map(|_| {
        let whose = if dice.chance(50) {
            Filter::Owned(dice.pick(users).to_string())
        } else {
            Filter::everything()
        };
        if dice.chance(60) {
            whose.and(filter(dice, rows, 2))
        } else {
            whose
        }
    });
    Filter::one_of(entries.collect())
}

fn filter(dice: &mut Dice, rows: &[&Row], depth: usize) -> Filter {
    match dice.below(if depth < 3 { 12 } else { 8 }) {
        0 => Filter::Search(
            (*dice.pick(&["a", "b", "x", "zz"])).to_owned(),
            vec!["a".to_owned(), "b".to_owned()],
        ),
        8 => Filter::Not(Box::new(filter(dice, rows, depth + 1))),
        9 => Filter::Any(
            (0..dice.below(4))
                .map(|_| filter(dice, rows, depth + 1))
                .collect(),
        ),
        10 => Filter::All(
            (0..dice.below(3))
                .map(|_| filter(dice, rows, depth + 1))
                .collect(),
        ),
        11 => Filter::Field(
            "tags".to_owned(),
            Test::Contains(json!(dice.pick(&["a", "b", "z"]))),
        ),
        _ => {
            let fields = [
                "a",
                "a",
                "b",
                "b",
                "c",
                "c",
                "createdAt",
                "updatedAt",
                "id",
                "owner",
                "createdBy",
            ];
            let field = *dice.pick(&fields);
            Filter::Field(field.to_owned(), test(dice, rows, field))
        }
    }
}

/// A value that some record has in this field, or any.
fn some_value(dice: &mut Dice, rows: &[&Row], field: &str) -> Option<Value> {
    let at =
        |dice: &mut Dice| json!(Timestamp::from_millis(START + dice.below(40) as u64).to_string());
    if rows.is_empty() || dice.chance(20) {
        return if ["createdAt", "updatedAt"].contains(&field) {
            Some(at(dice))
        } else {
            any_value(dice).filter(|value| !value.is_null())
        };
    }
    dice.pick(rows)
        .record
        .value(field)
        .map(Cow::into_owned)
        .filter(|value| !value.is_null())
}

fn test(dice: &mut Dice, rows: &[&Row], field: &str) -> Test {
    let maybe = |dice: &mut Dice| some_value(dice, rows, field);
    let some = |dice: &mut Dice| match maybe(dice) {
        None => json!(1),
        Some(value) => value,
    };
    match dice.below(20) {
        0..4 => Test::Eq(maybe(dice)),
        4 => Test::Ne(maybe(dice)),
        5 | 6 => Test::Gt(some(dice)),
        7 | 8 => Test::Gte(some(dice)),
        9 | 10 => Test::Lt(some(dice)),
        11 | 12 => Test::Lte(some(dice)),
        13 | 14 => Test::In((0..dice.below(4)).map(|_| maybe(dice)).collect()),
        15 => Test::Nin((0..dice.below(3)).map(|_| maybe(dice)).collect()),
        16 => Test::Exists(dice.chance(50)),
        17 => Test::Contains(some(dice)),
        _ => match some(dice) {
            Value::String(text) => {
                let length = if dice.chance(30) {
                    text.chars().count()
                } else {
                    dice.below(400)
                };
                Test::StartsWith(text.chars().take(length).collect())
            }
            _ => Test::StartsWith((*dice.pick(&["", "a", "x"])).to_owned()),
        },
    }
}
