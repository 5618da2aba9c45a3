//! JSON texts, read without the private names of the parser.

use serde::de::Error as _;
use serde_json::{Error, Value};

/// The names by which `serde_json` recognises its own numbers and texts. An object with such a name would be read as
/// another value than was sent.
const PRIVATE: [&str; 2] = [
    "$serde_json::private::Number",
    "$serde_json::private::RawValue",
];

/// Reads a JSON text that somebody else wrote. Every such text is read here.
///
/// # Errors
/// It is not JSON, or an object in it has a private name of the parser.
pub fn parse(text: &str) -> Result<Value, Error> {
    if let Some(name) = private_name(text) {
        return Err(Error::custom(format_args!(
            "the name `{name}` cannot be used"
        )));
    }
    serde_json::from_str(text)
}

/// The first private name among the names of members in a text. Escapes may spell it: `"\u0024serde_json…"`.
fn private_name(text: &str) -> Option<&'static str> {
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('"') {
        let end = end_of_string(behind)?;
        let (literal, behind) = (behind.get(..end)?, behind.get(end + 1..)?);
        if behind.trim_ascii_start().starts_with(':')
            && let Some(name) = PRIVATE.into_iter().find(|name| is_spelling(literal, name))
        {
            return Some(name);
        }
        rest = behind;
    }
    None
}

/// The place of the quote that ends a string, from its first character on.
fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// Whether a string between its quotes spells a name.
fn is_spelling(literal: &str, name: &str) -> bool {
    // An escape takes six bytes at most for each character of these names.
    let is_escaped = literal.contains('\\') && literal.len() <= 6 * name.len();
    literal == name
        || is_escaped
            && serde_json::from_str::<String>(&format!("\"{literal}\""))
                .is_ok_and(|text| text == name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_private_name_of_the_parser_is_refused_at_every_depth_and_in_every_spelling() {
        for text in [
            r#"{"$serde_json::private::Number":"5"}"#,
            r#"{"$serde_json::private::RawValue":"[1]"}"#,
            "{\"$serde_json::private::Number\"\n\t :\"5\"}",
            r#"{"a":[{"b":{"$serde_json::private::Number":"5"}}]}"#,
            r#"{"a\\\"":1,"\u0024serde_json::private::Number":"5"}"#,
            r#"{"\u0024serde_json::private::\u0052awValue":"1"}"#,
            r#"{"a":1,"$serde_json::private::Number":"5"}"#,
        ] {
            let reason = parse(text).expect_err(text).to_string();
            assert!(reason.contains("cannot be used"), "{text}: {reason}");
        }
        let all: String = PRIVATE[0]
            .bytes()
            .map(|byte| format!("\\u{byte:04x}"))
            .collect();
        assert!(parse(&format!("{{\"{all}\":\"5\"}}")).is_err());
    }

    #[test]
    fn the_same_words_elsewhere_are_text() {
        for value in [
            json!({ "a": "$serde_json::private::Number" }),
            json!(["$serde_json::private::RawValue", ":"]),
            json!({ "$serde_json::private::Number ": "\\\":" }),
            json!({ "a": "{\"$serde_json::private::Number\":\"5\"}" }),
            json!({ "serde_json::private::Number": 1.5, "ü\\": "\u{7f}" }),
        ] {
            assert_eq!(parse(&value.to_string()).expect("JSON"), value);
        }
        for text in ["", "\"", "\"\\", "{\"a", "{\"\\u00\":1}", "nothing"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
