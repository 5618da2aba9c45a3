//! A hidden record does not exist for the caller.

use super::*;

#[test]
fn what_is_not_shown_answers_like_a_missing_and_a_deleted_one() {
    let draft = Draft::new();
    let (attacker, stranger) = (stack().member(), stack().stranger());
    let own = article(&attacker, &json!({ "slug": word().to_lowercase() }));
    let bodies = [
        json!({}),
        json!({ "title": "mine now" }),
        json!({ "status": "published" }),
        json!({ "title": "x", "slug": draft.secret.to_lowercase() }),
        json!({ "title": "x", "slug": own["slug"] }),
        json!({ "title": "x", "score": 1 }),
        json!({ "title": "x", "remarks": "mine" }),
        json!({ "title": "x", "see": own["id"] }),
        json!({ "title": "x", "see": NOBODY }),
        json!({ "title": "x", "user_id": attacker.id() }),
        json!({ "title": 1 }),
        json!({ "nope": 1 }),
    ];
    let unknown = format!("\"{NOBODY}\"");
    let mut headers = vec![None];
    for name in ["if-match", "if-none-match"] {
        headers.extend(["*", &draft.tag, &unknown, "W/\"x\""].map(|tag| Some((name, tag))));
    }
    for caller in [&attacker, &stranger] {
        for header in &headers {
            for method in ["GET", "DELETE", "PATCH", "PUT"] {
                let with_body = method.starts_with('P');
                for body in bodies.iter().take(if with_body { bodies.len() } else { 1 }) {
                    if header.is_some() && with_body && *body != bodies[1] && *body != bodies[3] {
                        continue;
                    }
                    let ask = |id: &str| {
                        send(
                            caller,
                            method,
                            &format!("/api/articles/{id}"),
                            *header,
                            body,
                        )
                    };
                    let what = format!("{method} {header:?} {body}");
                    let hidden = answers_as_missing(&draft.article, &draft.deleted, ask, &what);
                    draft.is_not_in(&hidden, &what);
                }
            }
        }
        for asked in [
            "?fields=body",
            "?expand=see",
            "?fields=nope",
            "?expand=nope",
            "?limit=1",
        ] {
            let ask = |id: &str| caller.get(&format!("/api/articles/{id}{asked}"));
            assert_eq!(
                said(&ask(&text(&draft.article, "id"))),
                said(&ask(NOBODY)),
                "{asked}"
            );
        }
        for operations in [
            json!([{ "update": { "id": "ID", "title": "x" } }]),
            json!([{ "update": { "id": "ID" } }]),
            json!([{ "update": { "id": "ID", "slug": draft.secret.to_lowercase() } }]),
            json!([{ "update": { "id": "ID", "score": 1 } }]),
            json!([{ "delete": { "id": "ID" } }]),
            json!([{ "create": { "title": "x" } }, { "delete": { "id": "ID" } }]),
            json!([{ "update": { "id": own["id"], "title": "y" } }, { "update": { "id": "ID", "slug": null } }]),
        ] {
            let ask = |id: &str| {
                let operations: Value =
                    serde_json::from_str(&operations.to_string().replace("ID", id)).expect("json");
                caller.post("/api/articles/bulk", &json!({ "operations": operations }))
            };
            let (hidden, missing) = (ask(&text(&draft.article, "id")), ask(NOBODY));
            assert_eq!(said(&hidden), said(&missing), "{operations}");
            assert_eq!(
                said(&ask(&text(&draft.deleted, "id"))),
                said(&missing),
                "{operations}"
            );
            any_refusal(&hidden, &operations.to_string());
            draft.is_not_in(&hidden, &operations.to_string());
        }
    }
    assert_eq!(now(&draft.owner, "articles", &draft.article), draft.article);
    assert_eq!(now(&attacker, "articles", &own), own);
    // A caller that sees the record but may not change it gets 403.
    for reply in [
        draft
            .reader
            .patch(&path("articles", &draft.article), &json!({ "title": "x" })),
        draft
            .reader
            .put(&path("articles", &draft.article), &json!({ "title": "x" })),
        draft.reader.delete(&path("articles", &draft.article)),
    ] {
        refused(&reply, 403, "auth/forbidden");
    }
}

#[test]
fn a_relation_to_what_is_not_shown_is_a_relation_to_nothing() {
    let draft = Draft::new();
    let attacker = stack().member();
    let own = article(&attacker, &json!({ "title": "own" }));
    let (id, slug) = (text(&draft.article, "id"), draft.secret.to_lowercase());
    for (method, at, body) in [
        (
            "POST",
            "/api/articles".to_owned(),
            json!({ "title": "x", "see": "ID" }),
        ),
        (
            "POST",
            "/api/articles".to_owned(),
            json!({ "title": "x", "see": "ID", "readers": [NOBODY] }),
        ),
        (
            "POST",
            "/api/articles".to_owned(),
            json!({ "title": "x", "see": "ID", "source": "ID" }),
        ),
        // A taken value is reported before a relation, whatever its target.
        (
            "POST",
            "/api/articles".to_owned(),
            json!({ "title": "x", "see": "ID", "slug": slug }),
        ),
        ("PATCH", path("articles", &own), json!({ "see": "ID" })),
        (
            "PATCH",
            path("articles", &own),
            json!({ "see": "ID", "title": null }),
        ),
        (
            "PUT",
            path("articles", &own),
            json!({ "title": "x", "see": "ID" }),
        ),
        (
            "POST",
            "/api/articles/bulk".to_owned(),
            json!({ "operations": [{ "create": { "title": "x" } }, { "create": { "title": "y", "see": "ID" } },
                { "update": { "id": own["id"], "see": "ID" } }] }),
        ),
    ] {
        for key in [None, Some("a-key-of-twenty-bytes")] {
            let header = key.map(|key| ("idempotency-key", key));
            let ask = |id: &str| {
                let body = serde_json::from_str(&body.to_string().replace("ID", id)).expect("json");
                send(&attacker, method, &at, header, &body)
            };
            let (hidden, missing) = (ask(&id), ask(NOBODY));
            assert_eq!(said(&hidden), said(&missing), "{method} {body}");
            assert_eq!(
                said(&ask(&text(&draft.deleted, "id"))),
                said(&missing),
                "{method} {body}"
            );
            any_refusal(&hidden, &body.to_string());
        }
    }
    assert_eq!(now(&attacker, "articles", &own), own);
    // Callers that see it may point to it; this tells the others its id and no more.
    for caller in [&draft.owner, &draft.reader] {
        let made = article(caller, &json!({ "see": id, "status": "published" }));
        for at in [
            format!("{}?expand=see.see", path("articles", &made)),
            format!("/api/articles?id={}&expand=see", text(&made, "id")),
        ] {
            let reply = attacker.get(&at).expect(200);
            assert!(
                reply.text().contains(&format!("\"see\":\"{id}\"")),
                "{}",
                reply.text()
            );
            draft.is_not_in(&reply, &at);
            assert!(
                caller.get(&at).expect(200).text().contains(&draft.secret),
                "{at}"
            );
        }
        let far = article(&attacker, &json!({ "see": made["id"] }));
        let reply = attacker
            .get(&format!("{}?expand=see.see", path("articles", &far)))
            .expect(200);
        draft.is_not_in(&reply, "two hops");
        assert_eq!(reply.json()["see"]["see"], json!(id));
        // A relation to a record hidden since stays, and its record can be changed.
        let changed = caller
            .patch(&path("articles", &made), &json!({ "body": "b" }))
            .expect(200)
            .json();
        assert_eq!(changed["see"], json!(id));
    }
    // In one request with a change of it.
    let operations = json!({ "operations": [{ "update": { "id": id, "body": "b" } }, { "create": { "title": "x", "see": id } }] });
    let _ = draft
        .owner
        .post("/api/articles/bulk", &operations)
        .expect(200);
}

#[test]
fn a_value_that_what_is_not_shown_has_tells_the_field_and_no_more() {
    let draft = Draft::new();
    let attacker = stack().member();
    let slug = draft.secret.to_lowercase();
    let reply = attacker.post("/api/articles", &json!({ "title": "x", "slug": slug }));
    refused_with(
        &reply,
        409,
        "data/unique-violation",
        "Another record has this value of `slug`.",
    );
    draft.is_not_in(&reply, "a taken slug");
}

#[test]
fn a_repeated_create_shows_what_is_still_shown() {
    let (member, admin, other) = (stack().member(), stack().admin(), stack().member());
    let key = format!("key-of-{}", word());
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key.as_str()),
    ];
    let body = json!({ "title": "once" }).to_string();
    let create = || member.send("POST", "/api/articles", &headers, Some(body.as_bytes()));
    let made = create().expect(201).json();
    assert_eq!(create().expect(201).json(), made);
    // It was given away: it is another user's draft.
    let _ = admin
        .patch(&path("articles", &made), &json!({ "user_id": other.id() }))
        .expect(200);
    refused(&create(), 404, "data/record-not-found");
    let _ = other
        .patch(&path("articles", &made), &json!({ "status": "published" }))
        .expect(200);
    assert_eq!(create().expect(201).json()["user_id"], other.id());
}

#[test]
fn a_target_that_is_hidden_meanwhile_is_never_pointed_to() {
    let (owner, other) = (stack().member(), stack().member());
    let target = article(&owner, &json!({ "status": "published" }));
    let at = path("articles", &target);
    let hide = || owner.patch(&at, &json!({ "status": "draft" }));
    let point = || {
        other.post(
            "/api/articles",
            &json!({ "title": "x", "see": target["id"] }),
        )
    };
    for _ in 0..4 {
        let _ = owner
            .patch(&at, &json!({ "status": "published" }))
            .expect(200);
        let replies = together(vec![Box::new(hide), Box::new(point), Box::new(point)]);
        let _ = replies[0].clone().expect(200);
        for reply in &replies[1..] {
            assert!([201, 400].contains(&reply.status), "{}", reply.text());
        }
        // It is hidden now, so from now on it does not exist.
        assert_eq!(point().status, 400);
    }
}
