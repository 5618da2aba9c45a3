//! The keys of declared indexes.

use std::cmp::Ordering;

use api::definition::{Index, Order};
use api::value::compare;
use api::wire::Record;
use api::{Id, Timestamp};
use serde_json::{Map, Value};

/// The orders that are tried.
const INDEXES: &[&[&str]] = &[
    &["a"],
    &["-a"],
    &["a", "b"],
    &["-a", "b"],
    &["a", "-b"],
    &["b", "a", "-createdAt"],
    &["-a", "-b", "updatedAt"],
];

/// Encoding: the keys of two records compare as the records do in the index's order. No key is a prefix of another, and
/// each fits DynamoDB's 1,024 bytes.
pub fn index(data: &[u8]) {
    let mut bytes = data.iter().copied();
    let fields = INDEXES
        .get(usize::from(bytes.next().unwrap_or_default()) % INDEXES.len())
        .copied()
        .unwrap_or(&["a"]);
    let index = Index {
        fields: fields.iter().map(ToString::to_string).collect(),
        per_owner: false,
    };
    let (left, right) = (record(&mut bytes), record(&mut bytes));
    let (a, b) = (
        api::sort_key::encode(&index, &left),
        api::sort_key::encode(&index, &right),
    );
    let cut = api::sort_key::cut(&index);
    let mut expected = Ordering::Equal;
    let mut last = false;
    for Order { field, descending } in index.order() {
        last = descending;
        let [left, right] =
            [&left, &right].map(|record| record.value(&field).map(|value| start(&value, cut)));
        let order = match (&left, &right) {
            (Some(Err(left)), Some(Err(right))) => left.cmp(right),
            _ => {
                let whole = |value: &Option<Result<Value, Vec<u8>>>| match value {
                    Some(Ok(value)) => Some(value.clone()),
                    Some(Err(_)) => Some(Value::from("")),
                    None => None,
                };
                compare(whole(&left).as_ref(), whole(&right).as_ref())
            }
        };
        expected = expected.then(if descending { order.reverse() } else { order });
    }
    let ids = left.id.cmp(&right.id);
    expected = expected.then(if last { ids.reverse() } else { ids });
    assert_eq!(a.cmp(&b), expected, "{fields:?}: {left:?} and {right:?}");
    assert!(
        a == b || !(a.starts_with(&b) || b.starts_with(&a)),
        "{fields:?}: {left:?} and {right:?}"
    );
    assert!(
        a.len() < 1024 && b.len() < 1024,
        "{} and {} bytes",
        a.len(),
        b.len()
    );
}

/// A string's bytes as far as they count in an index; any other value as it is.
fn start(value: &Value, cut: usize) -> Result<Value, Vec<u8>> {
    match value {
        Value::String(text) => Err(text.bytes().take(cut).collect()),
        value => Ok(value.clone()),
    }
}

fn record(bytes: &mut impl Iterator<Item = u8>) -> Record {
    let mut byte = || bytes.next().unwrap_or_default();
    let at = Timestamp::from_millis(1_790_000_000_000 + u64::from(byte()));
    let (id, updated_at) = (
        Id::new(at, [byte(); 10]),
        Timestamp::from_millis(at.millis() + u64::from(byte())),
    );
    let mut fields = Map::new();
    for name in ["a", "b"] {
        fields.extend(value(&mut byte).map(|value| (name.to_owned(), value)));
    }
    Record {
        id,
        created_at: at,
        updated_at,
        created_by: None,
        owner: None,
        fields,
    }
}

/// A value as records hold it: a number in canonical form, a string without NUL.
fn value(byte: &mut impl FnMut() -> u8) -> Option<Value> {
    match byte() % 8 {
        0 => None,
        1 => Some(Value::Null),
        2 => Some(Value::Bool(byte() % 2 == 1)),
        3 => Some(Value::Array(Vec::new())),
        4 | 5 => {
            let sign = if byte() % 2 == 1 { "-" } else { "" };
            let exponent = i16::from(byte()) - 130;
            let digits: String = (0..byte() % 39)
                .map(|_| char::from(b'0' + byte() % 10))
                .collect();
            let number = api::value::canonical(&format!("{sign}0.{digits}0e{exponent}"))?;
            serde_json::from_str(&number).ok()
        }
        _ => {
            let (length, repeat) = (byte() % 8, usize::from(byte()) * 16 + 1);
            let part: Vec<u8> = (0..length).map(|_| byte().max(1)).collect();
            Some(Value::from(String::from_utf8_lossy(&part).repeat(repeat)))
        }
    }
}
