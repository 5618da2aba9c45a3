//! Headers and query strings.

use super::*;

#[test]
fn hostile_headers_change_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let made = note(&member, "headers");
    let get = || {
        Event::new("GET", &path("notes", &made)).token(member.token.as_deref().expect("a token"))
    };
    let long = "x".repeat(8000);
    for (name, value) in [
        ("x-forwarded-proto", "gar bage://"),
        ("x-forwarded-proto", ""),
        ("x-forwarded-proto", "javascript"),
        ("x-forwarded-for", "999.1.1.1, ::x, \u{0}"),
        ("x-forwarded-port", "-1"),
        ("x-forwarded-host", "evil.example"),
        ("host", ""),
        ("host", "a b/../:99999"),
        ("host", "[::"),
        ("host", "😀"),
        ("user-agent", "\u{0}\n\u{202e}"),
        ("user-agent", &long),
        ("cookie", "a=b; ; =; __Host-refresh=x"),
        ("content-length", "-1"),
        ("content-length", "99999999999999999999"),
        ("transfer-encoding", "chunked"),
        ("content-type", "😀"),
        ("accept", "text/html"),
        ("accept-encoding", "gzip, zstd, x"),
        ("x-amzn-trace-id", "Root=garbage\n"),
        ("x-http-method-override", "DELETE"),
        ("x-method-override", "DELETE"),
        ("x-original-url", "/api/feedback"),
        ("if-match", "garbage"),
        ("if-none-match", "garbage, *"),
        ("idempotency-key", "\u{0}"),
        ("origin", "null"),
        ("origin", "http://localhost:\n"),
        ("", ""),
        ("__proto__", "x"),
    ] {
        let reply = inside.invoke("records-get", &get().header(name, value));
        assert_eq!(reply.expect(200).json(), made, "{name}: {value:?}");
    }
    for bad in [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "bearer\t",
        "Bearer \u{0}",
        "Bearer 😀",
        "Bearer a.b.c",
        "Basic Og==",
        &long,
        &format!("Bearer {long}"),
    ] {
        for function in ["records-get", "records-list"] {
            let path = if function == "records-get" {
                path("notes", &made)
            } else {
                "/api/posts".to_owned()
            };
            let reply = inside.invoke(
                function,
                &Event::new("GET", &path).header("authorization", bad),
            );
            refused(&reply, 401, "auth/invalid-token");
        }
    }
    for bad in [
        "",
        " ",
        "sk_live_",
        "sk_live_x",
        "pk_live_\u{0}",
        "sk_live_😀",
        &long,
        &format!("sk_live_{long}"),
    ] {
        let reply = inside.invoke("records-get", &get().header("x-api-key", bad));
        refused(&reply, 401, "auth/invalid-api-key");
    }
    let mixed = Event::new("GET", "/api/posts").header("Authorization", "Bearer x");
    refused(
        &inside.invoke("records-list", &mixed),
        401,
        "auth/invalid-token",
    );
    assert_eq!(now(&member, "notes", &made), made);
}

/// The gateway may refuse a header of this size by itself.
#[test]
fn an_authorization_of_8_kb_is_no_token() {
    let header = format!("Bearer {}", "x".repeat(8000));
    let reply = stack()
        .stranger()
        .send("GET", "/api/posts", &[("authorization", &header)], None);
    if reply.code().is_empty() {
        assert!(
            [400, 413, 431, 494].contains(&reply.status),
            "{}",
            reply.status
        );
    } else {
        refused(&reply, 401, "auth/invalid-token");
    }
}

#[test]
fn hostile_queries_are_refused_or_nothing() {
    let member = stack().member();
    let made = note(&member, "queries");
    notes_are(&member, std::slice::from_ref(&made));
    for query in ["", "&", "&&&"] {
        let reply = member.get(&format!("/api/notes?{query}")).expect(200);
        assert_eq!(
            reply.json(),
            json!({ "items": [made], "nextCursor": null }),
            "{query}"
        );
    }
    for query in [
        "=",
        "=x",
        "%",
        "%zz",
        "%00",
        "%FF",
        "a=b=c",
        "limit",
        "limit=",
        "limit=1;cursor=x",
        "limit[]=1",
        "limit%5B%5D=1",
        "limit=%31%00",
        "limit=1%26cursor=x",
        "cursor",
        "cursor=",
        "cursor=%ff",
        "LIMIT=1",
        "?limit=1",
        "+",
        "limit+=1",
        "__proto__=1",
        "constructor=1",
        "%23a=1",
        ":b=1",
        "a.b=1",
        "$where=1",
        "limit=1&x",
        "%F0%9F%98%80=1",
    ] {
        let reply = member.get(&format!("/api/notes?{query}"));
        assert_eq!(reply.status, 400, "{query}: {}", reply.text());
        any_refusal(&reply, query);
    }
    let many = vec!["a=1"; 1000].join("&");
    let reply = member.get(&format!("/api/notes?{many}"));
    any_refusal(&reply, "a thousand parameters");
    assert!(reply.body.len() < 10_000);
    if let Some(inside) = stack().inside() {
        for (query, status) in [
            (json!(null), 200),
            (json!(" "), 400),
            (json!("ä=ö"), 400),
            (json!("\u{0}"), 400),
        ] {
            let mut event = Event::new("GET", "/api/notes")
                .token(member.token.as_deref().expect("a token"))
                .into_json();
            event["rawQueryString"] = query;
            let _ = inside
                .invoke("records-list", &Event::from(event))
                .expect(status);
        }
    }
}
