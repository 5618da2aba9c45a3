//! Values of other systems as the declared types have them.

use api::definition::{Field, FieldType};
use serde_json::{Map, Value};

use super::moment::date;

/// The value without the types that MongoDB writes beside it: `$oid`, `$date` and numbers.
pub(crate) fn plain(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(members) => marked(&members).unwrap_or_else(|| {
            let members = members.into_iter();
            Value::Object(members.map(|(name, it)| (name, plain(it))).collect())
        }),
        value => value,
    }
}

fn marked(members: &Map<String, Value>) -> Option<Value> {
    let (name, value) = members.iter().next().filter(|_| members.len() == 1)?;
    match name.as_str() {
        "$oid" => value.is_string().then(|| value.clone()),
        "$date" => dated(&Value::Object(members.clone())),
        "$numberLong" | "$numberInt" | "$numberDouble" | "$numberDecimal" => {
            number(value.as_str()?)
        }
        _ => None,
    }
}

fn dated(value: &Value) -> Option<Value> {
    date(value).map(|date| Value::String(date.to_string()))
}

fn number(text: &str) -> Option<Value> {
    api::value::parse(text.trim()).ok().filter(Value::is_number)
}

/// The value as a field has it, where its text can mean that; else as it is, for the check that follows. `None` for none: null,
/// or an empty text where the field is no text.
pub(crate) fn typed(field: &Field, value: Value) -> Option<Value> {
    let value = plain(value);
    if value.is_null() || (field.kind != FieldType::String && value == "") {
        return None;
    }
    Some(match (field.kind, value) {
        (FieldType::Number | FieldType::Integer, Value::String(text)) => {
            number(&text).unwrap_or(Value::String(text))
        }
        (FieldType::Boolean, value) => truth(&value).map_or(value, Value::Bool),
        (FieldType::Date, value) => dated(&value).unwrap_or(value),
        (FieldType::Relation, Value::Number(number)) => Value::String(number.to_string()),
        (FieldType::Object, value) => match nested(value, '{') {
            Value::Object(members) => Value::Object(object(field, members)),
            value => value,
        },
        (FieldType::Array, value) => match (nested(value, '['), &field.items) {
            (Value::Array(items), Some(item)) => {
                let items = items.into_iter();
                items.filter_map(|value| typed(item, value)).collect()
            }
            (value, _) => value,
        },
        (_, value) => value,
    })
}

/// The problem of a list that Postgres has written: its form tells numbers from texts no more than lists from objects.
pub(crate) fn array_of_postgres(field: &Field, value: &Value) -> Option<String> {
    let text = value.as_str().filter(|_| field.kind == FieldType::Array)?;
    let name = &field.name;
    text.trim_start().starts_with('{').then(|| {
        format!("`{name}` is an array of Postgres: select to_json({name}) AS {name} in its place.")
    })
}

/// The members of an object, as its declared fields have them.
fn object(field: &Field, members: Map<String, Value>) -> Map<String, Value> {
    let declared = field.fields.iter().flatten();
    let declared: Vec<&Field> = declared.collect();
    let members = members.into_iter().filter_map(|(name, value)| {
        let value = match declared.iter().find(|inner| inner.name == name) {
            Some(inner) => typed(inner, value)?,
            None => value,
        };
        Some((name, value))
    });
    members.collect()
}

/// Whether a value says yes or no. Databases without a type for that write numbers or letters.
pub(crate) fn truth(value: &Value) -> Option<bool> {
    let text = match value {
        Value::Bool(truth) => return Some(*truth),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        _ => return None,
    };
    match text.as_str() {
        "true" | "t" | "1" => Some(true),
        "false" | "f" | "0" => Some(false),
        _ => None,
    }
}

/// JSON that a database without a type for it has as text.
fn nested(value: Value, first: char) -> Value {
    let parsed = match &value {
        Value::String(text) if text.trim_start().starts_with(first) => api::value::parse(text).ok(),
        _ => None,
    };
    parsed.map_or(value, plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(kind: &str) -> Field {
        let field = json!({ "name": "a", "type": kind, "collection": "users" });
        let mut field: Field = serde_json::from_value(field).expect("a field");
        field.collection = None;
        field
    }

    #[test]
    fn a_text_is_what_its_field_can_take() {
        for (kind, value, expected) in [
            ("string", json!(""), json!("")),
            ("string", json!("1"), json!("1")),
            ("number", json!("1.5"), json!(1.5)),
            ("integer", json!(" 7 "), json!(7)),
            ("integer", json!({ "$numberLong": "7" }), json!(7)),
            ("integer", json!("seven"), json!("seven")),
            ("boolean", json!("t"), json!(true)),
            ("boolean", json!(0), json!(false)),
            ("boolean", json!("maybe"), json!("maybe")),
            (
                "date",
                json!("1945-05-08"),
                json!("1945-05-08T00:00:00.000Z"),
            ),
            (
                "date",
                json!("2023-01-15 12:34:56.789012+00"),
                json!("2023-01-15T12:34:56.789Z"),
            ),
            (
                "date",
                json!({ "$date": 1 }),
                json!("1970-01-01T00:00:00.001Z"),
            ),
            (
                "date",
                json!("1945-05-08 00:00:00+00"),
                json!("1945-05-08T00:00:00.000Z"),
            ),
            (
                "date",
                json!({ "$date": { "$numberLong": "-777945600000" } }),
                json!("1945-05-08T00:00:00.000Z"),
            ),
            ("date", json!("soon"), json!("soon")),
            ("relation", json!(12), json!("12")),
            ("relation", json!({ "$oid": "64a" }), json!("64a")),
            (
                "object",
                json!("{\"a\":{\"$oid\":\"1\"}}"),
                json!({ "a": "1" }),
            ),
            ("array", json!("[1,\"2\"]"), json!([1, "2"])),
            ("array", json!("1,2"), json!("1,2")),
        ] {
            assert_eq!(
                typed(&field(kind), value.clone()),
                Some(expected),
                "{kind} {value}"
            );
        }
        for kind in [
            "number", "integer", "boolean", "date", "relation", "object", "array",
        ] {
            assert_eq!(typed(&field(kind), json!("")), None, "{kind}");
        }
        assert_eq!(typed(&field("string"), json!(null)), None);
    }

    #[test]
    fn an_array_of_postgres_is_told_with_the_way_to_export_it() {
        let told = "`a` is an array of Postgres: select to_json(a) AS a in its place.";
        for (kind, text, is_one) in [
            ("array", "{a,b}", true),
            ("array", " {}", true),
            ("array", "a,b", false),
            ("object", "{a,b}", false),
            ("string", "{a,b}", false),
        ] {
            let found = array_of_postgres(&field(kind), &json!(text));
            assert_eq!(found.as_deref(), is_one.then_some(told), "{kind} {text}");
        }
    }

    #[test]
    fn the_inside_of_objects_and_lists_is_as_declared() {
        let whole = json!({ "name": "a", "type": "array", "items": { "type": "object", "fields": [
            { "name": "at", "type": "date" }, { "name": "of", "type": "integer" } ] } });
        let whole: Field = serde_json::from_value(whole).expect("a field");
        let value = json!([{ "at": "2023-01-15 00:00:00Z", "of": "", "x": { "$oid": "1" } }, null]);
        let expected = json!([{ "at": "2023-01-15T00:00:00.000Z", "x": "1" }]);
        assert_eq!(typed(&whole, value), Some(expected));
    }
}
