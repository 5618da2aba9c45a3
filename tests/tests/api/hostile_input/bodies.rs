//! Bodies that are no JSON object, too large, too deep, or of another type.

use super::*;

/// Bodies that are no JSON object.
pub(super) const NO_OBJECTS: &[&str] = &[
    "",
    " ",
    "\n",
    "[]",
    "[{}]",
    r#"[{"title":"x"}]"#,
    r#""x""#,
    r#""{}""#,
    "1",
    "-0",
    "1e400",
    "null",
    "true",
    "{",
    "}",
    "{}{}",
    "{} x",
    "{}\u{0}",
    "\u{0}",
    r#"{"title":"x"}}"#,
    r#"{"title":"x",}"#,
    r#"{,"title":"x"}"#,
    r#"{title:"x"}"#,
    "{'title':'x'}",
    r#"{"title":x}"#,
    r#"{"title"}"#,
    r#"{"title":"x" "body":"y"}"#,
    "NaN",
    r#"{"title":"x","size":NaN}"#,
    r#"{"title":"x","size":-Infinity}"#,
    r#"{"title":"x","size":01}"#,
    r#"{"title":"x","size":+1}"#,
    r#"{"title":"x","size":.5}"#,
    r#"{"title":"x","size":1.}"#,
    r#"{"title":"x","size":1e}"#,
    r#"{"title":"x","size":0x1F}"#,
    "/* x */ {}",
    "// x\n{}",
    "title=x",
    "<a/>",
    "\u{feff}{}",
    "\u{feff}{\"title\":\"x\"}",
    "\u{a0}{}",
    "{\"title\":\"a\nb\"}",
    "{\"title\":\"a\u{1}b\"}",
    r#"{"title":"\x41"}"#,
    r#"{"title":"\u12"}"#,
    r#"{"title":"\ud800"}"#,
    r#"{"title":"\udc00"}"#,
    r#"{"title":"\ud800\ud800"}"#,
    r#"{"title":"\ud800x"}"#,
    r#"{"title":"\udc00\ud800"}"#,
    r#"{"title":"x","\ud800":1}"#,
    r#"{"title":"x"#,
    r#"{"title":"x\"#,
];

#[test]
fn what_is_no_json_object_is_refused_everywhere() {
    let member = stack().member();
    let made = note(&member, "untouched");
    let one = path("notes", &made);
    let routes = [
        ("records-create", ("POST", "/api/notes")),
        ("records-update", ("PATCH", &*one)),
        ("records-update", ("PUT", &*one)),
        ("register", ("POST", "/api/auth/register")),
        ("login", ("POST", "/api/auth/login")),
        ("refresh", ("POST", "/api/auth/refresh")),
        ("logout", ("POST", "/api/auth/logout")),
    ];
    let endless = [129, 1000, 10_000, 100_000].map(|depth| "[".repeat(depth));
    let closed = [129, 1000, 10_000]
        .map(|depth| format!("{{\"tags\":{}{}}}", "[".repeat(depth), "]".repeat(depth)));
    let objects = [129, 1000, 10_000]
        .map(|depth| format!("{}1{}", "{\"meta\":".repeat(depth), "}".repeat(depth)));
    let deep = endless
        .iter()
        .chain(&closed)
        .chain(&objects)
        .map(String::as_str);
    for body in NO_OBJECTS.iter().copied().chain(deep) {
        // The token of a refresh or a logout may come without a body.
        let without = |function: &str| body.is_empty() && ["refresh", "logout"].contains(&function);
        for (function, route) in routes.iter().filter(|(function, _)| !without(function)) {
            for reply in both_ways(&member, function, *route, &[JSON], body) {
                let shown: String = body.chars().take(60).collect();
                assert_eq!(reply.status, 400, "{function} {shown:?}: {}", reply.text());
                refused(&reply, 400, "common/invalid-json");
            }
        }
    }
    notes_are(&member, &[made]);
}

#[test]
fn what_is_not_utf8_is_no_json() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let utf16: Vec<u8> = "{\"title\":\"x\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for bytes in [
        &b"\xff"[..],
        b"{\"title\":\"\xff\"}",
        b"{\"title\":\"a\xc3\"}",
        b"{\"title\":\"\xc0\xaf\"}",
        b"{\"title\":\"\xed\xa0\x80\"}",
        b"{\"title\":\"\xf4\x90\x80\x80\"}",
        b"{\"\xfe\":1,\"title\":\"x\"}",
        b"\xef\xbb\xbf{\"title\":\"x\"}",
        b"\xff\xfe{\"title\":\"x\"}",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
        &utf16,
    ] {
        let reply = inside.invoke(
            "records-create",
            &creates(&member).header(JSON.0, JSON.1).bytes(bytes),
        );
        assert_eq!(reply.status, 400, "{bytes:?}: {}", reply.text());
        refused(&reply, 400, "common/invalid-json");
    }
    for broken in ["not base64!", "e30", "e30=\n=", "{\"title\":\"x\"}", "===="] {
        let mut event = creates(&member)
            .header(JSON.0, JSON.1)
            .text(broken)
            .into_json();
        event["isBase64Encoded"] = json!(true);
        refused(
            &inside.invoke("records-create", &Event::from(event)),
            400,
            "common/invalid-json",
        );
    }
    has_notes(&member, 0);
    let bytes = "{\"title\":\"ü😀\"}".as_bytes();
    let made = inside
        .invoke(
            "records-create",
            &creates(&member).header(JSON.0, JSON.1).bytes(bytes),
        )
        .expect(201);
    assert_eq!(
        made.json()["title"],
        json!("ü😀"),
        "base64 alone is no fault"
    );
}

#[test]
fn a_value_nests_twenty_levels() {
    let member = stack().member();
    let body = |depth: usize| {
        format!(
            "{{\"title\":\"x\",\"tags\":{}1{}}}",
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    let route = ("POST", "/api/notes");
    let mut stored = 0;
    for reply in both_ways(&member, "records-create", route, &[JSON], &body(20)) {
        let _ = reply.expect(201);
        stored += 1;
    }
    for depth in [21, 30, 31, 32, 33, 100, 126] {
        for reply in both_ways(&member, "records-create", route, &[JSON], &body(depth)) {
            invalid(&reply, &[("tags", "depth")]);
        }
    }
    for depth in [127, 128, 129, 500, 10_000] {
        for reply in both_ways(&member, "records-create", route, &[JSON], &body(depth)) {
            assert_eq!(reply.status, 400, "depth {depth}: {}", reply.text());
            any_refusal(&reply, "deep");
        }
    }
    has_notes(&member, stored);
}

#[test]
fn a_body_ends_at_256_kib() {
    let member = stack().member();
    let body = |size: usize| {
        format!(
            "{{\"title\":\"{}\"}}",
            "x".repeat(size - r#"{"title":""}"#.len())
        )
    };
    let limit = 256 * 1024;
    let route = ("POST", "/api/notes");
    let fits = both_ways(&member, "records-create", route, &[JSON], &body(limit));
    let count = fits.len();
    let mut made = Value::Null;
    for reply in fits {
        made = reply.expect(201).json();
        assert_eq!(text(&made, "title").len(), limit - r#"{"title":""}"#.len());
        assert_eq!(now(&member, "notes", &made), made);
    }
    let one = path("notes", &made);
    for body in [
        body(limit + 1),
        body(limit * 4),
        " ".repeat(limit + 1),
        "[".repeat(limit + 1),
        "x".repeat(limit + 1),
    ] {
        for headers in [&[JSON][..], &[("content-type", "text/plain")]] {
            for (function, route) in [
                ("records-create", route),
                ("records-update", ("PATCH", &*one)),
                ("records-update", ("PUT", &*one)),
                ("register", ("POST", "/api/auth/register")),
                ("login", ("POST", "/api/auth/login")),
                ("refresh", ("POST", "/api/auth/refresh")),
                ("logout", ("POST", "/api/auth/logout")),
            ] {
                for reply in both_ways(&member, function, route, headers, &body) {
                    assert_eq!(
                        reply.status,
                        413,
                        "{function} {}: {}",
                        body.len(),
                        reply.text()
                    );
                    refused(&reply, 413, "common/payload-too-large");
                }
            }
        }
    }
    assert_eq!(now(&member, "notes", &made), made);
    has_notes(&member, count);
}

#[test]
fn the_content_type_is_json_in_utf8() {
    let member = stack().member();
    let made = note(&member, "typed");
    let one = path("notes", &made);
    for bad in [
        "",
        " ",
        "json",
        "text/plain",
        "text/json",
        "text/plain; application/json",
        "application/jsonp",
        "application/json2",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json, text/plain",
        "application/merge-patch+json",
        "application/json; charset=latin1",
        "application/json; charset=utf-16",
        "application/json;charset=",
        "*/*",
    ] {
        for (function, route) in [
            ("records-create", ("POST", "/api/notes")),
            ("records-update", ("PATCH", &*one)),
            ("login", ("POST", "/api/auth/login")),
        ] {
            for reply in both_ways(
                &member,
                function,
                route,
                &[("content-type", bad)],
                "{\"title\":\"x\"}",
            ) {
                assert_eq!(reply.status, 415, "{bad:?}: {}", reply.text());
                refused(&reply, 415, "common/unsupported-media-type");
            }
        }
    }
    for encoding in ["gzip", "br", "deflate"] {
        let headers = [JSON, ("content-encoding", encoding)];
        for body in ["{\"title\":\"x\"}", "\u{1f}\u{8b}"] {
            for reply in both_ways(
                &member,
                "records-create",
                ("POST", "/api/notes"),
                &headers,
                body,
            ) {
                refused(&reply, 415, "common/unsupported-media-type");
            }
        }
    }
    if let Some(inside) = stack().inside() {
        let without = creates(&member).text("{\"title\":\"x\"}");
        refused(
            &inside.invoke("records-create", &without),
            415,
            "common/unsupported-media-type",
        );
    }
    for good in [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=\"UTF-8\"",
        "application/json; charset=utf8",
    ] {
        for reply in both_ways(
            &member,
            "records-update",
            ("PATCH", &one),
            &[("content-type", good)],
            "{\"title\":\"typed\"}",
        ) {
            let expected = record(Some(member.id()), &json!({ "title": "typed" }));
            assert_eq!(masked(&reply.expect(200).json()), expected, "{good}");
        }
    }
    has_notes(&member, 1);
}
