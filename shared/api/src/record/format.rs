//! The formats that a field may demand of a string.

use url::Url;

use crate::definition::Format;
use crate::value::is_label;

impl Format {
    /// Whether a text has this form. Linear in the text.
    #[must_use]
    pub fn fits(self, text: &str) -> bool {
        match self {
            Self::Email => is_email(text),
            Self::Url => is_url(text),
            Self::Uuid => is_uuid(text),
            Self::Slug => text.split('-').all(|word| {
                !word.is_empty()
                    && word
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            }),
            Self::Color => text
                .strip_prefix('#')
                .is_some_and(|digits| matches!(digits.len(), 3 | 6) && is_hex(digits)),
        }
    }

    /// The description of the format in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Email => "an email address",
            Self::Url => "an http or https URL",
            Self::Uuid => "a UUID",
            Self::Slug => "words of a-z and 0-9 with single hyphens between",
            Self::Color => "a colour such as #1e90ff",
        }
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_uuid(text: &str) -> bool {
    let mut lengths = [8, 4, 4, 4, 12].into_iter();
    text.split('-')
        .all(|part| lengths.next() == Some(part.len()) && is_hex(part))
        && lengths.next().is_none()
}

/// Whether a text is an unquoted address that takes mail: RFC 5321's dot-string and domain, in ASCII.
fn is_email(text: &str) -> bool {
    let atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    text.len() <= 254
        && text.split_once('@').is_some_and(|(local, domain)| {
            local.len() <= 64 && local.split('.').all(atom) && domain.split('.').all(is_label)
        })
}

/// Whether a text is a URL that a browser opens (WHATWG's URL standard). It has a host, and no user or password: these
/// have no place in a record.
///
/// A browser also repairs what it opens: it drops spaces and line ends, and reads a backslash as a slash. Such a text
/// could mean another place than it shows. Quotes and angle brackets end an attribute of HTML.
fn is_url(text: &str) -> bool {
    let repaired = |c: char| c.is_whitespace() || c.is_control() || "\\\"<>`".contains(c);
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
        && !text.contains(repaired)
        && !authority.is_empty()
        && !authority.contains('@')
        && Url::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_takes_its_own_and_refuses_the_rest() {
        let long = format!("{}@example.com", "a".repeat(65));
        let uuid = "01890000-0000-7000-8000-00000000000A";
        let table: [(Format, &[&str], &[&str]); 5] = [
            (
                Format::Email,
                &["a@b", "ada.l+x@example.com", "o'b@a-b.example"],
                &[
                    "", "@", "a@", "@b", "a@b@c", "a b@c", ".a@b", "a..b@c", "a@-b", "a@b.",
                    "a@b..c", "ä@b", "a@b\n", &long,
                ],
            ),
            (
                Format::Url,
                &[
                    "http://a",
                    "HTTPS://example.com.:443/a%20b/?q=1&r#top",
                    "https://[::1]:8080/",
                    "http://127.0.0.1?x",
                    "https://a:/",
                    "https://a_b.example.com/",
                    "https://example.com/?ids[]=1&a|b{c}^d",
                    "https://münchen.example/straße?q=ü#ö",
                    "https://xn--mnchen-3ya.example/",
                    "https://ja.example/100%",
                    "https://a/#b#c",
                    "https://a./",
                ],
                &[
                    "",
                    "example.com",
                    "//example.com",
                    "http://",
                    "http:///a",
                    "http:a",
                    "ftp://a",
                    "javascript://a/%0aalert(1)",
                    "http://a b",
                    "http://a/ b",
                    "http://me:secret@a",
                    "http://me@a",
                    "http://a:65536",
                    "http://a:+80",
                    "http://a:b",
                    "http://[::1",
                    "http://[a]",
                    "http://a/\"><script>",
                    "http://a\\b",
                    "https:\\\\a",
                    "https://a/\\..",
                    "http://a/`",
                    " http://a",
                    "http://a\n",
                    "java\tscript://a",
                    "https://a/\u{a0}",
                    "http://@a",
                    "http://a@b/",
                    "http://256.1.1.1",
                    "http://a..b\u{0}",
                    "http://%00",
                    "http://xn--/",
                    "data:text/html,https://a",
                    "file:///etc/passwd",
                ],
            ),
            (
                Format::Uuid,
                &[uuid, "00000000-0000-0000-0000-000000000000"],
                &[
                    "",
                    "a",
                    "0189000000007000800000000000000a",
                    "01890000-0000-7000-8000-00000000000g",
                    "01890000-0000-7000-8000-00000000000a-",
                    "{01890000-0000-7000-8000-00000000000a}",
                ],
            ),
            (
                Format::Slug,
                &["a", "a-1-b", "2026"],
                &["", "-", "a-", "-a", "a--b", "A", "a_b", "ä", "a b"],
            ),
            (
                Format::Color,
                &["#abc", "#1E90FF"],
                &["", "#", "abc", "#abcd", "#12345g", "#ää", "#abc "],
            ),
        ];
        for (format, good, bad) in table {
            for text in good {
                assert!(format.fits(text), "{format:?} {text:?}");
            }
            for text in bad {
                assert!(!format.fits(text), "{format:?} {text:?}");
            }
        }
    }
}
