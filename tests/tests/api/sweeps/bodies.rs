//! Bodies.

use super::*;

#[test]
fn a_body_that_is_no_json_object_is_400() {
    let member = stack().member();
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let bodies: [&[u8]; 13] = [
        b"{",
        b"{\"a\":",
        b"{'a':1}",
        b"{\"a\":1,}",
        b"{}{}",
        b"[]",
        b"[{}]",
        b"1",
        b"\"a\"",
        b"null",
        b"true",
        b" ",
        deep.as_bytes(),
    ];
    for request in page().iter().filter(|request| request.takes_body()) {
        for body in bodies {
            let reply = member.send(request.method, &request.path, &[JSON], Some(body));
            assert_refused(&reply, request.method, &request.path, "common/invalid-json");
        }
    }
}

#[test]
fn a_body_that_is_not_utf_8_is_400() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for request in page().iter().filter(|request| request.takes_body()) {
        for body in [
            &b"\xff\xfe"[..],
            b"{\"a\":\"\xc3\x28\"}",
            b"{\"a\":\"\xed\xa0\x80\"}",
            b"\xef\xbb\xbf{}",
        ] {
            let event = Event::new(request.method, &request.path)
                .header(JSON.0, JSON.1)
                .bytes(body);
            let reply = inside.invoke(request.entry.name, &event);
            assert_refused(&reply, request.method, &request.path, "common/invalid-json");
        }
    }
}

#[test]
fn another_content_type_is_415() {
    let member = stack().member();
    for request in page().iter().filter(|request| request.takes_body()) {
        for other in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=latin1",
            "application/jsonp",
            "application/merge-patch+json",
        ] {
            let reply = member.send(
                request.method,
                &request.path,
                &[("content-type", other)],
                Some(b"{}"),
            );
            assert_refused(
                &reply,
                request.method,
                &request.path,
                "common/unsupported-media-type",
            );
        }
        let reply = member.send(request.method, &request.path, &[], Some(b"{}"));
        assert_refused(
            &reply,
            request.method,
            &request.path,
            "common/unsupported-media-type",
        );
    }
}

#[test]
fn a_body_over_256_kib_is_413() {
    let member = stack().member();
    let body = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - r#"{"a":""}"#.len()));
    let (fits, too_large) = (body(256 * 1024), body(256 * 1024 + 1));
    for request in page().iter().filter(|request| request.takes_body()) {
        let reply = member.send(
            request.method,
            &request.path,
            &[JSON],
            Some(too_large.as_bytes()),
        );
        assert_refused(
            &reply,
            request.method,
            &request.path,
            "common/payload-too-large",
        );
        let reply = request.caller(&member).send(
            request.method,
            &request.path,
            &[JSON],
            Some(fits.as_bytes()),
        );
        assert_refused(
            &reply,
            request.method,
            &request.path,
            "common/validation-failed",
        );
    }
}

#[test]
fn an_undeclared_field_is_400_and_named() {
    let member = stack().member();
    for request in page().iter().filter(|request| request.takes_body()) {
        let body = br##"{"no_such_field":1,"__proto__":{"role":"admin"},"role":"admin","#a":1,":b":1,"a.b":1}"##;
        let reply =
            request
                .caller(&member)
                .send(request.method, &request.path, &[JSON], Some(body));
        assert_refused(
            &reply,
            request.method,
            &request.path,
            "common/validation-failed",
        );
        let error = &reply.json()["error"];
        let named: BTreeSet<&str> = error["details"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|detail| detail["field"].as_str())
            .collect();
        for field in ["no_such_field", "__proto__", "role", "#a", ":b", "a.b"] {
            assert!(
                named.contains(field) || knows(request, field),
                "{} {}: {field} of {error}",
                request.method,
                request.path
            );
        }
    }
}
