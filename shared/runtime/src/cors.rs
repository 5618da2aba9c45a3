//! Cross-origin requests. In the cloud API Gateway sets the headers, from the template's parameter, and ignores those
//! of a function. But a preflight may reach the fallback through `$default`, which takes every method, and a browser
//! needs a 2xx. On a developer's machine the headers are set here.

use api::endpoints::Method;
use api::origin::matches;

use crate::boot::Boot;
use crate::event::{Head, Response};
use crate::reply;

const ALLOWED_HEADERS: &str = "authorization, content-type, idempotency-key, if-match, if-none-match, x-api-key, \
    x-refresh-token, x-refresh-token-mode";
const EXPOSED_HEADERS: &str = "etag, location, retry-after, x-expand-truncated, x-request-id";
const LOCAL_DEFAULTS: [&str; 3] = [
    "http://localhost:*",
    "http://127.0.0.1:*",
    "https://localhost:*",
];

/// The permission of a browser's page of some origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed<'a> {
    /// See replies, and send cookies: the origin is named.
    Ours(&'a str),
    /// See replies.
    Anybody,
}

/// Answers a preflight.
pub(crate) fn preflight(boot: &Boot, head: &Head) -> Option<Response> {
    let is_preflight = head.method == "OPTIONS" && head.origin.is_some() && head.asks_preflight;
    is_preflight.then(|| {
        let mut response = reply::empty();
        if boot.deployment.local && allowed(boot, head.origin.as_deref()).is_some() {
            response.header("access-control-allow-methods", all_methods());
            response.header("access-control-allow-headers", ALLOWED_HEADERS);
            response.header("access-control-max-age", "600");
        }
        response
    })
}

/// Lets an allowed origin see the reply.
pub(crate) fn allow(boot: &Boot, head: &Head, response: &mut Response) {
    let vary = response
        .headers
        .get("vary")
        .map_or("origin".to_owned(), |vary| format!("{vary}, origin"));
    response.header("vary", vary);
    let Some(allowed) = allowed(boot, head.origin.as_deref()).filter(|_| boot.deployment.local)
    else {
        return;
    };
    match allowed {
        Allowed::Ours(origin) => {
            response.header("access-control-allow-origin", origin);
            response.header("access-control-allow-credentials", "true");
        }
        Allowed::Anybody => response.header("access-control-allow-origin", "*"),
    }
    response.header("access-control-expose-headers", EXPOSED_HEADERS);
}

/// Whether a request comes from a page of an origin that is named: a star does not name an origin.
pub(crate) fn is_ours(boot: &Boot, origin: Option<&str>) -> bool {
    matches!(allowed(boot, origin), Some(Allowed::Ours(_)))
}

fn allowed<'a>(boot: &Boot, origin: Option<&'a str>) -> Option<Allowed<'a>> {
    let origins: Vec<&str> = boot
        .settings
        .cors
        .allowed_origins
        .iter()
        .map(String::as_str)
        .collect();
    let default = if boot.deployment.local {
        &LOCAL_DEFAULTS[..]
    } else {
        &[]
    };
    judge(
        if origins.is_empty() {
            default
        } else {
            &origins
        },
        origin?,
    )
}

fn judge<'a>(origins: &[&str], origin: &'a str) -> Option<Allowed<'a>> {
    if origins
        .iter()
        .any(|pattern| *pattern != "*" && matches(pattern, origin))
    {
        Some(Allowed::Ours(origin))
    } else {
        origins.contains(&"*").then_some(Allowed::Anybody)
    }
}

/// The methods that the reply to a preflight lists.
fn all_methods() -> String {
    Method::ALL.map(Method::as_str).join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Allowed, LOCAL_DEFAULTS, judge};

    #[test]
    fn only_a_named_origin_is_ours() {
        for (origins, origin, expected) in [
            (
                &["https://app.example.com"][..],
                "https://app.example.com",
                Some(true),
            ),
            (
                &["https://app.example.com", "*"],
                "https://app.example.com",
                Some(true),
            ),
            (
                &["https://app.example.com", "*"],
                "https://evil.example",
                Some(false),
            ),
            (&["*"], "https://app.example.com", Some(false)),
            (&["*"], "*", Some(false)),
            (&["*"], "null", Some(false)),
            (
                &["https://app.example.com"],
                "https://app.example.com.evil.example",
                None,
            ),
            (
                &["https://app.example.com"],
                "https://app.example.com:8443",
                None,
            ),
            (&["https://app.example.com"], "http://app.example.com", None),
            (&["https://app.example.com"], "null", None),
            (&[], "https://app.example.com", None),
        ] {
            let judged = judge(origins, origin).map(|allowed| matches!(allowed, Allowed::Ours(_)));
            assert_eq!(judged, expected, "{origins:?} {origin}");
        }
    }

    #[test]
    fn a_developers_pages_may_call_from_any_port() {
        for origin in [
            "http://localhost:3000",
            "http://127.0.0.1:5173",
            "https://localhost:8443",
        ] {
            assert_eq!(judge(&LOCAL_DEFAULTS, origin), Some(Allowed::Ours(origin)));
        }
        for origin in ["https://127.0.0.1:1", "http://[::1]:3000", "null"] {
            assert_eq!(judge(&LOCAL_DEFAULTS, origin), None, "{origin}");
        }
    }
}
