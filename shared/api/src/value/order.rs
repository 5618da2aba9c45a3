//! The one order of values.

use std::cmp::Ordering;
use std::iter;

use serde_json::Value;

/// Compares two values: absent, `false`, `true`, numbers by their exact value, strings by their bytes, and last arrays
/// and objects, which are all equal. Null is absent.
#[must_use]
pub fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        (Some(Value::Number(a)), Some(Value::Number(b))) => numbers(a.as_str(), b.as_str()),
        (Some(Value::String(a)), Some(Value::String(b))) => a.as_bytes().cmp(b.as_bytes()),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// Compares two values of one scalar type; `None` for any other two.
pub(crate) fn compare_alike(a: &Value, b: &Value) -> Option<Ordering> {
    let (a, b) = (Some(a), Some(b));
    (rank(a) == rank(b) && (BOOLEAN..=STRING).contains(&rank(a))).then(|| compare(a, b))
}

const BOOLEAN: u8 = 1;
const NUMBER: u8 = 2;
const STRING: u8 = 3;

/// The rank of a value's type.
fn rank(value: Option<&Value>) -> u8 {
    match value {
        None | Some(Value::Null) => 0,
        Some(Value::Bool(_)) => BOOLEAN,
        Some(Value::Number(_)) => NUMBER,
        Some(Value::String(_)) => STRING,
        Some(Value::Array(_) | Value::Object(_)) => 4,
    }
}

/// Compares two JSON numbers digit by digit: 38 digits are more than a float has.
fn numbers(a: &str, b: &str) -> Ordering {
    let (a, b) = (Decimal::of(a), Decimal::of(b));
    a.sign.cmp(&b.sign).then_with(|| {
        let sizes = a.point.cmp(&b.point).then_with(|| a.compare_digits(&b));
        if a.sign < 0 { sizes.reverse() } else { sizes }
    })
}

/// A number as sign x 0.digits x 10^point, the first digit not zero; sign 0 for zero.
struct Decimal<'a> {
    sign: i8,
    point: i64,
    whole: &'a [u8],
    fraction: &'a [u8],
}

impl<'a> Decimal<'a> {
    fn of(number: &'a str) -> Self {
        let (sign, unsigned) = number
            .strip_prefix('-')
            .map_or((1, number), |rest| (-1, rest));
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        // An exponent that does not fit belongs to no stored number: its number is greater or smaller than all of them.
        let endless = if exponent.starts_with('-') {
            i64::from(i32::MIN)
        } else {
            i64::from(i32::MAX)
        };
        let exponent = exponent.parse::<i32>().map_or(endless, i64::from);
        let whole = whole.trim_start_matches('0').as_bytes();
        let fraction = fraction.as_bytes();
        // Without digits before the point, leading zeros of the fraction only move the point.
        let zeros = if whole.is_empty() {
            fraction.iter().take_while(|digit| **digit == b'0').count()
        } else {
            0
        };
        let fraction = &fraction[zeros..];
        if whole.is_empty() && fraction.is_empty() {
            return Self {
                sign: 0,
                point: 0,
                whole,
                fraction,
            };
        }
        let places = |length: usize| i64::try_from(length).unwrap_or(i64::MAX / 4);
        Self {
            sign,
            point: exponent + places(whole.len()) - places(zeros),
            whole,
            fraction,
        }
    }

    fn compare_digits(&self, other: &Self) -> Ordering {
        let length = |decimal: &Self| decimal.whole.len() + decimal.fraction.len();
        let longest = length(self).max(length(other));
        self.digits()
            .take(longest)
            .cmp(other.digits().take(longest))
    }

    /// The digits, and zeros without end.
    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole
            .iter()
            .chain(self.fraction)
            .copied()
            .chain(iter::repeat(b'0'))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::number::canonical;
    use crate::value::random::Random;

    #[test]
    fn numbers_compare_as_big_decimals_do() {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut equal = 0;
        for case in 0..20_000 {
            let (a, b) = (random.number(), random.number());
            // Every fifth case has one value in two spellings.
            let b = if case % 5 == 0 {
                (canonical(&a.0).expect("in range"), a.1.clone())
            } else {
                b
            };
            let by_size = |a: &str, b: &str| a.len().cmp(&b.len()).then_with(|| a.cmp(b));
            let expected = a.1.0.cmp(&b.1.0).then_with(|| match a.1.0 {
                -1 => by_size(&b.1.1, &a.1.1),
                _ => by_size(&a.1.1, &b.1.1),
            });
            let value = |text: &str| serde_json::from_str::<Value>(text).expect("a number");
            assert_eq!(
                compare(Some(&value(&a.0)), Some(&value(&b.0))),
                expected,
                "{} {}",
                a.0,
                b.0
            );
            assert_eq!(
                canonical(&a.0) == canonical(&b.0),
                expected.is_eq(),
                "{} {}",
                a.0,
                b.0
            );
            equal += usize::from(expected.is_eq());
        }
        assert!(equal > 4_000);
        // Numbers beyond the stored range must not fail.
        for (a, b) in [
            ("1e99999999999", "1"),
            ("1", "1e-99999999999"),
            ("0", "-1e99999999999"),
        ] {
            let value = |text: &str| serde_json::from_str::<Value>(text).expect("a number");
            assert_eq!(
                compare(Some(&value(a)), Some(&value(b))),
                Ordering::Greater,
                "{a} {b}"
            );
        }
    }

    #[test]
    fn the_order_of_values_is_total() {
        let mut random = Random(7);
        for _ in 0..20_000 {
            let (a, b, c) = (random.scalar(), random.scalar(), random.scalar());
            let (a, b, c) = (a.as_ref(), b.as_ref(), c.as_ref());
            assert_eq!(compare(a, a), Ordering::Equal);
            assert_eq!(compare(a, b), compare(b, a).reverse(), "{a:?} {b:?}");
            if compare(a, b).is_le() && compare(b, c).is_le() {
                assert!(compare(a, c).is_le(), "{a:?} {b:?} {c:?}");
            }
        }
        let sorted = [
            None,
            Some(json!(false)),
            Some(json!(true)),
            Some(json!(-1)),
            Some(json!(2)),
            Some(json!("")),
            Some(json!("1")),
            Some(json!([])),
        ];
        assert!(
            sorted
                .windows(2)
                .all(|pair| compare(pair[0].as_ref(), pair[1].as_ref()) == Ordering::Less)
        );
        assert_eq!(compare(None, Some(&Value::Null)), Ordering::Equal);
    }
}
