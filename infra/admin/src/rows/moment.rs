//! Times in the forms that other systems write.

use api::{Moment, Timestamp};
use serde_json::Value;

/// The numbers between these are seconds, others are milliseconds. As seconds they are the years 1653 and 5138, as milliseconds
/// 1969 and 1973.
const FIRST_SECONDS: i64 = -10_000_000_000;
const LAST_SECONDS: i64 = 100_000_000_000;

/// Reads a time from 1970 on, as [`date`] does.
pub(crate) fn moment(value: &Value) -> Option<Timestamp> {
    let millis = u64::try_from(date(value)?.millis()).ok()?;
    Some(Timestamp::from_millis(millis))
}

/// Reads a date: RFC 3339, the texts of Postgres and SQLite, seconds or milliseconds from 1970, and the `$date` of MongoDB. A text
/// without an offset is UTC. `None` for anything else.
pub(super) fn date(value: &Value) -> Option<Moment> {
    match value {
        Value::String(text) => of_text(text.trim()),
        Value::Number(number) => of_number(&number.to_string()),
        Value::Object(members) if members.len() == 1 => {
            let inside = members.get("$date")?;
            match inside {
                Value::Object(inner) => millis(inner.get("$numberLong")?.as_str()?),
                Value::Number(number) => millis(&number.to_string()),
                inside => date(inside),
            }
        }
        _ => None,
    }
}

fn millis(text: &str) -> Option<Moment> {
    text.parse().ok().and_then(Moment::from_millis)
}

fn of_number(text: &str) -> Option<Moment> {
    let (whole, _) = text.split_once('.').unwrap_or((text, ""));
    let number: i64 = whole.parse().ok()?;
    let are_seconds = number > FIRST_SECONDS && number < LAST_SECONDS;
    Moment::from_millis(if are_seconds { number * 1000 } else { number })
}

fn of_text(text: &str) -> Option<Moment> {
    if let Some(time) = Moment::parse(text) {
        return Some(time);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() >= 9 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return of_number(text);
    }
    let (date, time) = text.split_at_checked(10)?;
    let time = time.strip_prefix([' ', 'T', 't'])?;
    let time = time.strip_suffix(" UTC").unwrap_or(time);
    let at = time.find(['+', '-', 'Z', 'z']).unwrap_or(time.len());
    let (clock, offset) = time.split_at_checked(at)?;
    let clock = match clock.trim_end() {
        short if short.len() == 5 => format!("{short}:00"),
        whole => whole.to_owned(),
    };
    Moment::parse(&format!("{date}T{clock}{}", offset_of(offset)?))
}

/// An offset as RFC 3339 writes it.
fn offset_of(text: &str) -> Option<String> {
    let digits = text.get(1..).unwrap_or_default();
    Some(match (text, digits.len()) {
        ("" | "Z" | "z", _) => "Z".to_owned(),
        (_, 2) => format!("{text}:00"),
        (_, 4) => format!("{}:{}", text.get(..3)?, text.get(3..)?),
        _ => text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_is_understood_in_the_form_of_its_system() {
        let at = "2023-01-15T12:34:56.789Z";
        for value in [
            json!("2023-01-15T12:34:56.789Z"),
            json!("2023-01-15 12:34:56.789Z"),
            json!("2023-01-15 12:34:56.789"),
            json!("2023-01-15 12:34:56.789012+00"),
            json!("2023-01-15 12:34:56.789012+00:00"),
            json!("2023-01-15 18:04:56.789+0530"),
            json!("2023-01-15 09:34:56.789-03"),
            json!("2023-01-15 12:34:56.789 UTC"),
            json!("2023-01-15T12:34:56.789012"),
            json!(" 2023-01-15T12:34:56.789+00:00 "),
            json!(1_673_786_096_789_u64),
            json!("1673786096789"),
            json!(1_673_786_096_789.0),
            json!({ "$date": "2023-01-15T12:34:56.789Z" }),
            json!({ "$date": 1_673_786_096_789_u64 }),
            json!({ "$date": { "$numberLong": "1673786096789" } }),
        ] {
            let read = moment(&value).map(|it| it.to_string());
            assert_eq!(read.as_deref(), Some(at), "{value}");
        }
        for (value, at) in [
            (json!("2023-01-15"), "2023-01-15T00:00:00.000Z"),
            (json!("2023-01-15 12:34"), "2023-01-15T12:34:00.000Z"),
            (json!("2023-01-15 12:34:56"), "2023-01-15T12:34:56.000Z"),
            (json!(1_673_786_096), "2023-01-15T12:34:56.000Z"),
            (json!({ "$date": 1 }), "1970-01-01T00:00:00.001Z"),
        ] {
            let read = moment(&value).map(|it| it.to_string());
            assert_eq!(read.as_deref(), Some(at), "{value}");
        }
    }

    #[test]
    fn a_date_may_be_before_1970_and_a_time_is_not() {
        for (value, at) in [
            (json!("1945-05-08"), "1945-05-08T00:00:00.000Z"),
            (json!("1945-05-08 00:00:00"), "1945-05-08T00:00:00.000Z"),
            (json!("1945-05-08 00:00:00+00"), "1945-05-08T00:00:00.000Z"),
            (json!("1945-05-08 02:00:00+02"), "1945-05-08T00:00:00.000Z"),
            (
                json!({ "$date": { "$numberLong": "-777945600000" } }),
                "1945-05-08T00:00:00.000Z",
            ),
            (json!({ "$date": -1 }), "1969-12-31T23:59:59.999Z"),
            (json!(-777_945_600_000_i64), "1945-05-08T00:00:00.000Z"),
            (json!("-777945600000"), "1945-05-08T00:00:00.000Z"),
            (json!(-777_945_600), "1945-05-08T00:00:00.000Z"),
        ] {
            let read = date(&value).map(|it| it.to_string());
            assert_eq!(read.as_deref(), Some(at), "{value}");
            assert_eq!(moment(&value), None, "{value}");
        }
        for value in [
            json!(i64::MAX),
            json!(i64::MIN),
            json!({ "$date": i64::MAX }),
        ] {
            assert_eq!(date(&value), None, "{value}");
        }
    }

    #[test]
    fn anything_else_is_no_time() {
        for value in [
            json!(null),
            json!(""),
            json!("soon"),
            json!("2023"),
            json!("15.01.2023 12:34:56"),
            json!("2023-13-15 12:34:56"),
            json!("2023-01-15x12:34:56"),
            json!("1969-12-31 23:59:59"),
            json!("2023-01-15 é"),
            json!(-1),
            json!({ "$date": "2023-01-15", "x": 1 }),
            json!({ "$oid": "64" }),
            json!(["2023-01-15"]),
        ] {
            assert_eq!(moment(&value), None, "{value}");
        }
    }
}
