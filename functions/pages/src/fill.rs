//! Templates: every value is escaped, and no value is read for placeholders again.

/// A value of a template.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    /// Text from anywhere.
    Text(&'a str),
    /// HTML of ours.
    Part(&'a str),
}

/// Fills the placeholders `{{name}}` of a template. One without a value is left out.
pub(crate) fn fill(template: &str, values: &[(&str, Value<'_>)]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            break;
        };
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, Value::Text(text))) => escape(text, &mut filled),
            Some((_, Value::Part(html))) => filled.push_str(html),
            None => {}
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// Escapes text for an element or an attribute in double quotes.
fn escape(text: &str, to: &mut String) {
    for c in text.chars() {
        match c {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\'' => to.push_str("&#39;"),
            c => to.push(c),
        }
    }
}
