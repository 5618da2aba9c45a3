//! Walks from page to page.

use super::*;

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
