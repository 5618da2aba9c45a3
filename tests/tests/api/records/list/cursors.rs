//! Cursors.

use super::*;

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
    // A list that every caller sees alike has cursors that are good for every caller.
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
