//! Bounds: the part of an index that holds every record that passes the conditions on one field.

use api::Moment;
use api::definition::Order;
use api::query::{Filter, Test};
use serde_json::Value;

use api::sort_key::{
    after, code, codes_of_present, codes_of_type, has_place, invert, is_exact, string_start,
};

/// A range of the key parts that follow the fields with one fixed value: the first and the last.
pub(super) struct Span {
    pub(super) first: Vec<u8>,
    pub(super) last: Vec<u8>,
}

impl Span {
    /// The values of a field that pass all its conditions, as far as keys can tell.
    pub(super) fn of_field(filter: &Filter, order: &Order, cut: usize) -> Option<Self> {
        let conditions = filter
            .conjunction()
            .into_iter()
            .filter(|(field, _)| *field == order.field);
        let both = conditions
            .filter_map(|(_, test)| interval(test, cut))
            .reduce(|a, b| Interval {
                first: a.first.max(b.first),
                end: a.end.min(b.end),
                exact: true,
            })?;
        // Every key ends in an id, so none equals an end. An end may stand for the last key before it.
        Some(match order.descending {
            false => Self {
                first: both.first,
                last: both.end,
            },
            true => Self {
                first: after(&invert(&both.end))?,
                last: after(&invert(&both.first))?,
            },
        })
    }

    /// The ids that pass the conditions on the id and on the time of creation, which begins each id.
    pub(super) fn of_ids(filter: &Filter, descending: bool) -> Option<Self> {
        let conditions = filter.conjunction().into_iter();
        let (first, last) = conditions
            .filter_map(|(field, test)| id_interval(field, test))
            .reduce(|a, b| (a.0.max(b.0), a.1.min(b.1)))?;
        Some(match descending {
            false => Self {
                first: first.to_vec(),
                last: last.to_vec(),
            },
            true => Self {
                first: invert(&last),
                last: invert(&first),
            },
        })
    }
}

/// The codes of the values that pass a condition.
pub(super) struct Interval {
    first: Vec<u8>,
    /// The first code behind these codes.
    end: Vec<u8>,
    /// Whether all values with these codes pass.
    pub(super) exact: bool,
}

pub(super) fn interval(test: &Test, cut: usize) -> Option<Interval> {
    let interval = |(first, end): (Vec<u8>, Vec<u8>), exact| Some(Interval { first, end, exact });
    match test {
        Test::Gt(value) | Test::Gte(value) | Test::Lt(value) | Test::Lte(value) => {
            if !has_place(value) {
                return None;
            }
            let (first, end) = codes_of_type(value)?;
            let (code, exact) = (code(Some(value), cut), is_exact(Some(value), cut));
            let behind = after(&code)?;
            let span = match test {
                Test::Gt(_) => (if exact { behind } else { code }, end),
                Test::Gte(_) => (code, end),
                Test::Lt(_) => (first, if exact { code } else { behind }),
                _ => (first, behind),
            };
            interval(span, exact)
        }
        Test::StartsWith(start) => {
            let first = string_start(start, cut);
            let end = after(&first)?;
            interval((first, end), start.len() <= cut && !start.contains('\0'))
        }
        Test::In(values) => {
            let codes = || values.iter().map(|value| code(value.as_ref(), cut));
            interval((codes().min()?, after(&codes().max()?)?), false)
        }
        Test::Exists(true) | Test::Ne(None) => interval(codes_of_present(), true),
        _ => None,
    }
}

/// The first and the last id that pass a condition on the id or on the time of creation. Always exact.
pub(super) fn id_interval(field: &str, test: &Test) -> Option<([u8; 16], [u8; 16])> {
    const FIRST: [u8; 16] = [0; 16];
    const LAST: [u8; 16] = [0xff; 16];
    match (field, test) {
        ("id", Test::Eq(Some(Value::String(id)))) => {
            let id = id.parse::<api::Id>().ok()?.bytes();
            Some((id, id))
        }
        ("createdAt", Test::Gt(Value::String(at))) => Some((first_of(at, 1)?, LAST)),
        ("createdAt", Test::Gte(Value::String(at))) => Some((first_of(at, 0)?, LAST)),
        ("createdAt", Test::Lt(Value::String(at))) => Some((FIRST, before(first_of(at, 0)?))),
        ("createdAt", Test::Lte(Value::String(at))) => Some((FIRST, before(first_of(at, 1)?))),
        ("createdAt", Test::Eq(Some(Value::String(at)))) => {
            Some((first_of(at, 0)?, before(first_of(at, 1)?)))
        }
        _ => None,
    }
}

/// The lowest id of the time `millis` milliseconds after `at`. No record is older than 1970.
fn first_of(at: &str, millis: i64) -> Option<[u8; 16]> {
    let at = Moment::parse(at).filter(|parsed| parsed.to_string() == at)?;
    let since_1970 = u128::try_from(at.millis() + millis).unwrap_or_default();
    Some((since_1970 << 80).to_be_bytes())
}

fn before(id: [u8; 16]) -> [u8; 16] {
    u128::from_be_bytes(id).saturating_sub(1).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_record_is_younger_than_1970() {
        let first = |at: &str| first_of(at, 0).expect(at);
        let at = |text: &str| Moment::parse(text).expect(text).to_string();
        assert_eq!(first(&at("1945-05-08")), [0; 16]);
        assert_eq!(first(&at("1970-01-01")), [0; 16]);
        assert_eq!(
            first(&at("1970-01-01T00:00:00.001Z")),
            (1u128 << 80).to_be_bytes()
        );
        let old = json!(at("1960-01-01"));
        for (test, last) in [
            (Test::Gt(old.clone()), [0xff; 16]),
            (Test::Gte(old.clone()), [0xff; 16]),
            (Test::Lt(old.clone()), [0; 16]),
            (Test::Lte(old.clone()), [0; 16]),
            (Test::Eq(Some(old)), [0; 16]),
        ] {
            assert_eq!(
                id_interval("createdAt", &test),
                Some(([0; 16], last)),
                "{test:?}"
            );
        }
    }
}
