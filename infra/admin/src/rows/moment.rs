//! Times in the forms that other systems write.

use api::Timestamp;
use serde_json::Value;

/// Seconds before this number are milliseconds: as seconds it is the year 5138, as milliseconds 1973.
const MILLIS: u64 = 100_000_000_000;

/// Reads a time from 1970 on: RFC 3339, the texts of Postgres and SQLite, seconds or milliseconds since 1970, and the
/// `$date` of MongoDB. A text without an offset is UTC. `None` for anything else.
pub(crate) fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => of_text(text.trim()),
        Value::Number(number) => of_number(&number.to_string()),
        Value::Object(members) if members.len() == 1 => {
            let date = members.get("$date")?;
            match date {
                Value::Object(inner) => millis(inner.get("$numberLong")?.as_str()?),
                Value::Number(number) => millis(&number.to_string()),
                date => moment(date),
            }
        }
        _ => None,
    }
}

fn millis(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(Timestamp::from_millis)
}

fn of_number(text: &str) -> Option<Timestamp> {
    let (whole, _) = text.split_once('.').unwrap_or((text, ""));
    let number: u64 = whole.parse().ok()?;
    Some(Timestamp::from_millis(match number < MILLIS {
        true => number * 1000,
        false => number,
    }))
}

fn of_text(text: &str) -> Option<Timestamp> {
    if let Some(time) = Timestamp::parse(text) {
        return Some(time);
    }
    if text.len() >= 9 && text.bytes().all(|byte| byte.is_ascii_digit()) {
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
    Timestamp::parse(&format!("{date}T{clock}{}", offset_of(offset)?))
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
