//! Sort keys of the declared indexes: bytes in the order that an index keeps.
//!
//! A key is one code for each field and then the record's id. A code is a tag for the type, the value, and an end that
//! no value contains. The value is spelled so that bytes compare as values do; a descending field inverts its whole
//! code. So no key is the beginning of another, and the order of keys is: absent, false, true, numbers, strings,
//! anything else.

use std::cmp::Ordering;

use serde_json::Value;

use crate::definition::Index;
use crate::value::canonical;
use crate::wire::Record;

/// The most bytes of all fields of a key: with the id and their tags less than DynamoDB's 1,024.
const FIELDS: usize = 1000;

const ABSENT: u8 = 0x10;
const FALSE: u8 = 0x20;
const TRUE: u8 = 0x21;
const NUMBER: u8 = 0x30;
const STRING: u8 = 0x40;
const OTHER: u8 = 0x50;

/// The number of bytes of a string that count in the order of an index.
#[must_use]
pub fn cut(index: &Index) -> usize {
    (FIELDS / index.fields.len().max(1)).saturating_sub(3)
}

/// The sort key of a record in an index.
#[must_use]
pub fn encode(index: &Index, record: &Record) -> Vec<u8> {
    let cut = cut(index);
    let mut key = Vec::new();
    let mut inverted = false;
    for order in index.order() {
        inverted = order.descending;
        let code = code(record.value(&order.field).as_deref(), cut);
        key.extend(if inverted { invert(&code) } else { code });
    }
    let id = record.id.bytes();
    key.extend(if inverted { invert(&id) } else { id.to_vec() });
    key
}

/// The code of a value, ascending.
#[must_use]
pub fn code(value: Option<&Value>, cut: usize) -> Vec<u8> {
    match value {
        None | Some(Value::Null) => vec![ABSENT],
        Some(Value::Bool(false)) => vec![FALSE],
        Some(Value::Bool(true)) => vec![TRUE],
        Some(Value::Number(number)) => number_code(number.as_str()).unwrap_or_else(|| vec![OTHER]),
        Some(Value::String(text)) => [string_start(text, cut).as_slice(), &[0]].concat(),
        Some(Value::Array(_) | Value::Object(_)) => vec![OTHER],
    }
}

/// The code of a string without its end: the codes of all strings with this start begin with it.
#[must_use]
pub fn string_start(text: &str, cut: usize) -> Vec<u8> {
    let counts = text.bytes().take_while(|byte| *byte != 0).take(cut);
    std::iter::once(STRING).chain(counts).collect()
}

/// Whether no other value has the same code.
#[must_use]
pub fn is_exact(value: Option<&Value>, cut: usize) -> bool {
    match value {
        Some(Value::String(text)) => text.len() < cut && !text.contains('\0'),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) => false,
        Some(value) => has_place(value),
        None => true,
    }
}

/// Whether a value has a place in the order: only numbers that no record can hold have none.
#[must_use]
pub fn has_place(value: &Value) -> bool {
    !matches!(value, Value::Number(number) if canonical(number.as_str()).is_none())
}

/// The codes of a value's type, from the first up to the first behind them; `None` for a type without order.
#[must_use]
pub fn codes_of_type(value: &Value) -> Option<(Vec<u8>, Vec<u8>)> {
    match value {
        Value::Bool(_) => Some((vec![FALSE], vec![NUMBER])),
        Value::Number(_) => Some((vec![NUMBER], vec![STRING])),
        Value::String(_) => Some((vec![STRING], vec![OTHER])),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The codes of all present values, from the first up to the first behind them.
#[must_use]
pub fn codes_of_present() -> (Vec<u8>, Vec<u8>) {
    (vec![FALSE], vec![OTHER + 1])
}

/// The code of a number: sign, exponent, digits. `None` for a number that DynamoDB cannot hold.
fn number_code(text: &str) -> Option<Vec<u8>> {
    let canonical = canonical(text)?;
    let (negative, unsigned) = canonical
        .strip_prefix('-')
        .map_or((false, canonical.as_str()), |rest| (true, rest));
    if unsigned == "0" {
        return Some(vec![NUMBER, 0x80]);
    }
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    // The value is 0.digits x 10^point, and the point is -129 to 126.
    let zeros = i32::try_from(all.len() - digits.len()).ok()?;
    let point = exponent.parse::<i32>().ok()? + i32::try_from(whole.len()).ok()? - zeros;
    let mut code = vec![0x81, u8::try_from(point + 129).ok()?];
    code.extend(
        digits
            .trim_end_matches('0')
            .bytes()
            .map(|digit| digit - b'0' + 1),
    );
    code.push(0);
    Some(
        [
            &[NUMBER],
            if negative { invert(&code) } else { code }.as_slice(),
        ]
        .concat(),
    )
}

/// The bytes in the opposite order.
#[must_use]
pub fn invert(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

/// The first bytes behind all those that start with these; `None` where there are none.
#[must_use]
pub fn after(bytes: &[u8]) -> Option<Vec<u8>> {
    let last = bytes.iter().rposition(|byte| *byte != 0xff)?;
    let mut next = bytes.get(..=last)?.to_vec();
    if let Some(byte) = next.last_mut() {
        *byte += 1;
    }
    Some(next)
}

/// The key next to a whole key, on this side of it. Keys end in an id, so it ends in the adjacent id.
#[must_use]
pub fn beside(key: &[u8], side: Ordering) -> Vec<u8> {
    let mut next = key.to_vec();
    for byte in next.iter_mut().rev() {
        let (moved, carries) = match side {
            Ordering::Less => byte.overflowing_sub(1),
            Ordering::Equal => (*byte, false),
            Ordering::Greater => byte.overflowing_add(1),
        };
        *byte = moved;
        if !carries {
            break;
        }
    }
    next
}

#[cfg(test)]
mod tests;
