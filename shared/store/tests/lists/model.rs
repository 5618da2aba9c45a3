//! The plain model of a list: it checks every record, then sorts all of them. It shares no code with the tested crates,
//! neither the order of values nor the meaning of a filter.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use api::Id;
use api::definition::{Index, Order};
use api::query::{Filter, Test};
use api::wire::Record;
use auth::Scope;
use serde_json::Value;

/// A record and its owner, whether callers see the owner or not.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) record: Record,
    pub(crate) owner: Option<String>,
    keys: BTreeMap<String, Key>,
}

/// A value as its place in the order of all values.
#[derive(Clone, Debug, PartialEq)]
enum Key {
    Absent,
    Truth(bool),
    Number {
        sign: i8,
        power: i32,
        digits: String,
    },
    Text(String),
    Other(Value),
}

impl Row {
    pub(crate) fn new(record: Record, owner: Option<String>) -> Self {
        let mut keys: BTreeMap<String, Key> = record
            .fields
            .iter()
            .map(|(name, value)| (name.clone(), key(Some(value))))
            .collect();
        keys.insert("id".to_owned(), Key::Text(record.id.to_string()));
        keys.insert(
            "createdAt".to_owned(),
            Key::Text(record.created_at.to_string()),
        );
        keys.insert(
            "updatedAt".to_owned(),
            Key::Text(record.updated_at.to_string()),
        );
        keys.insert(
            "createdBy".to_owned(),
            record
                .created_by
                .map_or(Key::Absent, |id| Key::Text(id.to_string())),
        );
        Self {
            record,
            owner,
            keys,
        }
    }

    fn key(&self, field: &str) -> &Key {
        self.keys.get(field).unwrap_or(&Key::Absent)
    }
}

impl Key {
    fn rank(&self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Truth(_) => 1,
            Self::Number { .. } => 2,
            Self::Text(_) => 3,
            Self::Other(_) => 4,
        }
    }

    /// Strings by their first `cut` bytes.
    fn compare(&self, other: &Self, cut: usize) -> Ordering {
        match (self, other) {
            (Self::Truth(a), Self::Truth(b)) => a.cmp(b),
            (
                Self::Number {
                    sign: a,
                    power: c,
                    digits: e,
                },
                Self::Number {
                    sign: b,
                    power: d,
                    digits: f,
                },
            ) => {
                let sizes = c.cmp(d).then(e.cmp(f));
                a.cmp(b).then(if *a < 0 { sizes.reverse() } else { sizes })
            }
            (Self::Text(a), Self::Text(b)) => {
                a.as_bytes()[..a.len().min(cut)].cmp(&b.as_bytes()[..b.len().min(cut)])
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

fn key(value: Option<&Value>) -> Key {
    match value {
        None | Some(Value::Null) => Key::Absent,
        Some(Value::Bool(truth)) => Key::Truth(*truth),
        Some(Value::Number(number)) => decimal(number.as_str()),
        Some(Value::String(text)) => Key::Text(text.clone()),
        Some(other) => Key::Other(other.clone()),
    }
}

/// A number as 0.digits x 10^power, without a zero at either end of the digits.
fn decimal(text: &str) -> Key {
    let lower = text.to_lowercase();
    let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let unsigned = mantissa.trim_start_matches('-');
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let power =
        exponent.parse::<i32>().unwrap() + (whole.len() + digits.len()) as i32 - all.len() as i32;
    match digits.trim_end_matches('0') {
        "" => Key::Number {
            sign: 0,
            power: 0,
            digits: String::new(),
        },
        digits => Key::Number {
            sign: if mantissa == unsigned { 1 } else { -1 },
            power,
            digits: digits.to_owned(),
        },
    }
}

/// Whether a record passes a filter.
pub(crate) fn passes(row: &Row, filter: &Filter) -> bool {
    match filter {
        Filter::All(all) => !all.iter().any(|one| !passes(row, one)),
        Filter::Any(any) => any.iter().any(|one| passes(row, one)),
        Filter::Not(not) => !passes(row, not),
        Filter::Search(text, fields) => fields.iter().any(|field| match row.key(field) {
            Key::Text(value) => value.to_lowercase().contains(text.as_str()),
            _ => false,
        }),
        Filter::Field(field, test) => holds(row.key(field), test),
        Filter::Owned(owner) => row.owner.as_ref() == Some(owner),
    }
}

fn holds(value: &Key, test: &Test) -> bool {
    let is = |wanted: &Option<Value>| *value == key(wanted.as_ref());
    let than = |other: &Value| {
        let other = key(Some(other));
        let ordered = matches!(value, Key::Truth(_) | Key::Number { .. } | Key::Text(_));
        (ordered && value.rank() == other.rank()).then(|| value.compare(&other, usize::MAX))
    };
    match test {
        Test::Eq(wanted) => is(wanted),
        Test::Ne(wanted) => !is(wanted),
        Test::In(wanted) => wanted.iter().any(is),
        Test::Nin(wanted) => !wanted.iter().any(is),
        Test::Exists(exists) => (*value != Key::Absent) == *exists,
        Test::Gt(other) => than(other) == Some(Ordering::Greater),
        Test::Gte(other) => matches!(than(other), Some(Ordering::Greater | Ordering::Equal)),
        Test::Lt(other) => than(other) == Some(Ordering::Less),
        Test::Lte(other) => matches!(than(other), Some(Ordering::Less | Ordering::Equal)),
        Test::StartsWith(start) => {
            matches!(value, Key::Text(text) if text.as_bytes().starts_with(start.as_bytes()))
        }
        Test::Contains(part) => match value {
            Key::Text(text) => part.as_str().is_some_and(|part| text.contains(part)),
            Key::Other(Value::Array(items)) => {
                items.iter().any(|item| key(Some(item)) == key(Some(part)))
            }
            _ => false,
        },
    }
}

/// The number of bytes of a string that count in the order of an index, as documented.
pub(crate) fn cut(index: Option<&Index>) -> usize {
    index.map_or(usize::MAX, |index| 1000 / index.fields.len() - 3)
}

/// The order of two records: by the fields, then by the id in the direction of the last field.
pub(crate) fn compare(a: &Row, b: &Row, sort: &[Order], cut: usize) -> Ordering {
    let newest_first = [Order {
        field: "createdAt".to_owned(),
        descending: true,
    }];
    let sort = if sort.is_empty() { &newest_first } else { sort };
    let turned =
        |order: Ordering, descending: bool| if descending { order.reverse() } else { order };
    for Order { field, descending } in sort {
        let order = a.key(field).compare(b.key(field), cut);
        if order != Ordering::Equal {
            return turned(order, *descending);
        }
    }
    turned(
        a.record.id.bytes().cmp(&b.record.id.bytes()),
        sort.last().is_some_and(|last| last.descending),
    )
}

/// The whole list.
pub(crate) fn list<'a>(
    rows: impl IntoIterator<Item = &'a Row>,
    scope: &Scope,
    filter: &Filter,
    sort: &[Order],
    cut: usize,
) -> Vec<&'a Row> {
    let in_scope = |row: &&Row| match scope {
        Scope::All => true,
        Scope::OwnedBy(id) => row.owner == Some(id.to_string()),
    };
    let mut list: Vec<&Row> = rows
        .into_iter()
        .filter(in_scope)
        .filter(|row| passes(row, filter))
        .collect();
    list.sort_by(|a, b| compare(a, b, sort, cut));
    list
}

pub(crate) fn ids<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<Id> {
    rows.into_iter().map(|row| row.record.id).collect()
}
