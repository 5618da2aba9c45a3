//! `GET /api/{collection}`

mod cursors;
mod walks;

use std::collections::HashSet;
use std::thread;

use blackbox::{Caller, Event, stack};
use serde_json::{Value, json};

use super::look::{
    NOBODY, all, has_notes, invalid, newer, note, notes_are, page, path, post, refused,
    refused_with, text,
};

fn titles(records: &[Value]) -> Vec<String> {
    records.iter().map(|record| text(record, "title")).collect()
}

/// `count` notes of the caller, oldest first.
fn notes(caller: &Caller, count: usize) -> Vec<Value> {
    (0..count)
        .map(|n| note(caller, &format!("note {n}")))
        .collect()
}

#[test]
fn a_list_is_newest_first_and_whole() {
    let member = stack().member();
    let mut made = notes(&member, 5);
    made.reverse();
    notes_are(&member, &made);
    let reply = member.get("/api/notes").expect(200);
    assert_eq!(reply.json(), json!({ "items": made, "nextCursor": null }));
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

#[test]
fn everybody_sees_the_same_posts() {
    let (member, other) = (stack().member(), stack().member());
    let first = post(&member, "first");
    let (mine, theirs) = (post(&member, "mine"), post(&other, "theirs"));
    for caller in [&stack().stranger(), &member, &other, &stack().admin()] {
        let seen = newer(caller, "posts", &first);
        let ours: Vec<&Value> = seen
            .iter()
            .filter(|record| [&mine, &theirs].contains(record))
            .collect();
        assert_eq!(ours, [&theirs, &mine], "newest first, each once");
    }
}

#[test]
fn a_new_member_has_an_empty_list() {
    let reply = stack().member().get("/api/notes").expect(200);
    assert_eq!(reply.json(), json!({ "items": [], "nextCursor": null }));
}

#[test]
fn limit_is_1_to_100_and_20_when_absent() {
    let member = stack().member();
    let _ = notes(&member, 21);
    has_notes(&member, 21);
    for (query, items, more) in [
        ("", 20, true),
        ("?limit=1", 1, true),
        ("?limit=20", 20, true),
        ("?limit=21", 21, false),
        ("?limit=100", 21, false),
    ] {
        let (found, next) = page(&member.get(&format!("/api/notes{query}")).expect(200));
        assert_eq!((found.len(), next.is_some()), (items, more), "{query}");
    }
    for bad in [
        "",
        "0",
        "101",
        "1000",
        "-1",
        "%2B5",
        "1.0",
        "1e1",
        "0x10",
        "%205",
        "5%20",
        "five",
        "null",
        "NaN",
        "Infinity",
        "99999999999999999999",
        "%D9%A1",
        "%00",
        "[]",
    ] {
        for caller in [&member, &stack().stranger()] {
            let collection = if caller.token.is_some() {
                "notes"
            } else {
                "posts"
            };
            invalid(
                &caller.get(&format!("/api/{collection}?limit={bad}")),
                &[("limit", "range")],
            );
        }
    }
}

#[test]
fn an_owners_list_cannot_be_widened() {
    let (member, other, admin) = (stack().member(), stack().member(), stack().admin());
    let (mine, theirs) = (note(&member, "mine"), note(&other, "theirs"));
    notes_are(&member, std::slice::from_ref(&mine));
    notes_are(&other, std::slice::from_ref(&theirs));

    for name in [
        "created_by",
        "owner",
        "role",
        "admin",
        "scope",
        "page",
        "user_id%5B%5D",
        "Limit",
        "LIMIT",
        "cursor%00",
        "__proto__",
        "method",
        "_method",
    ] {
        for value in [
            other.id(),
            "",
            "*",
            "true",
            "%7B%7D",
            "%7B%22%24or%22%3A%5B%7B%7D%5D%7D",
        ] {
            let reply = member.get(&format!("/api/notes?{name}={value}"));
            let field = name.replace("%5B%5D", "[]").replace("%00", "\u{0}");
            invalid(&reply, &[(&field, "unknown-parameter")]);
            let choices = text(&reply.json()["error"]["details"][0], "message");
            assert!(
                choices.contains("limit") && choices.contains("cursor"),
                "names the choices: {choices}"
            );
        }
    }
    // Every possible filter finds only the caller's own records.
    let everything = "%7B%22%24or%22%3A%5B%7B%22title_exists%22%3Atrue%7D%2C%7B%7D%5D%7D";
    for name in [
        "user_id",
        "user_id_ne",
        "createdBy",
        "createdBy_ne",
        "id",
        "id_ne",
        "title",
        "title_contains",
        "search",
        "sort",
        "fields",
        "expand",
        "filter",
        "andFilters",
        "orFilters",
        "explain",
    ] {
        for value in [
            other.id(),
            &text(&theirs, "id"),
            "theirs",
            "",
            "*",
            "true",
            "false",
            "user_id",
            "%7B%7D",
            "[%7B%7D]",
            "%7B%22user_id%22%3A%7B%22%24exists%22%3Atrue%7D%7D",
            everything,
        ] {
            let reply = member.get(&format!("/api/notes?{name}={value}"));
            assert!(
                [200, 400, 403].contains(&reply.status),
                "{name}={value}: {}",
                reply.text()
            );
            if reply.status == 200 {
                let ids: Vec<Value> = page(&reply)
                    .0
                    .iter()
                    .map(|record| record["id"].clone())
                    .collect();
                assert!(
                    ids.iter().all(|id| *id == mine["id"]),
                    "{name}={value}: {}",
                    reply.text()
                );
            }
        }
    }
    let body =
        json!({ "user_id": other.id(), "createdBy": other.id(), "filter": {}, "scope": "all" })
            .to_string();
    let json = ("content-type", "application/json");
    for headers in [
        vec![json],
        vec![json, ("x-http-method-override", "POST")],
        vec![
            json,
            ("x-user-id", other.id()),
            ("x-role", "admin"),
            ("x-forwarded-user", other.id()),
        ],
        vec![
            json,
            ("cookie", "role=admin; user_id=x"),
            ("x-original-url", "/api/posts"),
        ],
    ] {
        let reply = member
            .send("GET", "/api/notes", &headers, Some(body.as_bytes()))
            .expect(200);
        assert_eq!(
            reply.json(),
            json!({ "items": [mine], "nextCursor": null }),
            "{headers:?}"
        );
    }
    let (_, next) = page(&admin.get("/api/notes?limit=1").expect(200));
    let widened = format!("/api/notes?cursor={}", next.expect("more"));
    refused(&member.get(&widened), 400, "data/invalid-cursor");
    for method in ["HEAD", "PUT", "PATCH", "DELETE"] {
        let reply = member.send(method, "/api/notes", &[], None);
        assert_eq!(reply.status, 405, "{method}: {}", reply.text());
        assert!(!reply.text().contains("theirs"));
    }
}

#[test]
fn a_repeated_parameter_is_refused() {
    let member = stack().member();
    for (query, field) in [
        ("limit=1&limit=2", "limit"),
        ("limit=1&limit=1", "limit"),
        ("cursor=a&cursor=b", "cursor"),
        ("limit=1&%6Cimit=2", "limit"),
    ] {
        invalid(
            &member.get(&format!("/api/notes?{query}")),
            &[(field, "repeated")],
        );
    }
    let both = member.get("/api/notes?nope=1&limit=1&limit=2&other=3");
    invalid(
        &both,
        &[
            ("nope", "unknown-parameter"),
            ("limit", "repeated"),
            ("other", "unknown-parameter"),
        ],
    );
}

#[test]
fn a_query_string_ends_at_4_kib() {
    let (member, stranger) = (stack().member(), stack().stranger());
    let made = note(&member, "query");
    let query = |length: usize| format!("cursor={}", "A".repeat(length - "cursor=".len()));
    refused(
        &member.get(&format!("/api/notes?{}", query(4096))),
        400,
        "data/invalid-cursor",
    );
    let long = query(4097);
    for path in [
        "/api/notes",
        &path("notes", &made),
        "/api/health",
        "/api/nope",
    ] {
        refused(
            &member.get(&format!("{path}?{long}")),
            400,
            "common/invalid-request",
        );
    }
    refused(
        &stranger.get(&format!("/api/posts?{}", query(6000))),
        400,
        "common/invalid-request",
    );
    let reply = member.post(&format!("/api/notes?{long}"), &json!({ "title": "long" }));
    refused(&reply, 400, "common/invalid-request");
    notes_are(&member, &[made]);
}

#[test]
fn an_admin_lists_everybodys() {
    let (member, other, admin) = (stack().member(), stack().member(), stack().admin());
    let first = note(&member, "first");
    let (mine, theirs) = (note(&member, "mine"), note(&other, "theirs"));
    let seen = newer(&admin, "notes", &first);
    let ours: Vec<&Value> = seen
        .iter()
        .filter(|record| [&mine, &theirs].contains(record))
        .collect();
    assert_eq!(ours, [&theirs, &mine]);

    let reply = admin
        .post("/api/feedback", &json!({ "message": "seen" }))
        .expect(201)
        .json();
    let (items, _) = page(&admin.get("/api/feedback?limit=100").expect(200));
    assert!(items.contains(&reply));
    refused(&member.get("/api/feedback"), 403, "auth/forbidden");
    refused(
        &stack().stranger().get("/api/feedback"),
        401,
        "auth/authentication-required",
    );
}

#[test]
fn an_unknown_collection_is_no_path() {
    let system = api::tables::ALL.map(|table| table.name);
    let names = [
        "nope",
        "auth",
        "POSTS",
        "Posts",
        "posts_",
        "local-posts",
        "admin",
    ];
    for name in names.into_iter().chain(system) {
        for caller in [&stack().stranger(), &stack().admin()] {
            refused(
                &caller.get(&format!("/api/{name}")),
                404,
                "common/not-found",
            );
            refused(
                &caller.get(&format!("/api/{name}/{NOBODY}")),
                404,
                "common/not-found",
            );
            refused(
                &caller.post(&format!("/api/{name}"), &json!({ "title": "x" })),
                404,
                "common/not-found",
            );
        }
    }
    let reply = stack().member().get("/api/posts/x/y");
    refused_with(
        &reply,
        404,
        "common/not-found",
        "There is nothing at this path.",
    );
}
