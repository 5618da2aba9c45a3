//! Rendering a template with the values of a mail.

use std::fmt;

use api::mail::{Kind, Template};
use minijinja::value::Value;
use serde_json::Map;
use url::Url;

use crate::engine::{self, Part, Values};

/// The most characters of a rendered subject; longer ones are cut.
const MAX_SUBJECT: usize = 200;

/// A rendered mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The subject, without control characters.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: Option<String>,
}

/// The addresses beside `https:` that a mail may lead to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Addresses<'a> {
    /// Schemes, such as `com.example.app`, without a colon.
    pub schemes: &'a [&'a str],
    /// The beginning of the addresses of the API's own pages; empty where there are none.
    pub own: &'a str,
}

/// A mail that cannot be made; the reason holds no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrenderable(pub String);

impl fmt::Display for Unrenderable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Renders a template. A variable of the kind that has no value is empty; values beyond the kind are not looked at.
///
/// # Errors
/// The template does not fit the kind, an address is not allowed, or the subject is empty.
pub fn render(
    template: &Template,
    kind: Kind,
    values: &Map<String, serde_json::Value>,
    addresses: &Addresses<'_>,
) -> Result<Rendered, Unrenderable> {
    let mut all = Values::new();
    for name in kind.variables() {
        let value = value(values.get(*name))
            .ok_or_else(|| Unrenderable(format!("`{name}` is no text, number or boolean")))?;
        if name.ends_with("Url") && !value.as_str().is_some_and(|it| addresses.allow(it)) {
            return Err(Unrenderable(format!(
                "`{name}` leads to an address that is not allowed"
            )));
        }
        all.insert(*name, value);
    }
    let part = |part: Part, source: &str| {
        let reason = |reason| Unrenderable(format!("{}: {reason}", part.as_str()));
        engine::render(part, source, &all).map_err(reason)
    };
    let subject = part(Part::Subject, &template.subject)?;
    let subject: String = subject.chars().filter(|c| !is_control(*c)).collect();
    let subject: String = subject.trim().chars().take(MAX_SUBJECT).collect();
    if subject.is_empty() {
        return Err(Unrenderable("subject: it is empty".to_owned()));
    }
    let html = template.html.as_deref();
    Ok(Rendered {
        subject,
        text: part(Part::Text, &template.text)?,
        html: html.map(|html| part(Part::Html, html)).transpose()?,
    })
}

impl Addresses<'_> {
    /// Whether a mail may lead to an address. No address is allowed as well: its line is left out.
    fn allow(&self, address: &str) -> bool {
        if address.is_empty() {
            return true;
        }
        let odd = |c: char| c.is_control() || c.is_whitespace() || "<>\"'\\`{}".contains(c);
        if address.contains(odd) || Url::parse(address).is_err() {
            return false;
        }
        if !self.own.is_empty() && address.starts_with(self.own) {
            return true;
        }
        let scheme = address.split(':').next().unwrap_or_default();
        if scheme.eq_ignore_ascii_case("https") {
            return address[scheme.len()..].starts_with("://");
        }
        self.schemes
            .iter()
            .any(|known| known.eq_ignore_ascii_case(scheme))
    }
}

/// A value for the engine; none where it is a list or an object.
fn value(value: Option<&serde_json::Value>) -> Option<Value> {
    Some(match value {
        None | Some(serde_json::Value::Null) => Value::from(""),
        Some(serde_json::Value::String(text)) => Value::from(text.as_str()),
        Some(serde_json::Value::Bool(flag)) => Value::from(*flag),
        Some(serde_json::Value::Number(number)) => match number.as_i64() {
            Some(whole) => Value::from(whole),
            None => Value::from(number.as_f64()?),
        },
        Some(serde_json::Value::Array(_) | serde_json::Value::Object(_)) => return None,
    })
}

/// Whether a character may end or bend a line of a header.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: &str = "http://localhost:8080/api/auth/pages/";

    fn template(subject: &str, text: &str, html: &str) -> Template {
        Template {
            subject: subject.to_owned(),
            text: text.to_owned(),
            html: Some(html.to_owned()),
        }
    }

    fn rendered(template: &Template, values: serde_json::Value) -> Result<Rendered, Unrenderable> {
        let addresses = Addresses {
            schemes: &["com.example.app", "http"],
            own: OWN,
        };
        let values = values.as_object().cloned().unwrap_or_default();
        render(template, Kind::VerifyEmail, &values, &addresses)
    }

    #[test]
    fn values_are_escaped_in_html_alone_and_never_rendered_again() {
        let all = template("{{ userName }}", "{{ userName }}", "<i>{{ userName }}</i>");
        let name = "<b>\"A\" & 'B'</b> {{ code }}{% if code %}";
        let mail =
            rendered(&all, json!({ "userName": name, "code": "12345678" })).expect("renders");
        assert_eq!((mail.subject.as_str(), mail.text.as_str()), (name, name));
        let html = mail.html.unwrap_or_default();
        assert!(
            html.starts_with("<i>&lt;b&gt;&quot;A&quot; &amp; &#x27;B&#x27;&lt;"),
            "{html}"
        );
        assert!(html.ends_with("{{ code }}{% if code %}</i>"), "{html}");
    }

    #[test]
    fn a_subject_is_one_line_of_200_characters_at_most() {
        let all = template(" {{ userName }}\r\nBcc: a ", "-", "-");
        let subject = |name: &str| rendered(&all, json!({ "userName": name })).map(|it| it.subject);
        assert_eq!(
            subject("A\r\nTo: b\u{0}\u{7f}\u{85}\u{2028}c").as_deref(),
            Ok("ATo: bcBcc: a")
        );
        assert_eq!(
            subject(&"ä".repeat(500)).map(|it| it.chars().count()),
            Ok(200)
        );
        assert!(
            rendered(
                &template("{{ userName }}", "-", "-"),
                json!({ "userName": "\n" })
            )
            .is_err()
        );
    }

    #[test]
    fn an_absent_value_is_empty_and_a_name_beyond_the_kind_is_an_error() {
        let shown = template(
            "-",
            "[{{ userName }}]{% if minutes == 1 %}!{% endif %}",
            "-",
        );
        let text = |values| rendered(&shown, values).map(|it| it.text);
        assert_eq!(text(json!({})).as_deref(), Ok("[]"));
        assert_eq!(
            text(json!({ "userName": null, "minutes": 1 })).as_deref(),
            Ok("[]!")
        );
        assert!(text(json!({ "userName": ["a"] })).is_err());
        let unknown = template("-", "{{ oldEmail }}", "-");
        let error = rendered(&unknown, json!({ "oldEmail": "secret" })).expect_err("unknown");
        assert!(
            error.0.starts_with("text: ") && !error.0.contains("secret"),
            "{error}"
        );
    }

    #[test]
    fn an_address_is_https_of_a_known_scheme_or_our_own() {
        let link = template("-", "{{ verifyUrl }}", "<a href=\"{{ verifyUrl }}\">");
        let own = format!("{OWN}verify-email?token=a");
        for address in [
            "",
            own.as_str(),
            "https://x.io/a?token=b&c=d",
            "HTTPS://x.io/",
            "com.example.app:/a",
            "http://x.io/",
        ] {
            let mail = rendered(&link, json!({ "verifyUrl": address }));
            assert_eq!(mail.map(|it| it.text).as_deref(), Ok(address));
        }
        for address in [
            json!("javascript:alert(1)"),
            json!("data:text/html,a"),
            json!("ftp://x.io"),
            json!("x.io"),
            json!("https:x.io"),
            json!("https://x.io/\" onclick=\"a"),
            json!("https://x.io/\na"),
            json!(" https://x.io"),
            json!("com.example.app2:/a"),
            json!("https://"),
            json!(7),
        ] {
            let mail = rendered(&link, json!({ "verifyUrl": address }));
            assert!(mail.is_err(), "{address}");
        }
        let none = Addresses::default();
        let values = json!({ "verifyUrl": own })
            .as_object()
            .cloned()
            .unwrap_or_default();
        assert!(render(&link, Kind::VerifyEmail, &values, &none).is_err());
    }
}
