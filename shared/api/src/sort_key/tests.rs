//! The tests of sort keys.

use std::cmp::Ordering;

use serde_json::{Map, json};

use super::*;
use crate::definition::Order;
use crate::value::Random;
use crate::{Id, Moment, Timestamp};

fn pick<T: Copy>(random: &mut Random, from: &[T]) -> T {
    from[random.below(from.len())]
}

fn value(random: &mut Random) -> Option<Value> {
    Some(match random.below(10) {
        0 => return None,
        1 => Value::Null,
        2 => json!(random.below(2) == 0),
        3 => json!(random.below(9)),
        4 | 5 => {
            let text = canonical(&random.number().0).unwrap_or_else(|| "0".to_owned());
            serde_json::from_str(&text).expect("a number")
        }
        6 => json!(random.one(&["", "a", "ab", "b", "a\u{1}", "é", "\u{10ffff}", "A"])),
        7 => json!(
            "x".repeat(pick(random, &[300, 330, 331, 997, 998, 2048]))
                + random.one(&["", "a", "b"])
        ),
        8 => json!(
            (0..random.below(4))
                .map(|_| pick(random, &['a', 'b', '\u{1}', 'ÿ']))
                .collect::<String>()
        ),
        _ => json!([1]),
    })
}

/// Compares two decimal numbers digit by digit, by another method than the keys.
fn compare_numbers(a: &str, b: &str) -> Ordering {
    /// The sign, and the digits on a line of 400 places with the point in its middle.
    fn line(text: &str) -> (bool, String) {
        let (negative, text) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let point =
            i32::try_from(whole.len()).expect("short") + exponent.parse::<i32>().expect("exponent");
        let lead = "0".repeat(usize::try_from(200 - point).expect("in range"));
        (
            negative,
            format!("{:0<400}", format!("{lead}{whole}{fraction}")),
        )
    }
    let ((a_negative, a), (b_negative, b)) = (line(a), line(b));
    match (
        a_negative && a.contains(|c| c != '0'),
        b_negative && b.contains(|c| c != '0'),
    ) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => a.cmp(&b),
        (true, true) => b.cmp(&a),
    }
}

fn compare(a: Option<&Value>, b: Option<&Value>, cut: usize) -> Ordering {
    let rank = |value: Option<&Value>| match value {
        None | Some(Value::Null) => 0,
        Some(Value::Bool(false)) => 1,
        Some(Value::Bool(true)) => 2,
        Some(Value::Number(_)) => 3,
        Some(Value::String(_)) => 4,
        Some(_) => 5,
    };
    match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => compare_numbers(a.as_str(), b.as_str()),
        (Some(Value::String(a)), Some(Value::String(b))) => {
            a.as_bytes()[..a.len().min(cut)].cmp(&b.as_bytes()[..b.len().min(cut)])
        }
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

fn record(random: &mut Random, values: [Option<Value>; 3]) -> Record {
    let at = Timestamp::from_millis(1_790_000_000_000 + random.below(3) as u64);
    let fields = ["a", "b", "c"].into_iter().zip(values);
    Record {
        id: Id::in_shard(at, [u8::try_from(random.below(4)).expect("small"); 10], 0),
        created_at: at,
        updated_at: at,
        created_by: None,
        owner: None,
        fields: fields
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect::<Map<_, _>>(),
    }
}

#[test]
fn keys_are_in_the_order_of_the_values_and_end_in_the_id() {
    let mut random = Random(7);
    for fields in [
        &["a"][..],
        &["-a"],
        &["a", "b"],
        &["-a", "b"],
        &["a", "-b", "c"],
        &["-c", "-b", "-a"],
        &["a", "-createdAt"],
        &["-a", "updatedAt", "id"],
    ] {
        let index = Index {
            fields: fields.iter().map(ToString::to_string).collect(),
            per_owner: false,
        };
        let cut = cut(&index);
        for _ in 0..4000 {
            let (left, right) = (
                [(); 3].map(|()| value(&mut random)),
                [(); 3].map(|()| value(&mut random)),
            );
            let right = if random.below(2) == 0 {
                left.clone()
            } else {
                right
            };
            let (left, right) = (record(&mut random, left), record(&mut random, right));
            let mut expected = Ordering::Equal;
            let mut last = false;
            for Order { field, descending } in index.order() {
                last = descending;
                let order = compare(
                    left.value(&field).as_deref(),
                    right.value(&field).as_deref(),
                    cut,
                );
                expected = expected.then(if descending { order.reverse() } else { order });
            }
            let ids = left.id.cmp(&right.id);
            expected = expected.then(if last { ids.reverse() } else { ids });
            let (a, b) = (encode(&index, &left), encode(&index, &right));
            assert_eq!(a.cmp(&b), expected, "{fields:?}: {left:?} and {right:?}");
            assert!(a.len() < 1024, "{} bytes", a.len());
            assert!(
                a == b || !b.starts_with(&a),
                "{fields:?}: {left:?} begins {right:?}"
            );
        }
    }
}

#[test]
fn the_longest_key_fits() {
    for count in 1..=20 {
        let index = Index {
            fields: (0..count).map(|n| format!("f{n}")).collect(),
            per_owner: false,
        };
        for value in [
            json!("é".repeat(2000)),
            serde_json::from_str(&format!("-{}", "9".repeat(38))).expect("n"),
        ] {
            let mut all = record(&mut Random(1), [const { None }; 3]);
            all.fields = index
                .fields
                .iter()
                .map(|name| (name.clone(), value.clone()))
                .collect();
            assert!(encode(&index, &all).len() < 1024, "{count} fields");
        }
    }
}

#[test]
fn numbers_are_in_order_to_the_last_of_38_digits() {
    let texts = [
        "-9.9999999999999999999999999999999999999e125",
        "-12345678901234567890123456789012345678",
        "-12345678901234567890123456789012345677",
        "-10",
        "-9.5",
        "-9",
        "-1",
        "-0.1",
        "-1e-130",
        "0",
        "1e-130",
        "1e-21",
        "0.1",
        "0.11",
        "0.2",
        "1",
        "1.5",
        "2",
        "9",
        "10",
        "11",
        "99",
        "100",
        "12345678901234567890123456789012345677",
        "12345678901234567890123456789012345678",
        "9.9999999999999999999999999999999999999e125",
    ];
    let codes = texts.map(|text| number_code(text).expect(text));
    assert!(codes.is_sorted_by(|a, b| a < b), "{codes:x?}");
}

#[test]
fn what_comes_after_and_beside() {
    assert_eq!(after(&[1, 2]), Some(vec![1, 3]));
    assert_eq!(after(&[1, 0xff]), Some(vec![2]));
    assert_eq!(after(&[0xff]), None);
    assert_eq!(after(&[]), None);
    assert_eq!(beside(&[1, 0], Ordering::Less), [0, 0xff]);
    assert_eq!(beside(&[1, 0xff], Ordering::Greater), [2, 0]);
}

/// A record of this day, made at a fixed moment.
fn of_day(day: &str) -> Record {
    let at = Timestamp::from_millis(1_790_000_000_000);
    Record {
        id: Id::in_shard(at, [7; 10], 0),
        created_at: at,
        updated_at: at,
        created_by: None,
        owner: None,
        fields: Map::from_iter([("day".to_owned(), json!(day))]),
    }
}

/// The keys of a record in an index by day, and in one whose latest day comes first.
fn keys_of_day(day: &str) -> [Vec<u8>; 2] {
    let indexes = [&["day"][..], &["-day", "-createdAt"]];
    indexes.map(|fields| {
        let index = Index {
            fields: fields.iter().map(ToString::to_string).collect(),
            per_owner: false,
        };
        encode(&index, &of_day(day))
    })
}

#[test]
fn keys_of_dates_that_were_stored_before_any_year_was_are_the_same() {
    // The first code that took dates wrote these.
    for (day, [ascending, descending]) in [
        (
            "1970-01-01T00:00:00Z",
            [
                "40313937302d30312d30315430303a30303a30302e3030305a0001a0c4506c0077008707070707070707",
                "bfcec6c8cfd2cfced2cfceabcfcfc5cfcfc5cfcfd1cfcfcfa5ffbfcdcfcdc9d2cfc6d2cdceabcecbc5ceccc5cdcfd1cfcfcfa5fffe5f3baf93ff88ff78f8f8f8f8f8f8f8",
            ],
        ),
        (
            "2026-11-21T10:00:00.123+02:00",
            [
                "40323032362d31312d32315430383a30303a30302e3132335a0001a0c4506c0077008707070707070707",
                "bfcdcfcdc9d2ceced2cdceabcfc7c5cfcfc5cfcfd1cecdcca5ffbfcdcfcdc9d2cfc6d2cdceabcecbc5ceccc5cdcfd1cfcfcfa5fffe5f3baf93ff88ff78f8f8f8f8f8f8f8",
            ],
        ),
        (
            "9999-12-31T23:59:59.999Z",
            [
                "40393939392d31322d33315432333a35393a35392e3939395a0001a0c4506c0077008707070707070707",
                "bfc6c6c6c6d2cecdd2ccceabcdccc5cac6c5cac6d1c6c6c6a5ffbfcdcfcdc9d2cfc6d2cdceabcecbc5ceccc5cdcfd1cfcfcfa5fffe5f3baf93ff88ff78f8f8f8f8f8f8f8",
            ],
        ),
    ] {
        let stored = Moment::parse(day).expect(day).to_string();
        let hex = |bytes: &Vec<u8>| -> String {
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let keys = keys_of_day(&stored);
        assert_eq!(keys.each_ref().map(hex), [ascending, descending], "{day}");
    }
}

#[test]
fn dates_are_in_order_across_1970() {
    let days = [
        "0000-01-01",
        "1945-05-08",
        "1969-12-31T23:59:59.999Z",
        "1970-01-01",
        "2026-11-21",
        "9999-12-31",
    ];
    let keys = days.map(|day| keys_of_day(&Moment::parse(day).expect(day).to_string()));
    assert!(keys.is_sorted_by(|a, b| a[0] < b[0] && a[1] > b[1]));
}
