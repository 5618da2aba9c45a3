//! Fields that only some callers may write.

use super::*;

#[test]
fn what_is_not_ones_own_to_write_is_refused_and_nothing_is_written() {
    let secret = Secret::new();
    let (member, stranger, admin) = (stack().member(), stack().stranger(), stack().admin());
    let own = article(&member, &json!({ "remarks": "mine" }));
    assert_eq!(
        (&own["remarks"], &own["featured"], shown(&own)),
        (&json!("mine"), &json!(false), vec!["remarks"])
    );
    let message = |field: &str| format!("`{field}` is not yours to write.");
    let bulk = |operation: Value| json!({ "operations": [operation] });
    for (field, values) in [
        ("score", [json!(1), json!(null), json!(0)]),
        ("featured", [json!(true), json!(null), json!(false)]),
    ] {
        for value in values {
            let body = json!({ "title": "x", field: value });
            let mut with_id = body.clone();
            with_id["id"] = own["id"].clone();
            let (at, all) = (path("articles", &own), "/api/articles/bulk");
            for (reply, place) in [
                (member.post("/api/articles", &body), ""),
                (member.patch(&at, &body), ""),
                (member.put(&at, &body), ""),
                (
                    member.post(all, &bulk(json!({ "create": body }))),
                    "operations[0]: ",
                ),
                (
                    member.post(all, &bulk(json!({ "update": with_id }))),
                    "operations[0]: ",
                ),
            ] {
                refused_with(
                    &reply,
                    403,
                    "auth/forbidden",
                    &format!("{place}{}", message(field)),
                );
            }
            // A record that does not exist for the caller is 404 first.
            let _ = member
                .patch(&format!("/api/articles/{NOBODY}"), &body)
                .expect(404);
            let _ = member
                .put(&format!("/api/articles/{NOBODY}"), &body)
                .expect(404);
            let hidden = article(&secret.owner, &json!({ "status": "draft" }));
            let _ = member.patch(&path("articles", &hidden), &body).expect(404);
            // And another's record 403, whatever it says.
            let reply = member.patch(&path("articles", &secret.article), &body);
            refused_with(&reply, 403, "auth/forbidden", "You may not do this.");
            let _ = stranger.patch(&at, &body).expect(401);
        }
    }
    assert_eq!(now(&member, "articles", &own), own);
    // An own article is written with its remarks, and without.
    let changed = member
        .patch(
            &path("articles", &own),
            &json!({ "remarks": null, "body": "b" }),
        )
        .expect(200)
        .json();
    assert_eq!(
        (changed.get("remarks"), &changed["body"]),
        (None, &json!("b"))
    );
    let changed = admin
        .patch(
            &path("articles", &own),
            &json!({ "score": 7, "featured": true }),
        )
        .expect(200)
        .json();
    assert_eq!(
        (&changed["score"], &changed["featured"]),
        (&json!(7), &json!(true))
    );
    // Admins are held to what a field must be.
    invalid(
        &admin.patch(&path("articles", &own), &json!({ "score": "x" })),
        &[("score", "type")],
    );
}

#[test]
fn a_replacement_leaves_what_its_writer_may_not_see_or_write() {
    let secret = Secret::new();
    let (owner, admin) = (&secret.owner, stack().admin());
    let at = path("articles", &secret.article);
    let _ = admin
        .patch(&at, &json!({ "featured": true, "body": "b" }))
        .expect(200);
    let replaced = owner
        .put(&at, &json!({ "title": "new", "status": "published" }))
        .expect(200);
    // The owner's own remarks are gone, as the text is; fields that the owner may not write or see are unchanged.
    assert_eq!(
        (shown(&replaced.json()), replaced.json().get("body")),
        (vec![], None)
    );
    let kept = now(&admin, "articles", &secret.article);
    assert_eq!(
        (
            &kept["score"],
            &kept["source"],
            &kept["featured"],
            &kept["title"]
        ),
        (
            &json!(secret.score),
            &secret.source["id"],
            &json!(true),
            &json!("new")
        )
    );
    assert_eq!((kept.get("remarks"), kept.get("body")), (None, None));
    // It may be sent on condition of the seen revision.
    let tag = owner
        .get(&at)
        .expect(200)
        .header("etag")
        .expect("a tag")
        .to_owned();
    let send = |tag: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("if-match", tag)];
        owner.send("PUT", &at, &headers, Some(body.to_string().as_bytes()))
    };
    let whole = json!({ "title": "newer", "status": "published", "remarks": "r", "source": null });
    let reply = send(&tag, &whole).expect(200).json();
    // A field that may be written and not seen is written.
    assert_eq!(
        (&reply["remarks"], reply.get("source")),
        (&json!("r"), None)
    );
    let kept = now(&admin, "articles", &secret.article);
    assert_eq!(
        (kept.get("source"), &kept["score"]),
        (None, &json!(secret.score))
    );
    let _ = send(&tag, &whole).expect(412);
    // An admin's replacement covers every field, with defaults.
    let replaced = admin
        .put(&at, &json!({ "title": "last" }))
        .expect(200)
        .json();
    assert_eq!(
        (
            &replaced["score"],
            &replaced["featured"],
            &replaced["status"]
        ),
        (&json!(0), &json!(false), &json!("draft"))
    );
}

#[test]
fn a_repeated_create_and_a_bulk_show_what_a_read_does() {
    let (member, admin) = (stack().member(), stack().admin());
    let key = format!("key-of-{}", word());
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key.as_str()),
    ];
    let body = json!({ "title": "once", "status": "published", "remarks": "mine" }).to_string();
    let create = || {
        member
            .send("POST", "/api/articles", &headers, Some(body.as_bytes()))
            .expect(201)
    };
    let made = create().json();
    assert_eq!(shown(&made), ["remarks"]);
    let _ = admin
        .patch(&path("articles", &made), &json!({ "score": 471_108 }))
        .expect(200);
    let again = create();
    assert_eq!(
        (shown(&again.json()), again.text().contains("471108")),
        (vec!["remarks"], false)
    );
    let operations = json!({ "operations": [{ "update": { "id": made["id"], "body": "b" } }, { "create": { "title": "two" } }] });
    let reply = member.post("/api/articles/bulk", &operations).expect(200);
    assert!(!reply.text().contains("score"), "{}", reply.text());
    let reply = admin
        .post(
            "/api/articles/bulk",
            &json!({ "operations": [{ "update": { "id": made["id"], "body": "c" } }] }),
        )
        .expect(200);
    assert_eq!(shown(&reply.json()["items"][0]), ["remarks", "score"]);
}

#[test]
fn a_tag_does_not_say_that_there_is_nothing_more_to_see() {
    let secret = Secret::new();
    let at = path("articles", &secret.article);
    let (member, admin) = (stack().member(), stack().admin());
    let tag = member
        .get(&at)
        .expect(200)
        .header("etag")
        .expect("a tag")
        .to_owned();
    let reply = admin
        .send("GET", &at, &[("if-none-match", &tag)], None)
        .expect(200);
    assert_eq!(shown(&reply.json()), HIDDEN);
    let reply = member
        .send("GET", &at, &[("if-none-match", &tag)], None)
        .expect(200);
    secret.is_not_in(&reply, "the same again");
}

#[test]
fn a_role_sees_and_writes_what_its_rule_says_from_the_next_request_on() {
    let secret = Secret::new();
    let (admin, editor) = (stack().admin(), stack().member());
    let account = format!("/api/users/{}", editor.id());
    let at = path("articles", &secret.article);
    let asked = format!(
        "/api/articles?title_contains={}&score_gt=1&sort=-score&limit=1",
        secret.title
    );
    let message = "`score` is not shown to you in every record, so no list can be asked for by it.";
    refused_with(&editor.get(&asked), 403, "auth/forbidden", message);
    // The token is from before; the stored role counts.
    let _ = admin
        .patch(&account, &json!({ "role": "editor" }))
        .expect(200);
    assert_eq!(shown(&editor.get(&at).expect(200).json()), HIDDEN);
    let found = || {
        page(&editor.get(&asked).expect(200))
            .0
            .iter()
            .map(|record| record["score"].clone())
            .collect::<Vec<_>>()
    };
    settles(&vec![json!(secret.score)], &asked, found);
    let written = json!({ "featured": true, "score": 9, "remarks": "edited" });
    let written = editor.patch(&at, &written).expect(200).json();
    assert_eq!(
        (&written["score"], &written["remarks"]),
        (&json!(9), &json!("edited"))
    );
    let replaced = editor
        .put(
            &at,
            &json!({ "title": secret.title, "status": "published" }),
        )
        .expect(200)
        .json();
    assert_eq!(
        (&replaced["score"], shown(&replaced)),
        (&json!(0), vec!["score"])
    );
    let new = editor
        .post("/api/articles", &json!({ "title": "b", "score": 3 }))
        .expect(201)
        .json();
    assert_eq!(new["score"], 3);
    // And the other way round.
    let _ = admin
        .patch(&account, &json!({ "role": "authenticated" }))
        .expect(200);
    refused_with(&editor.get(&asked), 403, "auth/forbidden", message);
    let reply = editor.get(&path("articles", &new)).expect(200).json();
    assert_eq!(shown(&reply), [""; 0]);
    let reply = editor.patch(&path("articles", &new), &json!({ "score": 4 }));
    refused_with(
        &reply,
        403,
        "auth/forbidden",
        "`score` is not yours to write.",
    );
}
