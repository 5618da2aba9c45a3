//! The body of a request: a JSON object in UTF-8, or a form.

use api::wire::Presence;
use api::{Code, Error, value};
use serde_json::{Map, Value};

use crate::event::Event;

/// The most bytes of a body.
const MAX_BODY: usize = 256 * 1024;

/// The body as a JSON object.
pub(super) fn object(event: &mut Event, presence: Presence) -> Result<Map<String, Value>, Error> {
    let body = event.body().ok_or(Code::InvalidJson)?;
    if body.len() > MAX_BODY {
        return Err(Code::PayloadTooLarge.into());
    }
    if body.is_empty() {
        return if presence == Presence::Optional {
            Ok(Map::new())
        } else {
            Err(Code::InvalidJson.into())
        };
    }
    let is_encoded = event.header("content-encoding").is_some_and(is_encoding);
    if is_encoded || !event.header("content-type").is_some_and(is_json) {
        return Err(Code::UnsupportedMediaType.into());
    }
    let text = std::str::from_utf8(&body).map_err(|_| Code::InvalidJson)?;
    match value::parse(text) {
        Ok(Value::Object(object)) => Ok(object),
        // A name that the parser keeps for itself: the caller learns which.
        Err(error) if error.is_data() => {
            let message = format!("The body is JSON, but {error}.");
            Err(Error::new(Code::InvalidJson).with_message(message))
        }
        Ok(_) | Err(_) => Err(Code::InvalidJson.into()),
    }
}

/// Whether a content encoding changes the body (RFC 9110, section 8.4): nothing is decoded here.
fn is_encoding(value: &str) -> bool {
    let mut codings = value.split(',').map(str::trim);
    codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
}

/// Whether a content type is JSON in UTF-8 (RFC 8259, section 8.1), also by the name `utf8` that many clients send.
fn is_json(content_type: &str) -> bool {
    is_utf8(content_type, "application/json")
}

fn is_form(content_type: &str) -> bool {
    is_utf8(content_type, "application/x-www-form-urlencoded")
}

/// Whether a content type is this one, in UTF-8 as far as it tells.
fn is_utf8(content_type: &str, wanted: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts
        .next()
        .is_some_and(|essence| essence.eq_ignore_ascii_case(wanted));
    essence
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                let name = value.trim().trim_matches('"');
                ["utf-8", "utf8"]
                    .iter()
                    .any(|utf8| name.eq_ignore_ascii_case(utf8))
            }
            _ => true,
        })
}

/// The parameters of a form as an object of strings. One without a value is left out, as in RFC 6749, section 3.2.
///
/// # Errors
/// 400 for another content type and for a parameter that comes twice; 413.
pub(super) fn form(event: &mut Event) -> Result<Map<String, Value>, Error> {
    let malformed = |message: &str| Error::new(Code::InvalidRequest).with_message(message);
    let not_a_form = "Send the body as application/x-www-form-urlencoded in UTF-8.";
    let is_encoded = event.header("content-encoding").is_some_and(is_encoding);
    if is_encoded || !event.header("content-type").is_some_and(is_form) {
        return Err(malformed(not_a_form));
    }
    let body = event.body().ok_or_else(|| malformed(not_a_form))?;
    if body.len() > MAX_BODY {
        return Err(Code::PayloadTooLarge.into());
    }
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(&body) {
        let value = Value::String(value.into_owned());
        if fields.insert(name.into_owned(), value).is_some() {
            return Err(malformed("A parameter is there twice."));
        }
    }
    fields.retain(|_, value| value != "");
    Ok(fields)
}

/// The pairs of a form that a browser posts (URL standard, `application/x-www-form-urlencoded`); `None` for any other body.
pub(super) fn pairs(event: &Event) -> Option<Vec<(String, String)>> {
    event
        .header("content-type")
        .filter(|value| is_form(value))?;
    let body = event.bytes().filter(|body| body.len() <= MAX_BODY)?;
    Some(form_urlencoded::parse(&body).into_owned().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body_of(headers: Value, body: Value, base64: bool) -> Result<Map<String, Value>, Code> {
        let event = json!({ "rawPath": "/", "headers": headers, "body": body, "isBase64Encoded": base64,
            "requestContext": { "http": { "method": "POST" } } });
        let mut event = serde_json::from_value(event).expect("an event");
        object(&mut event, Presence::Required).map_err(|error| error.code)
    }

    #[test]
    fn a_body_is_a_json_object_in_utf8() {
        let json = json!({ "content-type": "application/json" });
        assert!(body_of(json.clone(), json!("{}"), false).is_ok());
        assert!(body_of(json.clone(), json!("e30="), true).is_ok());
        for body in [
            "",
            "[]",
            "1",
            "null",
            "{",
            "{}{}",
            "{\"a\":1,}",
            r#"{"meta":{"$serde_json::private::Number":"5"}}"#,
            r#"{"\u0024serde_json::private::RawValue":"{}"}"#,
            "\u{feff}{}",
        ] {
            assert_eq!(
                body_of(json.clone(), json!(body), false),
                Err(Code::InvalidJson),
                "{body:?}"
            );
        }
        assert_eq!(
            body_of(json.clone(), json!("not base64!"), true),
            Err(Code::InvalidJson)
        );
        assert_eq!(
            body_of(json.clone(), json!("eyJhIjoi/yJ9"), true),
            Err(Code::InvalidJson),
            "invalid UTF-8"
        );
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(
            body_of(json.clone(), json!(deep), false),
            Err(Code::InvalidJson)
        );
        assert_eq!(
            body_of(json, json!(" ".repeat(MAX_BODY + 1)), false),
            Err(Code::PayloadTooLarge)
        );
    }

    #[test]
    fn the_content_type_is_json() {
        for fits in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/json; charset=utf8",
            "application/json;charset=\"UTF8\"",
        ] {
            assert!(is_json(fits), "{fits}");
        }
        for other in [
            "",
            "text/plain",
            "application/jsonp",
            "application/json; charset=latin1",
            "json",
        ] {
            assert!(!is_json(other), "{other}");
        }
        assert_eq!(
            body_of(json!({}), json!("{}"), false),
            Err(Code::UnsupportedMediaType)
        );
    }

    #[test]
    fn an_encoded_body_is_of_another_type() {
        let of = |encoding: &str, body: &str, base64: bool| {
            let headers =
                json!({ "content-type": "application/json", "content-encoding": encoding });
            body_of(headers, json!(body), base64)
        };
        for encoding in [
            "gzip",
            "GZIP",
            "br",
            "deflate, gzip",
            "identity, gzip",
            "utf-8",
        ] {
            assert_eq!(of(encoding, "{}", false), Err(Code::UnsupportedMediaType));
            // The first bytes of gzip.
            let bytes = of(encoding, "H4sIAAAAAAAA", true);
            assert_eq!(bytes, Err(Code::UnsupportedMediaType), "{encoding}");
        }
        for encoding in ["", "identity", "Identity"] {
            assert!(of(encoding, "{}", false).is_ok(), "{encoding}");
        }
    }

    #[test]
    fn a_form_has_each_parameter_once() {
        let of = |content_type: &str, body: &str| {
            let event = json!({ "rawPath": "/", "headers": { "content-type": content_type }, "body": body,
                "requestContext": { "http": { "method": "POST" } } });
            let mut event = serde_json::from_value(event).expect("an event");
            let read = form(&mut event).map_err(|error| error.code);
            read.map(Value::Object)
        };
        let kind = "application/x-www-form-urlencoded";
        let read = of(kind, "a=1+2&b=%C3%BC%26&c=&d&=e");
        assert_eq!(read, Ok(json!({ "a": "1 2", "b": "\u{fc}&", "": "e" })));
        let with_charset = format!("{kind}; charset=UTF-8");
        assert_eq!(of(&with_charset, ""), Ok(json!({})));
        let malformed = Err(Code::InvalidRequest);
        for twice in ["a=1&a=1", "a=1&a=", "a&a", "a=1&%61=2"] {
            assert_eq!(of(kind, twice), malformed, "{twice}");
        }
        for other in [
            "",
            "application/json",
            "text/plain",
            &format!("{kind}; charset=latin1"),
        ] {
            assert_eq!(of(other, "a=1"), malformed, "{other}");
        }
        assert_eq!(
            of(kind, &"a".repeat(MAX_BODY + 1)),
            Err(Code::PayloadTooLarge)
        );
    }
}
