//! Fields with rules of their own: what is not shown is in no reply and behind no question, and what is not one's own to
//! write stays as it is.

use blackbox::{Caller, Reply, stack};
use serde_json::{Map, Value, json};

use super::look::{NOBODY, invalid, now, page, path, refused_with, text};
use super::shop::{encoded, ids, query, settles, walk, word};

/// What is not shown to everybody.
const HIDDEN: [&str; 3] = ["remarks", "score", "source"];

/// An article that everybody sees, with values that not everybody does.
struct Secret {
    owner: Caller,
    article: Value,
    /// What the article points to in a field that is not shown to everybody.
    source: Value,
    /// A word of its title.
    title: String,
    /// A word of its remarks.
    remarks: String,
    score: u32,
}

impl Secret {
    fn new() -> Self {
        let (admin, owner) = (stack().admin(), stack().member());
        let (title, remarks, score) = (word(), word(), 471_108);
        let fields = |more: Value| {
            let mut all = json!({ "title": format!("On {title}"), "status": "published", "user_id": owner.id() });
            all.as_object_mut()
                .expect("an object")
                .extend(more.as_object().cloned().unwrap_or_default());
            admin.post("/api/articles", &all).expect(201).json()
        };
        let source = fields(json!({ "title": "the source", "remarks": remarks, "score": score }));
        let all =
            json!({ "remarks": format!("Says {remarks}"), "score": score, "source": source["id"] });
        Self {
            article: fields(all),
            owner,
            source,
            title,
            remarks,
            score,
        }
    }

    /// The reply has nothing of what is not shown, neither the names of the fields nor their values.
    #[track_caller]
    fn is_not_in(&self, reply: &Reply, what: &str) {
        let all = format!("{} {:?}", reply.text(), reply.headers);
        for secret in [
            &self.remarks,
            &self.score.to_string(),
            &text(&self.source, "id"),
        ] {
            assert!(!all.contains(secret), "{what} tells {secret}: {all}");
        }
    }
}

/// Which of the fields that are not shown to everybody are there.
fn shown(record: &Value) -> Vec<&'static str> {
    HIDDEN
        .into_iter()
        .filter(|name| record.get(name).is_some())
        .collect()
}

/// A body with what a record shows but for the system's fields, and these.
fn with(record: &Value, more: &Value) -> Value {
    let mut body: Map<String, Value> = record.as_object().cloned().expect("an object");
    body.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(body)
}

fn article(caller: &Caller, fields: &Value) -> Value {
    caller
        .post(
            "/api/articles",
            &with(&json!({ "title": "a", "status": "published" }), fields),
        )
        .expect(201)
        .json()
}

#[test]
fn a_field_is_shown_to_whom_its_rule_lets_see_it_in_every_reply() {
    let secret = Secret::new();
    let id = text(&secret.article, "id");
    let (stranger, member, admin) = (stack().stranger(), stack().member(), stack().admin());
    for (caller, expected) in [
        (&stranger, &[][..]),
        (&member, &[]),
        (&secret.owner, &["remarks"]),
        (&admin, &["remarks", "score", "source"]),
    ] {
        let one = format!("/api/articles/{id}");
        for asked in [
            "",
            "?fields=title,remarks,score,source,createdAt",
            "?expand=source",
            "?expand=source.source,see",
        ] {
            let record = caller.get(&format!("{one}{asked}")).expect(200);
            assert_eq!(shown(&record.json()), expected, "{asked}");
            let list = format!("/api/articles?id={id}{}", asked.replacen('?', "&", 1));
            let (items, _) = page(&caller.get(&list).expect(200));
            assert_eq!(
                (items.len(), shown(&items[0])),
                (1, expected.to_vec()),
                "{list}"
            );
            if expected.is_empty() {
                secret.is_not_in(&record, asked);
                secret.is_not_in(&caller.get(&list), &list);
            }
        }
        // Whoever is shown nothing of what was asked for is shown the id.
        let fields = caller
            .get(&format!("{one}?fields=score"))
            .expect(200)
            .json();
        let expected = if expected.len() == 3 {
            json!({ "id": id, "score": secret.score })
        } else {
            json!({ "id": id })
        };
        assert_eq!(fields, expected);
    }
    // Everything else of a record is always there.
    let record = stranger
        .get(&path("articles", &secret.article))
        .expect(200)
        .json();
    let names: Vec<&str> = record
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
        .collect();
    let mut expected = [
        "id",
        "createdAt",
        "updatedAt",
        "createdBy",
        "featured",
        "status",
        "title",
        "user_id",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn what_is_inlined_shows_no_more_than_when_it_is_read() {
    let secret = Secret::new();
    let member = stack().member();
    let near = article(&member, &json!({ "see": secret.article["id"] }));
    let far = article(&member, &json!({ "see": near["id"] }));
    for expand in [
        "see",
        "see.see",
        "see.source",
        "source",
        "see.see,source.see",
    ] {
        for at in [
            format!("{}?expand={expand}", path("articles", &far)),
            format!("/api/articles?id={}&expand={expand}", text(&far, "id")),
        ] {
            for caller in [&member, &stack().stranger()] {
                let reply = caller.get(&at).expect(200);
                secret.is_not_in(&reply, &at);
                assert!(
                    !reply.text().contains("\"score\""),
                    "{at}: {}",
                    reply.text()
                );
            }
        }
    }
    let two = |caller: &Caller| {
        let record = caller
            .get(&format!("{}?expand=see.see", path("articles", &far)))
            .expect(200)
            .json();
        shown(&record["see"]["see"])
    };
    assert_eq!(
        (two(&member), two(&secret.owner)),
        (vec![], vec!["remarks"])
    );
    assert_eq!(two(&stack().admin()), HIDDEN);
    // What hangs on a field that is not shown is not inlined either, whoever might read it by itself.
    let record = member
        .get(&format!("{}?expand=see.source", path("articles", &near)))
        .expect(200)
        .json();
    assert_eq!(record["see"].get("source"), None);
    let record = stack()
        .admin()
        .get(&format!("{}?expand=see.source", path("articles", &near)))
        .expect(200)
        .json();
    assert_eq!(record["see"]["source"]["title"], "the source");
}

#[test]
fn nobody_asks_by_a_field_that_is_not_shown_in_all_of_a_list() {
    let secret = Secret::new();
    let (member, stranger, admin) = (stack().member(), stack().stranger(), stack().admin());
    let json = |value: Value| value.to_string();
    let (score, source) = (secret.score.to_string(), text(&secret.source, "id"));
    let not = json(
        json!({ "$not": { "$or": [{ "title": "x" }, { "$and": [{ "score": { "$lt": 5 } }] }] } }),
    );
    for (parameters, field) in [
        (vec![("score", score.as_str())], "score"),
        (
            vec![("score_gt", "5"), ("title_contains", &secret.title)],
            "score",
        ),
        (vec![("score_in", "1,2")], "score"),
        (vec![("score_exists", "true")], "score"),
        (
            vec![("score_ne", "0"), ("id", &text(&secret.article, "id"))],
            "score",
        ),
        (vec![("remarks_contains", "Says")], "remarks"),
        (vec![("remarks_startsWith", "S")], "remarks"),
        (vec![("source", &source)], "source"),
        (
            vec![("filter", &json(json!({ "score": { "$gte": 1 } })))],
            "score",
        ),
        (vec![("filter", &not)], "score"),
        (
            vec![(
                "andFilters",
                &json(json!([{ "title": "x" }, { "source": null }])),
            )],
            "source",
        ),
        (
            vec![(
                "orFilters",
                &json(json!([{ "title": "x" }, { "remarks": { "$ne": null } }])),
            )],
            "remarks",
        ),
        (
            vec![(
                "orFilters",
                &json(json!({ "score": { "$not": { "$gt": 3 } } })),
            )],
            "score",
        ),
    ] {
        let asked = query(&parameters);
        let message = format!(
            "`{field}` is not shown to you in every record, so no list can be asked for by it."
        );
        for at in [
            format!("/api/articles?{asked}"),
            format!("/api/articles/count?{asked}"),
            format!("/api/articles?limit=1&{asked}&fields=id"),
        ] {
            refused_with(&member.get(&at), 403, "auth/forbidden", &message);
            refused_with(
                &stranger.get(&at),
                401,
                "auth/authentication-required",
                &message,
            );
            // Of the owner's own remarks too: the list is of everybody's.
            refused_with(&secret.owner.get(&at), 403, "auth/forbidden", &message);
            let _ = admin.get(&at).expect(200);
        }
    }
    for sort in [
        "sort=score",
        "sort=-score",
        "sort=score:desc",
        "sortBy=score",
        "sortBy=score&sortDirection=asc",
    ] {
        let message =
            "`score` is not shown to you in every record, so no list can be asked for by it.";
        refused_with(
            &member.get(&format!("/api/articles?{sort}")),
            403,
            "auth/forbidden",
            message,
        );
        refused_with(
            &stranger.get(&format!("/api/articles?{sort}")),
            401,
            "auth/authentication-required",
            message,
        );
        let cursor = page(
            &admin
                .get(&format!("/api/articles?{sort}&limit=1"))
                .expect(200),
        )
        .1
        .expect("more");
        // What an admin was given to go on with takes nobody else there.
        refused_with(
            &member.get(&format!("/api/articles?{sort}&cursor={cursor}")),
            403,
            "auth/forbidden",
            message,
        );
        let other = member.get(&format!("/api/articles?cursor={cursor}"));
        assert_eq!((other.status, &*other.code()), (400, "data/invalid-cursor"));
    }
    // Nor does the order of a list tell, where an index of a field that is not shown would serve.
    let all = format!("title_contains={}", secret.title);
    settles(&1, &all, || walk(&member, "articles", &all, 10).len());
}

#[test]
fn a_search_looks_through_what_is_shown() {
    let secret = Secret::new();
    let (member, admin) = (stack().member(), stack().admin());
    let found = |caller: &Caller, word: &str| {
        let asked = format!("search={}", encoded(word));
        let count = caller
            .get(&format!("/api/articles/count?{asked}"))
            .expect(200)
            .json();
        let list = walk(caller, "articles", &asked, 100);
        assert_eq!(count, json!({ "count": list.len(), "exact": true }));
        ids(&list)
    };
    let id = text(&secret.article, "id");
    for caller in [&member, &stack().stranger(), &secret.owner] {
        assert_eq!(found(caller, &secret.title.to_lowercase()), [id.as_str()]);
        assert_eq!(found(caller, &secret.remarks), [""; 0]);
    }
    assert_eq!(
        found(&admin, &secret.remarks),
        [id, text(&secret.source, "id")]
    );
}

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
            // What does not exist, for whatever reason, is 404 first.
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
    // An object of one's own is written with its remarks, and without.
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
    // The owner's own remarks are gone, as the text is; what the owner may not write or see is as it was.
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
    // It may be sent on condition of what was seen.
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
    // What may be written without being seen is written.
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
    // An admin's replacement is one of everything, with defaults.
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
