//! Addresses of apps that a page or a sign-in leads back to: one grammar for `auth.redirects` and for `redirectTo`.
//!
//! An address is compared as a whole (RFC 9700, section 2.1). A star stands for the port of a developer's machine (RFC 8252,
//! section 7.3).

/// The most bytes of an address: the link of a mail carries it.
pub const MAX_REDIRECT: usize = 200;

/// The list of a developer's machine that sets none.
pub const LOCAL: &str = "http://localhost:*";

/// The hosts of a developer's machine, by their start with `http`.
const LOOPBACK: [&str; 2] = ["http://localhost", "http://127.0.0.1"];

/// Tells why a text is no entry of `auth.redirects`, or `None` for an entry.
#[must_use]
pub fn fault(entry: &str) -> Option<&'static str> {
    if let Some(fault) = malformed(entry) {
        return Some(fault);
    }
    if let Some(rest) = entry.strip_prefix("https://") {
        return (!is_place(rest)).then_some("an https address needs a host in lower case");
    }
    if let Some(rest) = loopback(entry) {
        let rest = rest.strip_prefix(":*").unwrap_or_else(|| after_port(rest));
        let ends = rest.is_empty() || rest.starts_with('/');
        return (!ends).then_some("a star stands for the whole port");
    }
    let scheme = entry.split_once(':').map_or("", |(scheme, _)| scheme);
    (!is_private(scheme)).then_some(
        "use https, http://localhost:*, or a scheme of your own with a dot, such as com.example.app:/done",
    )
}

/// Whether an entry permits an address. An entry with a star and no path permits every path of that host.
#[must_use]
pub fn matches(entry: &str, address: &str) -> bool {
    if malformed(address).is_some() {
        return false;
    }
    if entry == address {
        return !entry.contains('*');
    }
    let Some((host, path)) = entry.split_once(":*") else {
        return false;
    };
    let Some(rest) = address.strip_prefix(host) else {
        return false;
    };
    let has_port = rest.starts_with(':');
    let rest = after_port(rest);
    let whole = rest.is_empty() || rest.starts_with(['/', '?']);
    (has_port || whole) && if path.is_empty() { whole } else { rest == path }
}

/// Whether an address is one that another app on the same device may claim: of a private scheme, or of the device itself.
#[must_use]
pub fn is_native(address: &str) -> bool {
    let scheme = address.split_once(':').map_or("", |(scheme, _)| scheme);
    loopback(address).is_some() || is_private(scheme)
}

/// The scheme of an address whose scheme belongs to an app.
#[must_use]
pub fn private_scheme(address: &str) -> Option<&str> {
    let (scheme, path) = address.split_once(':')?;
    let is_one = malformed(address).is_none() && is_private(scheme) && !path.is_empty();
    is_one.then_some(scheme)
}

/// The schemes of the app's own among these entries, each with its colon.
pub fn schemes(entries: &[String]) -> impl Iterator<Item = &str> {
    let scheme = |entry: &'_ String| entry.find(':').map(|at| at + 1);
    let own = entries.iter().filter(|entry| {
        let scheme = entry.split_once(':').map_or("", |(scheme, _)| scheme);
        is_private(scheme)
    });
    own.filter_map(move |entry| entry.get(..scheme(entry)?))
}

/// Tells why a text is no address that anything may be compared with.
fn malformed(text: &str) -> Option<&'static str> {
    if text.is_empty() || text.len() > MAX_REDIRECT {
        return Some("an address has 1 to 200 bytes");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("an address has neither spaces nor control characters");
    }
    if text.contains(['@', '\\', '#', '"', '<', '>', '`']) {
        return Some("an address has no user, fragment, backslash or quotes");
    }
    None
}

/// The rest of an address of a developer's machine.
fn loopback(text: &str) -> Option<&str> {
    LOOPBACK.iter().find_map(|host| text.strip_prefix(host))
}

/// The rest after a port of digits, if there is one.
fn after_port(rest: &str) -> &str {
    rest.strip_prefix(':').map_or(rest, |port| {
        port.trim_start_matches(|c: char| c.is_ascii_digit())
    })
}

/// Whether a rest begins with a host in lower case, which is not encoded.
fn is_place(rest: &str) -> bool {
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let fits = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b':')
    };
    !host.is_empty() && !host.ends_with('.') && host.bytes().all(fits)
}

/// Whether a scheme belongs to an app (RFC 8252, section 7.1): reversed domain names have a dot.
fn is_private(scheme: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-+".contains(&byte);
    scheme.contains('.')
        && scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_https_loopback_or_a_scheme_with_a_dot() {
        for entry in [
            "https://app.example.com/done",
            "https://app.example.com",
            "https://app.example.com:8443/a?b=c",
            "http://localhost:*",
            "http://127.0.0.1:*/path",
            "http://localhost:3000/path",
            "com.example.app:/auth",
        ] {
            assert_eq!(fault(entry), None, "{entry}");
        }
        for entry in [
            "",
            "http://app.example.com",
            "https://",
            "https://App.example.com",
            "https://app.example.com.",
            "https://a%2eb/c",
            "https://user@app.example.com",
            "https://app.example.com/#x",
            "https://app.example.com\\x",
            "https://app.example.com/a b",
            "javascript:alert(1)",
            "data:text/html,x",
            "myapp:/auth",
            "http://localhost.evil.example",
            "http://localhost:*evil",
            &format!("https://a.example/{}", "x".repeat(200)),
        ] {
            assert!(fault(entry).is_some(), "{entry}");
        }
    }

    #[test]
    fn an_address_is_compared_as_a_whole_but_for_the_port_of_a_developer() {
        for (entry, address, expected) in [
            ("https://a.example/done", "https://a.example/done", true),
            ("https://a.example/done", "https://a.example/done/", false),
            ("https://a.example/done", "https://a.example/other", false),
            ("https://a.example/done", "https://A.example/done", false),
            ("https://a.example/done", "https://a.example./done", false),
            (
                "https://a.example/done",
                "https://a.example:444/done",
                false,
            ),
            (
                "https://a.example/done",
                "https://a.example/done?x=1",
                false,
            ),
            ("https://a.example/done", "//evil.example/done", false),
            ("https://a.example", "https://a.example@evil.example", false),
            (
                "https://a.example",
                "https://a.example\\.evil.example",
                false,
            ),
            ("http://localhost:*", "http://localhost:3000/done", true),
            ("http://localhost:*", "http://localhost:3000", true),
            ("http://localhost:*", "http://localhost/done", true),
            (
                "http://localhost:*",
                "http://localhost.evil.example/",
                false,
            ),
            (
                "http://localhost:*",
                "http://localhost:3000.evil.example",
                false,
            ),
            (
                "http://localhost:*",
                "http://localhost:80@evil.example",
                false,
            ),
            ("http://localhost:*", "http://localhost:*", false),
            ("http://127.0.0.1:*/cb", "http://127.0.0.1:5/cb", true),
            ("http://127.0.0.1:*/cb", "http://127.0.0.1:5/cb/x", false),
            ("com.example.app:/auth", "com.example.app:/auth", true),
            ("com.example.app:/auth", "com.example.app:/other", false),
        ] {
            assert_eq!(matches(entry, address), expected, "{entry} {address}");
        }
    }

    #[test]
    fn another_app_may_claim_a_scheme_or_a_port_and_no_domain() {
        for (address, native) in [
            ("https://a.example/cb", false),
            ("http://localhost:3000/cb", true),
            ("http://127.0.0.1:5/cb", true),
            ("com.example.app:/auth", true),
        ] {
            assert_eq!(is_native(address), native, "{address}");
        }
    }

    #[test]
    fn the_apps_own_schemes_are_known() {
        let entries = ["https://a.example", "com.example.app:/auth"].map(ToOwned::to_owned);
        assert_eq!(schemes(&entries).collect::<Vec<_>>(), ["com.example.app:"]);
    }
}
