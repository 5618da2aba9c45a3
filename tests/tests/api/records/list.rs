//! `GET /api/{collection}`

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
fn a_walk_shows_everything_exactly_once() {
    let member = stack().member();
    let mut made = notes(&member, 23);
    made.reverse();
    has_notes(&member, 23);
    for limit in [1, 2, 7, 22, 23, 24, 100] {
        assert_eq!(all(&member, "notes", limit), made, "limit {limit}");
    }
}

#[test]
fn a_walk_over_public_records_shows_everything_exactly_once() {
    let (member, stranger) = (stack().member(), stack().stranger());
    let first = post(&member, "first");
    let mut made: Vec<Value> = (0..12)
        .map(|n| post(&member, &format!("walk {n}")))
        .collect();
    made.reverse();
    for caller in [&stranger, &member] {
        let mut cursor = String::new();
        let mut found: Vec<Value> = Vec::new();
        while !found.contains(&first) {
            let (items, next) = page(
                &caller
                    .get(&format!("/api/posts?limit=3{cursor}"))
                    .expect(200),
            );
            found.extend(items);
            assert!(
                next.is_some() || found.contains(&first),
                "the end without {first}"
            );
            cursor = format!("&cursor={}", next.unwrap_or_default());
        }
        let ids: HashSet<String> = found.iter().map(|record| text(record, "id")).collect();
        assert_eq!(ids.len(), found.len(), "nothing twice");
        found.retain(|record| record["createdBy"] == json!(member.id()) && record != &first);
        assert_eq!(found, made);
    }
}

#[test]
fn what_is_inserted_and_deleted_between_pages_disturbs_nothing_else() {
    let member = stack().member();
    let made = notes(&member, 20);
    has_notes(&member, 20);
    let mut cursor = String::new();
    let mut found = Vec::new();
    for turn in 0.. {
        let (items, next) = page(
            &member
                .get(&format!("/api/notes?limit=4{cursor}"))
                .expect(200),
        );
        // The record that the cursor points at, one not yet shown, and a new one in front of all.
        if let Some(last) = items.last() {
            let _ = member.delete(&path("notes", last)).expect(204);
        }
        if turn == 1 {
            let _ = member.delete(&path("notes", &made[2])).expect(204);
        }
        let _ = note(&member, "new");
        found.extend(titles(&items));
        match next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let expected: Vec<String> = (0..20)
        .rev()
        .filter(|n| *n != 2)
        .map(|n| format!("note {n}"))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_cursor_of_records_that_are_all_gone_ends_the_list() {
    let member = stack().member();
    let made = notes(&member, 3);
    has_notes(&member, 3);
    let (_, next) = page(&member.get("/api/notes?limit=1").expect(200));
    let cursor = next.expect("more");
    for record in &made {
        let _ = member.delete(&path("notes", record)).expect(204);
    }
    has_notes(&member, 0);
    let rest = member
        .get(&format!("/api/notes?cursor={cursor}"))
        .expect(200);
    assert_eq!(rest.json(), json!({ "items": [], "nextCursor": null }));
}

#[test]
fn a_cursor_may_be_used_twice_and_with_another_limit() {
    let member = stack().member();
    let mut made = notes(&member, 6);
    made.reverse();
    has_notes(&member, 6);
    let (_, next) = page(&member.get("/api/notes?limit=2").expect(200));
    let cursor = next.expect("more");
    for limit in [1, 2, 3, 4, 100, 1] {
        let (items, next) = page(
            &member
                .get(&format!("/api/notes?limit={limit}&cursor={cursor}"))
                .expect(200),
        );
        let end = (2 + limit).min(6);
        assert_eq!(
            (items, next.is_some()),
            (made[2..end].to_vec(), limit < 4),
            "limit {limit}"
        );
    }
}

#[test]
fn a_cursor_says_nothing_of_what_is_in_it() {
    let member = stack().member();
    let made = notes(&member, 2);
    has_notes(&member, 2);
    let cursors: HashSet<String> = (0..3)
        .map(|_| {
            page(&member.get("/api/notes?limit=1").expect(200))
                .1
                .expect("more")
        })
        .collect();
    assert_eq!(cursors.len(), 3, "sealed with a fresh nonce each time");
    for cursor in &cursors {
        assert!(
            cursor
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
            "{cursor}"
        );
        assert!(!cursor.contains(&text(&made[1], "id")));
    }
}

#[test]
fn a_forged_or_foreign_cursor_is_refused() {
    let (member, other, admin, stranger) = (
        stack().member(),
        stack().member(),
        stack().admin(),
        stack().stranger(),
    );
    for caller in [&member, &other] {
        let _ = (notes(caller, 2), post(caller, "a"), post(caller, "b"));
        has_notes(caller, 2);
    }
    let cursor = |caller: &Caller, collection: &str| {
        page(
            &caller
                .get(&format!("/api/{collection}?limit=1"))
                .expect(200),
        )
        .1
        .expect("more")
    };
    let own = cursor(&member, "notes");
    let tampered: Vec<String> = (0..own.len())
        .step_by(5)
        .map(|at| {
            let mut forged = own.clone();
            forged.replace_range(at..=at, if &own[at..=at] == "A" { "B" } else { "A" });
            forged
        })
        .collect();
    let mut bad = vec![
        String::new(),
        "x".into(),
        "null".into(),
        "0".into(),
        NOBODY.into(),
        "%00".into(),
        "%FF%FE".into(),
        format!("{own}="),
        format!("{own}A"),
        format!("%20{own}"),
        own[1..].to_owned(),
        own[..own.len() - 1].to_owned(),
        "A".repeat(own.len()),
        "A".repeat(3000),
        "eyJpZCI6IjAxODkwMDAwLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMCJ9".into(),
        cursor(&other, "notes"),
        cursor(&admin, "notes"),
        cursor(&member, "posts"),
        cursor(&stranger, "posts"),
    ];
    bad.extend(tampered);
    for forged in &bad {
        let reply = member.get(&format!("/api/notes?cursor={forged}"));
        assert_eq!(reply.status, 400, "{forged}: {}", reply.text());
        refused(&reply, 400, "data/invalid-cursor");
        // A refusal has no record in it, and an admin's list takes no member's cursor either.
        assert!(!reply.text().contains("note "));
    }
    for (caller, forged) in [(&admin, &own), (&stranger, &own)] {
        refused(
            &caller.get(&format!("/api/posts?cursor={forged}")),
            400,
            "data/invalid-cursor",
        );
    }
    refused(
        &admin.get(&format!("/api/notes?cursor={own}")),
        400,
        "data/invalid-cursor",
    );
    // What everybody sees is one list: its cursors are good for everybody.
    let public = cursor(&stranger, "posts");
    let _ = member
        .get(&format!("/api/posts?limit=1&cursor={public}"))
        .expect(200);
}

#[test]
fn a_cursor_is_good_for_a_day() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let _ = (post(&member, "a"), post(&member, "b"));
    let (_, next) = page(&stack().stranger().get("/api/posts?limit=1").expect(200));
    let event = Event::new(
        "GET",
        &format!("/api/posts?limit=1&cursor={}", next.expect("more")),
    );
    let at = |offset| {
        inside.variant(
            "records-list",
            "late",
            1,
            &[("BAKEND_CLOCK_OFFSET", offset)],
        )
    };
    let _ = at("23h").invoke(&event).expect(200);
    refused(&at("25h").invoke(&event), 400, "data/invalid-cursor");
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
    // What there is to ask asks for one's own.
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
fn many_deleted_records_are_skipped_without_a_gap_or_a_repeat() {
    let (member, stranger) = (stack().member(), stack().stranger());
    let before = post(&member, "before");
    let mut deleted = HashSet::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let make = |_| post(&member, "to be deleted");
                    let made: Vec<Value> = (0..38).map(make).collect();
                    for record in &made {
                        let _ = member.delete(&path("posts", record)).expect(204);
                    }
                    made.iter()
                        .map(|record| text(record, "id"))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        for worker in workers {
            deleted.extend(worker.join().expect("a worker"));
        }
    });
    let after = post(&member, "after");
    assert_eq!(deleted.len(), 152);

    for limit in [1, 10, 100] {
        let mut found: Vec<String> = Vec::new();
        let mut cursor = String::new();
        while !found.contains(&text(&before, "id")) {
            let (items, next) = page(
                &stranger
                    .get(&format!("/api/posts?limit={limit}{cursor}"))
                    .expect(200),
            );
            assert!(items.len() <= limit);
            found.extend(items.iter().map(|record| text(record, "id")));
            assert!(
                next.is_some() || found.contains(&text(&before, "id")),
                "the end without {before}"
            );
            cursor = format!("&cursor={}", next.unwrap_or_default());
        }
        assert!(
            !found.iter().any(|id| deleted.contains(id)),
            "limit {limit}"
        );
        assert_eq!(
            found.iter().filter(|id| **id == text(&after, "id")).count(),
            1,
            "limit {limit}"
        );
        let once: HashSet<&String> = found.iter().collect();
        assert_eq!(once.len(), found.len(), "limit {limit}: nothing twice");
        assert!(
            found.is_sorted_by(|newer, older| newer > older),
            "limit {limit}: newest first"
        );
    }
}

/// Lambda ends a reply at 6 MB, in which the body is a string in JSON once more.
#[test]
fn a_page_of_the_heaviest_records_still_fits_a_reply() {
    let member = stack().member();
    for nasty in ["\u{1}", "\"", "\\"] {
        // As much as a body can bring: six bytes for a control character, two for the others.
        let size = if nasty == "\u{1}" { 42_000 } else { 130_000 };
        let title = nasty.repeat(size);
        let count = if nasty == "\u{1}" { 24 } else { 8 };
        for _ in 0..count {
            let _ = member
                .post("/api/notes", &json!({ "title": title }))
                .expect(201);
        }
    }
    let mut cursor = String::new();
    let mut found = 0;
    loop {
        let reply = member
            .get(&format!("/api/notes?limit=100{cursor}"))
            .expect(200);
        let as_lambda_sends_it = json!(reply.text()).to_string().len();
        assert!(as_lambda_sends_it < 6_000_000, "{as_lambda_sends_it} bytes");
        let (items, next) = page(&reply);
        assert!(!items.is_empty() || next.is_none());
        found += items.len();
        match next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, 40);
}

/// The stored role counts, not the claim: also on the second page.
#[test]
fn whoever_was_promoted_pages_on_with_the_token_from_before() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (member, other) = (stack().member(), stack().member());
    let (first, theirs) = (note(&other, "first"), note(&other, "theirs"));
    let mut promote = inside.command("admin");
    promote.args(["--stack", "local", "promote", &member.email]);
    promote
        .env("AWS_ENDPOINT_URL_DYNAMODB", inside.dynamo.endpoint())
        .env("AWS_REGION", "us-east-1");
    promote
        .env("AWS_ACCESS_KEY_ID", "operator")
        .env("AWS_SECRET_ACCESS_KEY", "local");
    assert!(promote.output().expect("cargo admin").status.success());

    let (mut found, mut cursor) = (Vec::new(), String::new());
    while !found.contains(&first) {
        let (items, next) = page(
            &member
                .get(&format!("/api/notes?limit=1{cursor}"))
                .expect(200),
        );
        found.extend(items);
        assert!(
            next.is_some() || found.contains(&first),
            "the end without {first}"
        );
        cursor = format!("&cursor={}", next.unwrap_or_default());
    }
    assert!(found.contains(&theirs));
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
