//! Paths and methods.

use super::*;

#[test]
fn a_path_has_one_spelling() {
    let member = stack().member();
    let made = post(&member, "one path");
    let id = text(&made, "id");
    for path in [
        "/api/posts/",
        "/api//posts",
        "/api/posts//",
        &format!("/api/posts/{id}/"),
        &format!("/api/posts//{id}"),
        &format!("/api/posts/{id}/x"),
        &format!("/api/{id}"),
        &format!("/posts/{id}"),
        "/api/POSTS",
        "/API/posts",
        "/api/posts;x=1",
        "/api/posts,notes",
        "/api",
        "/api/",
        "/api/auth",
        "/api/auth/",
        "/api/auth/login/",
        "/api/auth/login/x",
        "/api/auth//login",
        "/api/health/",
        "/api/Health",
        "/api/openapi.json",
        "/api/v1/posts",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let reply = member.send(method, path, &[], None);
            assert_eq!(reply.status, 404, "{method} {path}: {}", reply.text());
            refused(&reply, 404, "common/not-found");
        }
    }
    if stack().inside().is_some() {
        refused(&member.get("//api/posts"), 404, "common/not-found");
    }
    // A path that a gateway decodes or resolves before routing is at most another way to the same record.
    for path in [
        "//api/posts".to_owned(),
        "/api/%70osts".to_owned(),
        "/api/%2570osts".to_owned(),
        "/api/posts%2F".to_owned(),
        format!("/api/posts%2F{id}"),
        format!("/api/posts%252F{id}"),
        format!("/api/posts/%2e%2e/notes/{id}"),
        format!("/api/posts/..%2Fnotes%2F{id}"),
        "/api/posts/..".to_owned(),
        "/api/./posts".to_owned(),
        "/api/posts/%2e".to_owned(),
        "/api/notes/..".to_owned(),
        "/api/posts%00".to_owned(),
        "/api/posts%20".to_owned(),
        "/api/posts/%ff%fe".to_owned(),
        "/api/posts/%zz".to_owned(),
        "/api/posts/%".to_owned(),
        "/api/%F0%9F%98%80".to_owned(),
        format!("/api/posts/{}", "x".repeat(4000)),
    ] {
        let reply = member.send("GET", &path, &[], None);
        if reply.status != 200 {
            any_refusal(&reply, &path);
        }
        // Behind a gateway that decodes first, this spelling is the record's own path, and its owner may delete it.
        if stack().inside().is_some() {
            any_refusal(&member.send("DELETE", &path, &[], None), &path);
        }
    }
    assert_eq!(now(&member, "posts", &made), made);
}

/// An HTTP API hands over the decoded path, after routing by the encoded one: anything can be in it.
#[test]
fn whatever_a_path_decodes_to_is_answered() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let made = post(&member, "decoded");
    let (id, token) = (text(&made, "id"), member.token.clone().expect("a token"));
    let long = format!("/api/{}", "x".repeat(8000));
    let slashed = format!("/api/posts/{id}/x");
    for function in [
        "fallback",
        "records-get",
        "records-list",
        "records-update",
        "records-delete",
        "records-create",
    ] {
        for path in [
            "",
            "/",
            "//",
            "api/posts",
            "/api",
            "/api/",
            "/api//",
            "/api/posts ",
            " /api/posts",
            "/api/po sts",
            "/api/pösts",
            "/api/😀",
            "/api/posts\u{0}",
            "/api/\u{0}",
            "/api/posts\n",
            "/api/posts\r\nx: y",
            "/api/?posts",
            "/api/posts#x",
            "/api/%70osts",
            "/api/posts/../notes",
            "/api/../api/posts",
            "/api/{collection}",
            "/api/_users",
            "/api/{collection}/{id}",
            "$default",
            "https://example.com/api/posts",
            "/api/posts/a/b",
            &long,
            &slashed,
        ] {
            for method in ["GET", "POST", "PATCH", "DELETE"] {
                let event = Event::new("GET", "/")
                    .token(&token)
                    .header(JSON.0, JSON.1)
                    .text("{\"title\":\"x\"}");
                let mut event = event.into_json();
                event["rawPath"] = json!(path);
                event["requestContext"]["http"]["path"] = json!(path);
                event["requestContext"]["http"]["method"] = json!(method);
                let reply = inside.invoke(function, &Event::from(event));
                assert_eq!(
                    reply.status,
                    404,
                    "{function} {method} {path:?}: {}",
                    reply.text()
                );
                refused(&reply, 404, "common/not-found");
            }
        }
    }
    // A path that is another function's once it is decoded, as /api/posts%2F<id> is.
    let one = format!("/api/posts/{id}");
    for (function, method, path) in [
        ("records-list", "GET", &*one),
        ("records-get", "GET", "/api/posts"),
        ("fallback", "GET", "/api/posts"),
        ("fallback", "DELETE", &one),
        ("records-get", "DELETE", &one),
        ("records-delete", "PATCH", &one),
    ] {
        let event = Event::new(method, path)
            .token(&token)
            .json(&json!({ "title": "x" }))
            .as_json()
            .to_string();
        // Past the harness, which checks the replies of this path's own function.
        let invoke = format!("/2015-03-31/functions/{function}/invocations");
        let returned = stack()
            .stranger()
            .send("POST", &invoke, &[JSON], Some(event.as_bytes()))
            .expect(200)
            .json();
        assert_eq!(
            returned["statusCode"],
            json!(404),
            "{function} {method} {path}: {returned}"
        );
        let body: Value = serde_json::from_str(&text(&returned, "body")).expect("json");
        assert_eq!(
            body["error"]["code"],
            json!("common/not-found"),
            "{returned}"
        );
    }
    // An id is a whole segment, whatever is in it.
    for odd in [
        " ", "\u{0}", "😀", "..", ".", "%2e", "a b", "a?b", "a#b", "\n", "'", "{id}", "null",
        NOBODY,
    ] {
        let path = format!("/api/posts/{odd}");
        let get = Event::new("GET", "/").into_json();
        let mut event = get.clone();
        event["rawPath"] = json!(path);
        refused(
            &inside.invoke("records-get", &Event::from(event)),
            404,
            "data/record-not-found",
        );
    }
    assert_eq!(now(&member, "posts", &made), made);
}

/// Every path of the page, with its methods in the order of `Allow`.
fn page(id: &str) -> Vec<(String, &'static str)> {
    let mut page: Vec<(String, &str)> = ["register", "login", "refresh", "logout"]
        .map(|name| (format!("/api/auth/{name}"), "POST"))
        .into_iter()
        .chain([("/api/health".to_owned(), "GET")])
        .collect();
    for collection in ["posts", "notes", "feedback"] {
        page.push((format!("/api/{collection}"), "GET, POST"));
        page.push((format!("/api/{collection}/{id}"), "GET, PUT, PATCH, DELETE"));
    }
    page
}

/// The reply is 405 with exactly these methods.
#[track_caller]
fn not_allowed(reply: &Reply, allow: &str, what: &str) {
    assert_eq!(reply.status, 405, "{what}: {}", reply.text());
    assert_eq!(reply.header("allow"), Some(allow), "{what}");
    refused(reply, 405, "common/method-not-allowed");
}

#[test]
fn every_path_answers_its_own_methods_alone() {
    let member = stack().member();
    let made = post(&member, "methods");
    // A gateway in the cloud may itself answer preflights, and methods that must never reach a server.
    let answered_by_the_gateway = if stack().inside().is_some() {
        &[][..]
    } else {
        &["OPTIONS", "TRACE"]
    };
    for (path, allow) in page(&text(&made, "id")) {
        for method in [
            "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE",
        ] {
            if allow.split(", ").any(|allowed| allowed == method)
                || answered_by_the_gateway.contains(&method)
            {
                continue;
            }
            let what = format!("{method} {path}");
            for caller in [
                &member,
                &stack().stranger(),
                &member.with_token(Some("garbage")),
            ] {
                let reply = caller.send(method, &path, &[], None);
                if method == "HEAD" {
                    assert_eq!(
                        (reply.status, reply.header("allow")),
                        (405, Some(allow)),
                        "{what}"
                    );
                    assert!(reply.header("x-request-id").is_some(), "{what}");
                } else {
                    not_allowed(&reply, allow, &what);
                }
            }
            if ["PUT", "PATCH", "DELETE", "POST"].contains(&method) {
                let reply = member.send(method, &path, &[JSON], Some(b"{\"title\":\"x\"}"));
                not_allowed(&reply, allow, &what);
            }
        }
    }
    assert_eq!(now(&member, "posts", &made), made);
}

/// API Gateway routes by method and path together: `GET /api/auth/login` arrives at `records-get`.
#[test]
fn a_literal_path_is_no_record_wherever_it_arrives() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let made = post(&member, "literal");
    let token = member.token.clone().expect("a token");
    for (path, allow) in page(&text(&made, "id")) {
        let template_of = |method: &str| match (path.split('/').count(), method) {
            (4, "GET") => "records-get",
            (4, "PUT" | "PATCH") => "records-update",
            (4, "DELETE") => "records-delete",
            (3, "GET") => "records-list",
            (3, "POST") => "records-create",
            _ => "fallback",
        };
        for method in [
            "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT",
            "PROPFIND", "PURGE", "QUERY", "get", "Get", "post", "delete", "", " ", "GET ", "\u{0}",
            "GET\r\n", "😀", "*",
        ] {
            if allow.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let what = format!("{method:?} {path}");
            let event = || Event::new(method, &path).json(&json!({ "title": "x" }));
            for function in [template_of(method), "fallback"] {
                not_allowed(
                    &inside.invoke(function, &event().token(&token)),
                    allow,
                    &what,
                );
                not_allowed(
                    &inside.invoke(function, &event().header("authorization", "garbage")),
                    allow,
                    &what,
                );
                not_allowed(&inside.invoke(function, &event()), allow, &what);
            }
        }
    }
    assert_eq!(now(&member, "posts", &made), made);
}
