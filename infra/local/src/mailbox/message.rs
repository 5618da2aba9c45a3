//! A mail, and the request that brings it.

use api::Timestamp;
use serde::{Deserialize, Serialize};

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The number of the mail in this mailbox.
    pub id: String,
    /// When it came.
    pub at: Timestamp,
    /// The kind, from its tag; empty where it has none.
    pub kind: String,
    /// The recipient.
    pub to: String,
    /// The sender, as SES was told.
    #[serde(skip)]
    pub from: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: Option<String>,
    /// The eight digits that have a line of the text to themselves.
    pub code: Option<String>,
    /// The first address of the text that has a token.
    pub link: Option<String>,
}

/// The body of SES's `SendEmail`, as far as it is looked at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SendEmail {
    from_email_address: String,
    destination: Destination,
    content: Content,
    #[serde(default)]
    email_tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    to_addresses: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Simple,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Part,
    body: Body,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Part,
    html: Option<Part>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    data: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    name: String,
    value: String,
}

impl SendEmail {
    /// Reads a request.
    ///
    /// # Errors
    /// The reason that SES would refuse it for, in our words.
    pub(crate) fn read(body: &[u8]) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if read.destination.to_addresses.len() != 1 {
            return Err("Destination.ToAddresses: this mailbox takes one address".to_owned());
        }
        Ok(read)
    }

    /// The mail.
    pub(crate) fn message(self, id: String, at: Timestamp) -> Message {
        let simple = self.content.simple;
        let mut tags = self.email_tags.into_iter();
        let kind = tags.find(|tag| tag.name == "kind").map(|tag| tag.value);
        let text = simple.body.text.data;
        Message {
            id,
            at,
            kind: kind.unwrap_or_default(),
            to: self
                .destination
                .to_addresses
                .into_iter()
                .next()
                .unwrap_or_default(),
            from: self.from_email_address,
            subject: simple.subject.data,
            code: code(&text).map(str::to_owned),
            link: link(&text).map(str::to_owned),
            text,
            html: simple.body.html.map(|html| html.data),
        }
    }
}

/// The code of a text.
fn code(text: &str) -> Option<&str> {
    let digits = |line: &&str| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit());
    text.lines().map(str::trim).find(digits)
}

/// The first address with a token.
fn link(text: &str) -> Option<&str> {
    let mut words = text.split_whitespace();
    words.find(|word| is_address(word) && word.contains("token="))
}

/// Whether a word begins with a scheme that may be followed.
pub(super) fn is_address(word: &str) -> bool {
    let Some((scheme, rest)) = word.split_once(':') else {
        return false;
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
    let scripts = ["javascript", "data", "vbscript"];
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(plain)
        && rest.starts_with('/')
        && !scripts
            .iter()
            .any(|script| scheme.eq_ignore_ascii_case(script))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_has_a_line_of_its_own() {
        assert_eq!(code("Hi,\n\n 12345678 \r\n87654321"), Some("12345678"));
        for text in [
            "",
            "code 12345678",
            "1234567",
            "123456789",
            "1234 5678",
            "１２３４５６７８",
        ] {
            assert_eq!(code(text), None, "{text}");
        }
    }

    #[test]
    fn the_link_is_the_first_address_with_a_token() {
        let text = "See https://x.io/a or\nhttps://x.io/b?token=1 https://x.io/c?token=2";
        assert_eq!(link(text), Some("https://x.io/b?token=1"));
        assert_eq!(
            link("com.example.app:/a?token=1"),
            Some("com.example.app:/a?token=1")
        );
        for text in [
            "",
            "token=1",
            "https://x.io",
            "javascript:/*token=*/alert(1)",
            "JAVASCRIPT:/token=",
        ] {
            assert_eq!(link(text), None, "{text}");
        }
    }
}
