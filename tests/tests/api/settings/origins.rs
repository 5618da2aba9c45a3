//! Cross-origin requests: here the functions answer; in the cloud API Gateway does, from the template's parameter.

use super::*;

const ALLOWED_HEADERS: &str = "authorization, content-type, idempotency-key, if-match, if-none-match, x-api-key, x-refresh-token, \
     x-refresh-token-mode";

/// The headers of a reply that concern cross-origin requests.
fn cors(reply: &Reply) -> Vec<(&str, &str)> {
    let named =
        |name: &str| name.starts_with("access-control-") && name != "access-control-max-age";
    let headers = reply.headers.iter().filter(|(name, _)| named(name));
    let mut headers: Vec<(&str, &str)> = headers
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    headers.sort_unstable();
    headers
}

fn seen_by(origin: &str) -> Vec<(&str, &str)> {
    vec![
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-origin", origin),
        (
            "access-control-expose-headers",
            "etag, location, retry-after, x-expand-truncated, x-request-id",
        ),
    ]
}

fn preflight(path: &str, origin: &str) -> Reply {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
    ];
    stack().stranger().send("OPTIONS", path, &headers, None)
}

const OTHERS: [&str; 6] = [
    "https://evil.example",
    "http://localhost.evil.example",
    "http://localhost:80.evil.example",
    "https://localhost.evil.example:3000",
    "https://127.0.0.1:3000",
    "null",
];

#[test]
fn a_preflight_of_an_allowed_origin_is_told_what_it_may_send() {
    if stack().inside().is_none() {
        return;
    }
    for path in [
        "/api/auth/login",
        "/api/auth/refresh",
        "/api/posts",
        "/api/posts/x",
        "/api/health",
    ] {
        for origin in [
            "http://localhost:3000",
            "http://localhost:8080",
            "http://localhost",
            "http://127.0.0.1:5173",
            "https://localhost:8443",
        ] {
            let reply = preflight(path, origin);
            assert_eq!((reply.status, reply.text().as_str()), (204, ""), "{path}");
            let mut expected = seen_by(origin);
            expected.push(("access-control-allow-headers", ALLOWED_HEADERS));
            expected.push((
                "access-control-allow-methods",
                "GET, POST, PUT, PATCH, DELETE",
            ));
            expected.sort_unstable();
            assert_eq!(cors(&reply), expected, "{path}");
            assert_eq!(reply.header("vary"), Some("origin"));
        }
    }
}

/// Behind API Gateway `$default` takes OPTIONS as well: a browser wants a 2xx, and the gateway adds the headers.
#[test]
fn in_the_cloud_a_preflight_that_reaches_the_fallback_is_no_refusal() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let cloud = [
        ("BAKEND_ENV", "cloud"),
        ("BAKEND_TABLE_PREFIX", "app-"),
        ("BAKEND_AUTH_BCRYPT_COST", "10"),
    ];
    let fallback = inside.variant("fallback", "cloud", 1, &cloud);
    let options =
        |path: &str| Event::new("OPTIONS", path).header("origin", "https://app.example.com");
    for path in ["/api/auth/login", "/api/posts", "/api/nothing/of/this/name"] {
        let reply = fallback
            .invoke(&options(path).header("access-control-request-method", "POST"))
            .expect(204);
        assert!(
            cors(&reply).iter().all(|(name, _)| *name == "vary"),
            "{:?}",
            reply.headers
        );
    }
    let plain = fallback.invoke(&options("/api/auth/login"));
    assert_eq!((plain.status, plain.header("allow")), (405, Some("POST")));
}

#[test]
fn a_preflight_of_another_origin_is_told_nothing() {
    if stack().inside().is_none() {
        return;
    }
    for origin in OTHERS {
        assert_eq!(cors(&preflight("/api/auth/login", origin)), []);
    }
}

#[test]
fn an_allowed_origin_sees_replies_and_refusals() {
    if stack().inside().is_none() {
        return;
    }
    let origin = "http://localhost:5173";
    let member = stack().member();
    let get = |path: &str, origin: &str| member.send("GET", path, &[("origin", origin)], None);
    for path in [
        "/api/health",
        "/api/notes",
        "/api/notes/nothing",
        "/api/nowhere",
        "/api/auth/login",
    ] {
        assert_eq!(cors(&get(path, origin)), seen_by(origin), "{path}");
        for other in OTHERS {
            assert_eq!(cors(&get(path, other)), [], "{path} {other}");
        }
        assert_eq!(cors(&member.get(path)), []);
        for reply in [get(path, origin), get(path, OTHERS[0]), member.get(path)] {
            let vary = reply.header("vary").unwrap_or_default();
            assert!(
                vary.split(", ").any(|name| name == "origin"),
                "{path} varies by {vary}"
            );
        }
    }
}

#[test]
fn allowed_origins_are_a_setting() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let origins =
        "https://app.example.com, http://localhost:*, capacitor://localhost, ionic://localhost";
    let variant = inside.variant(
        "health",
        "cors",
        1,
        &[("BAKEND_CORS_ALLOWED_ORIGINS", origins)],
    );
    let of = |variant: &Instance<'_>, origin: &str| {
        variant.invoke(&Event::new("GET", "/api/health").header("origin", origin))
    };
    for allowed in [
        "https://app.example.com",
        "http://localhost:3000",
        "capacitor://localhost",
        "ionic://localhost",
    ] {
        assert_eq!(cors(&of(&variant, allowed)), seen_by(allowed));
    }
    for other in [
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://evil.example",
        "https://APP.example.com",
        "capacitor://localhost.evil.example",
    ] {
        assert_eq!(cors(&of(&variant, other)), [], "{other}");
    }
    // Credentials only with explicit origins.
    let any = inside.variant("health", "any", 1, &[("BAKEND_CORS_ALLOWED_ORIGINS", "*")]);
    for origin in ["https://app.example.com", "http://localhost:3000"] {
        let reply = of(&any, origin);
        let credentials = reply.header("access-control-allow-credentials");
        assert!(credentials.is_none() || reply.header("access-control-allow-origin") != Some("*"));
        assert_ne!(
            credentials.zip(reply.header("access-control-allow-origin")),
            Some(("true", origin))
        );
    }
}
