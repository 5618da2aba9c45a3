//! `GET /api/{collection}/{id}`

use blackbox::{Event, stack};
use serde_json::json;

use super::look::{NOBODY, note, now, path, post, refused, request_id, text};

#[test]
fn a_record_is_what_create_replied() {
    let member = stack().member();
    let made = post(&member, "read me");
    for caller in [
        &stack().stranger(),
        &member,
        &stack().member(),
        &stack().admin(),
    ] {
        assert_eq!(now(caller, "posts", &made), made);
    }
    let made = note(&member, "read me");
    for caller in [&member, &stack().admin()] {
        assert_eq!(now(caller, "notes", &made), made);
    }
}

#[test]
fn whatever_is_not_there_gets_one_and_the_same_answer() {
    let (member, other) = (stack().member(), stack().member());
    let deleted = note(&member, "deleted");
    let _ = member.delete(&path("notes", &deleted)).expect(204);
    let (own, foreign, post) = (
        note(&member, "own"),
        note(&other, "foreign"),
        post(&member, "elsewhere"),
    );
    let id = text(&own, "id");
    let mut shard = id.clone();
    // The byte that names the shard: this collection has no such one.
    shard.replace_range(16..18, "05");

    for absent in [
        NOBODY,
        &text(&deleted, "id"),
        &text(&foreign, "id"),
        &text(&post, "id"),
        &id.to_uppercase(),
        &id.replace('-', ""),
        &id[..35],
        &format!("{id}0"),
        &shard,
        member.id(),
        "00000000-0000-4000-8000-000000000000",
        "nope",
        "1",
        "null",
        "counts",
        "Bulk",
        "%20",
        "%00",
        "*",
        &"x".repeat(2000),
    ] {
        let reply = member.get(&format!("/api/notes/{absent}"));
        refused(&reply, 404, "data/record-not-found");
        assert_eq!(
            reply.header("cache-control"),
            Some("private, no-cache"),
            "{absent}"
        );
    }
    assert_eq!(now(&member, "notes", &own), own);
}

#[test]
fn an_identified_callers_reply_is_private() {
    let member = stack().member();
    let made = post(&member, "cached");
    let stranger = stack().stranger();
    let none = format!("/api/posts/{NOBODY}");
    for path in [&*path("posts", &made), "/api/posts?limit=1", &none] {
        let varies = |reply: &blackbox::Reply| {
            let vary = reply.header("vary").unwrap_or_default().to_owned();
            ["authorization", "x-api-key"]
                .iter()
                .all(|name| vary.split(", ").any(|there| there == *name))
        };
        let anonymous = stranger.get(path);
        assert_eq!(anonymous.header("cache-control"), None, "{path}");
        assert!(varies(&anonymous), "{path}: a shared cache has to know");
        let identified = member.get(path);
        assert_eq!(
            identified.header("cache-control"),
            Some("private, no-cache"),
            "{path}"
        );
        assert!(varies(&identified), "{path}");
        assert_ne!(request_id(&anonymous), request_id(&identified));
    }
}

#[test]
fn a_bad_authorization_is_401_also_where_everybody_may() {
    let member = stack().member();
    let made = post(&member, "public");
    let token = member.token.clone().expect("a token");
    let mut tampered = token.clone();
    let signature = tampered.rfind('.').expect("a signature") + 1;
    let other = if &tampered[signature..=signature] == "A" {
        "B"
    } else {
        "A"
    };
    tampered.replace_range(signature..=signature, other);
    for header in [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b.c",
        "Basic YTpi",
        "garbage",
        &token,
        &format!("Bearer{token}"),
        &format!("Token {token}"),
        &format!("Bearer {tampered}"),
        &format!("Bearer {token}."),
        &format!("Bearer {token} {token}"),
        &format!("Bearer {token}, Bearer {token}"),
        &format!("Bearer \"{token}\""),
        &format!("Bearer {}", &token[..token.len() - 1]),
        &format!("Bearer {}", member.refresh_token),
    ] {
        for (method, path) in [
            ("GET", path("posts", &made)),
            ("GET", "/api/posts".to_owned()),
            ("PATCH", path("posts", &made)),
            ("DELETE", path("posts", &made)),
            ("POST", "/api/feedback".to_owned()),
        ] {
            let headers = [
                ("authorization", header),
                ("content-type", "application/json"),
            ];
            let body: Option<&[u8]> = match method {
                "POST" => Some(b"{\"message\":\"x\"}"),
                "PATCH" => Some(b"{\"title\":\"x\"}"),
                _ => None,
            };
            let reply = stack().stranger().send(method, &path, &headers, body);
            assert_eq!(
                reply.status,
                401,
                "{method} {path} {header}: {}",
                reply.text()
            );
            refused(&reply, 401, "auth/invalid-token");
        }
    }
    assert_eq!(now(&member, "posts", &made), made);
}

#[test]
fn the_scheme_is_bearer_in_any_case() {
    let member = stack().member();
    let made = note(&member, "scheme");
    let token = member.token.clone().expect("a token");
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let header = format!("{scheme} {token}");
        let reply = stack().stranger().send(
            "GET",
            &path("notes", &made),
            &[("authorization", &header)],
            None,
        );
        assert_eq!(reply.expect(200).json(), made, "{scheme}");
    }
}

#[test]
fn a_token_in_the_query_string_is_nothing() {
    let member = stack().member();
    let made = note(&member, "query");
    let token = member.token.clone().expect("a token");
    for name in [
        "access_token",
        "token",
        "authorization",
        "accessToken",
        "jwt",
    ] {
        let reply = stack()
            .stranger()
            .get(&format!("{}?{name}={token}", path("notes", &made)));
        refused(&reply, 401, "auth/authentication-required");
    }
}

#[test]
fn an_ended_session_is_401_also_where_everybody_may() {
    let member = stack().member();
    let (public, own) = (post(&member, "public"), note(&member, "own"));
    let _ = stack()
        .stranger()
        .post(
            "/api/auth/logout",
            &json!({ "refreshToken": member.refresh_token }),
        )
        .expect(204);
    for path in [
        &*path("posts", &public),
        &path("notes", &own),
        "/api/posts",
        "/api/notes",
    ] {
        refused(&member.get(path), 401, "auth/session-revoked");
    }
    refused(
        &member.post("/api/feedback", &json!({ "message": "x" })),
        401,
        "auth/session-revoked",
    );
    let (one, bad) = (path("posts", &public), json!({ "nope": 1 }));
    for reply in [
        member.patch(&one, &json!({ "title": "x" })),
        member.put(&one, &json!({ "title": "x" })),
        member.delete(&one),
        // An ended session is refused before errors of the body.
        member.patch(&one, &bad),
        member.post("/api/feedback", &bad),
        member.get("/api/posts?cursor=x"),
    ] {
        refused(&reply, 401, "auth/session-revoked");
    }
    assert_eq!(now(&stack().stranger(), "posts", &public), public);
}

#[test]
fn an_expired_token_is_401_also_where_everybody_may() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let (public, token) = (
        post(&member, "public"),
        member.token.clone().expect("a token"),
    );
    let late = inside.variant(
        "records-get",
        "expired",
        1,
        &[("BAKEND_CLOCK_OFFSET", "16m")],
    );

    let path = path("posts", &public);
    refused(
        &late.invoke(&Event::new("GET", &path).token(&token)),
        401,
        "auth/token-expired",
    );
    assert_eq!(
        late.invoke(&Event::new("GET", &path)).expect(200).json(),
        public
    );
}
