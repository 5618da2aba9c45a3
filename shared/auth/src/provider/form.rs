//! Forms in URLs and bodies (URL standard, `application/x-www-form-urlencoded`).

use std::fmt::Write as _;

/// Pairs as a query or the body of a form.
#[must_use]
pub fn query(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        encode(name, &mut text);
        text.push('=');
        encode(value, &mut text);
    }
    text
}

/// An address with these pairs in its query. It has no fragment.
#[must_use]
pub fn with_query(address: &str, pairs: &[(&str, &str)]) -> String {
    let separator = if address.contains('?') { '&' } else { '?' };
    format!("{address}{separator}{}", query(pairs))
}

/// Every byte but the unreserved ones (RFC 3986, section 2.3), percent-encoded.
fn encode(text: &str, to: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            to.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(to, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_ends_it() {
        let pairs = [("a", "1 &=+#?/ä"), ("b", "")];
        let text = "a=1%20%26%3D%2B%23%3F%2F%C3%A4&b=";
        assert_eq!(query(&pairs), text);
        assert_eq!(
            with_query("https://a/b", &pairs),
            format!("https://a/b?{text}")
        );
        assert_eq!(with_query("x.y:/b?c=d", &[("e", "f")]), "x.y:/b?c=d&e=f");
    }
}
