//! Origins of browsers' pages (RFC 6454, section 6.2): one grammar for settings, environment, template and API keys.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The schemes of web pages and of hybrid apps.
const SCHEMES: [&str; 4] = ["http", "https", "capacitor", "ionic"];

/// The hosts of a developer's machine, whose port may be a star.
const DEVELOPERS: [&str; 2] = ["localhost", "127.0.0.1"];

/// The end of a pattern that stands for any port.
const ANY_PORT: &str = ":*";

/// The longest name of a host.
const MAX_HOST: usize = 253;

/// The longest label of a host.
const MAX_LABEL: usize = 63;

/// Tells why a text is no origin, or `None` for an origin.
///
/// Port `*` of `localhost` and `127.0.0.1` stands for any port. A star as a whole is no origin.
#[must_use]
pub fn fault(text: &str) -> Option<&'static str> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Some("an origin begins with its scheme, as https://app.example.com does");
    };
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some("browsers send an origin in lower case");
    }
    if !SCHEMES.contains(&scheme) {
        return Some("the scheme of an origin is http, https, capacitor or ionic");
    }
    if text.contains([',', ' ', '\t', '\n', '\r']) {
        return Some("one text is one origin, without commas and spaces");
    }
    if rest.contains(['/', '?', '#', '@']) {
        return Some("an origin ends after host and port, without a slash, and names no user");
    }
    let (host, port) = parts(rest);
    if host.contains('*') {
        return Some("a star stands for the port of localhost and 127.0.0.1 alone");
    }
    if !is_host(host) {
        return Some("that is no host's name as browsers send it");
    }
    match port {
        None => None,
        Some("*") if DEVELOPERS.contains(&host) => None,
        Some("*") => Some("a star stands for the port of localhost and 127.0.0.1 alone"),
        Some(port) if is_port(port) => None,
        Some(_) => Some("a port is a number from 1 to 65535"),
    }
}

/// Whether an allowed origin is this one. A star for the port allows every port, and a port that is the scheme's own is
/// as none, for browsers leave it out.
#[must_use]
pub fn matches(allowed: &str, origin: &str) -> bool {
    if let Some(host) = allowed.strip_suffix(ANY_PORT) {
        return origin
            .strip_prefix(host)
            .is_some_and(|rest| match rest.strip_prefix(':') {
                Some(port) => !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()),
                None => rest.is_empty(),
            });
    }
    let own_port = match allowed.split_once("://") {
        Some(("http", _)) => ":80",
        Some(("https", _)) => ":443",
        _ => "",
    };
    allowed == origin || allowed.strip_suffix(own_port) == Some(origin)
}

/// The template's pattern for a parameter: a star, or origins with commas between.
///
/// Everything that it takes is an origin, but for a host of over 253 characters. It is narrower where API Gateway compares texts: no star for a port, no port
/// 80 or 443, and no IPv6 address.
#[must_use]
pub fn parameter_pattern() -> String {
    let label = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?";
    let last = "[a-z_]([a-z0-9_-]{0,61}[a-z0-9_])?";
    let byte = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    let host = format!(r"(({label}\.)*{last}|{byte}(\.{byte}){{3}})");
    let port = "([1-9]|[1-79][0-9]|8[1-9]|[1-35-9][0-9]{2}|4[0-35-9][0-9]|44[0-24-9]|[1-9][0-9]{3}|[1-5][0-9]{4}\
                |6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
    let origin = format!("({})://{host}(:{port})?", SCHEMES.join("|"));
    format!(r"^(\*|{origin}(,{origin})*)$")
}

/// Host and port; the colons of an IPv6 address are none of a port.
fn parts(rest: &str) -> (&str, Option<&str>) {
    match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return is_ipv6(address);
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    let number = last.strip_prefix("0x").unwrap_or(last);
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit())
        || last.len() != number.len() && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    // Browsers read a host that ends in a number as an IPv4 address.
    if is_number {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    host.len() <= MAX_HOST && host.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    (1..=MAX_LABEL).contains(&label.len())
        && label.bytes().all(fits)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Whether it is the shortest text of an address, as browsers write it.
fn is_ipv6(text: &str) -> bool {
    let shortest = |address: Ipv6Addr| {
        address.to_ipv4_mapped().is_some() && !text.contains('.') || address.to_string() == text
    };
    text.parse().is_ok_and(shortest)
}

fn is_port(port: &str) -> bool {
    !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use regex_lite::Regex;

    use super::*;

    const GOOD: [&str; 17] = [
        "https://app.example.com",
        "http://app.example.com:8080",
        "https://a",
        "https://my_app.example.com",
        "https://xn--bcher-kva.example",
        "https://1password.com",
        "http://localhost",
        "http://localhost:3000",
        "http://localhost:*",
        "https://localhost:*",
        "http://127.0.0.1:*",
        "http://127.0.0.1:65535",
        "http://192.168.0.1",
        "http://[::1]:80",
        "http://[2001:db8::1]",
        "capacitor://localhost",
        "ionic://localhost",
    ];

    const BAD: [&str; 57] = [
        "",
        "*",
        "null",
        "app.example.com",
        "localhost:3000",
        "//app.example.com",
        "://a",
        "https://",
        "https:// ",
        "https://:80",
        "https://*",
        "https://*.example.com",
        "https://app.*.com",
        "https://app.example.com:*",
        "http://[::1]:*",
        "http://localhost:*0",
        "http://localhost.:*",
        "https://a/",
        "https://a/b",
        "https://a?b",
        "https://a#b",
        "https://u@a",
        "https://u:p@a",
        "https://a:",
        "https://a:x",
        "https://a:0",
        "https://a:080",
        "https://a:+80",
        "https://a:65536",
        "https://a:99999",
        "https://a:80:80",
        "https://A",
        "HTTPS://a",
        "ftp://a",
        "file://",
        "javascript://a",
        "chrome-extension://a",
        "capacitors://localhost",
        " https://a",
        "https://a ",
        "https://a b",
        "https://a\n",
        "https://a,https://b",
        "https://a, https://b",
        "https://a.",
        "https://.a",
        "https://a..b",
        "https://-a",
        "https://a-",
        "https://bücher.example",
        "https://1.2.3",
        "https://256.1.1.1",
        "https://01.2.3.4",
        "https://a.0x7f",
        "http://[::1",
        "http://[0:0:0:0:0:0:0:1]",
        "http://[::A]",
    ];

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for text in GOOD {
            assert_eq!(fault(text), None, "{text}");
        }
        for text in BAD {
            assert!(fault(text).is_some(), "{text:?}");
        }
        let long = |label: usize, labels: usize| {
            format!("https://{}", vec!["a".repeat(label); labels].join("."))
        };
        assert_eq!((fault(&long(63, 1)), fault(&long(62, 4))), (None, None));
        assert!(fault(&long(64, 1)).is_some() && fault(&long(63, 4)).is_some());
    }

    #[test]
    fn the_template_takes_only_what_the_functions_take() {
        let pattern = Regex::new(&parameter_pattern()).expect("a pattern");
        for text in BAD.iter().filter(|text| **text != "*") {
            let several = text.split(',').all(|origin| fault(origin).is_none());
            assert_eq!(pattern.is_match(text), several, "{text:?}");
        }
        let narrower = |text: &str| text.ends_with(":*") || text.contains('[');
        for text in GOOD {
            assert_eq!(pattern.is_match(text), !narrower(text), "{text}");
            let two = format!("{text},https://b.example:8443");
            assert_eq!(pattern.is_match(&two), !narrower(text), "{two}");
        }
        for text in [
            "*",
            "https://a:79",
            "https://a:442",
            "https://a:444",
            "https://a:8080",
            "https://a:60000",
        ] {
            assert!(pattern.is_match(text), "{text}");
        }
        for text in [
            "https://a:443",
            "http://a:80",
            "https://a,",
            ",https://a",
            "https://a,*",
            "*,https://a",
            "**",
        ] {
            assert!(!pattern.is_match(text), "{text}");
        }
    }

    #[test]
    fn an_origin_is_matched_whole() {
        for origin in [
            "http://localhost",
            "http://localhost:3000",
            "http://localhost:8080",
        ] {
            assert!(matches("http://localhost:*", origin), "{origin}");
        }
        for origin in [
            "http://localhost.evil.example",
            "http://localhost:80.evil.example",
            "https://localhost:1",
            "http://localhost:",
            "null",
            "",
            "http://localhost:3000/",
        ] {
            assert!(!matches("http://localhost:*", origin), "{origin}");
        }
        for (allowed, origin, expected) in [
            ("https://a.example", "https://a.example", true),
            ("https://a.example:443", "https://a.example", true),
            ("http://a.example:80", "http://a.example", true),
            ("http://a.example:443", "http://a.example", false),
            ("capacitor://localhost", "capacitor://localhost", true),
            ("capacitor://localhost", "ionic://localhost", false),
            ("https://a.example", "https://a.example:443", false),
            ("https://a.example", "https://a.example.evil.example", false),
        ] {
            assert_eq!(matches(allowed, origin), expected, "{allowed} {origin}");
        }
    }
}
