//! Row filters: a record hidden from a caller does not exist for that caller, in any request.

mod answers;

use blackbox::{Caller, Reply, stack};
use serde_json::{Value, json};

use super::look::{NOBODY, any_refusal, now, page, path, refused, refused_with, text, together};
use super::shop::{answers_as_missing, ids, query, said, send, settles, walk, word};

/// An article that is not published yet, and the callers that see it.
struct Draft {
    owner: Caller,
    /// A user whom the owner lets read it.
    reader: Caller,
    article: Value,
    /// One that was like it, and is gone.
    deleted: Value,
    tag: String,
    secret: String,
}

impl Draft {
    fn new() -> Self {
        let (owner, reader) = (stack().member(), stack().member());
        let secret = word();
        let fields = json!({ "title": format!("On {secret}"), "body": secret, "slug": secret.to_lowercase(),
            "readers": [reader.id()] });
        let article = article(&owner, &fields);
        let deleted = self::article(&owner, &json!({ "title": "gone" }));
        let _ = owner.delete(&path("articles", &deleted)).expect(204);
        let tag = owner
            .get(&path("articles", &article))
            .expect(200)
            .header("etag")
            .expect("a tag")
            .to_owned();
        Self {
            owner,
            reader,
            article,
            deleted,
            tag,
            secret,
        }
    }

    #[track_caller]
    fn is_not_in(&self, reply: &Reply, what: &str) {
        let all = format!("{} {:?}", reply.text(), reply.headers);
        let lower = self.secret.to_lowercase();
        for secret in [
            &self.secret,
            &lower,
            &text(&self.article, "updatedAt"),
            self.tag.trim_matches('"'),
        ] {
            assert!(!all.contains(secret), "{what} tells {secret}: {all}");
        }
    }
}

fn article(caller: &Caller, fields: &Value) -> Value {
    let mut body = json!({ "title": "a" });
    body.as_object_mut()
        .expect("an object")
        .extend(fields.as_object().cloned().unwrap_or_default());
    caller.post("/api/articles", &body).expect(201).json()
}

#[test]
fn everybody_sees_what_one_of_the_filters_shows() {
    let (owner, reader, other) = (stack().member(), stack().member(), stack().member());
    let title = word();
    let readers = json!([reader.id()]);
    let made: Vec<Value> = [
        json!({ "title": title, "status": "draft" }),
        json!({ "title": title, "status": "draft", "readers": readers }),
        json!({ "title": title, "status": "review" }),
        json!({ "title": title, "status": "published" }),
        json!({ "title": title, "status": "published", "readers": readers }),
    ]
    .iter()
    .map(|fields| article(&owner, fields))
    .collect();
    let (stranger, admin) = (stack().stranger(), stack().admin());
    for (who, caller, expected) in [
        ("stranger", &stranger, &[3, 4][..]),
        ("another", &other, &[3, 4]),
        ("reader", &reader, &[1, 3, 4]),
        ("owner", &owner, &[0, 1, 2, 3, 4]),
        ("admin", &admin, &[0, 1, 2, 3, 4]),
    ] {
        let listed: Vec<String> = expected
            .iter()
            .rev()
            .map(|n| text(&made[*n], "id"))
            .collect();
        let asked = format!("title={title}");
        for limit in [1, 2, 100] {
            assert_eq!(
                ids(&walk(caller, "articles", &asked, limit)),
                listed,
                "{who}"
            );
        }
        let count = caller
            .get(&format!("/api/articles/count?{asked}"))
            .expect(200)
            .json();
        assert_eq!(
            count,
            json!({ "count": expected.len(), "exact": true }),
            "{who}"
        );
        for sorted in [
            format!("{asked}&sort=createdAt"),
            format!("{asked}&sort=status,-createdAt"),
            format!("{asked}&sort=-status,createdAt"),
        ] {
            let expected: Vec<String> = listed.iter().rev().cloned().collect();
            settles(&expected, &sorted, || {
                let mut found = ids(&walk(caller, "articles", &sorted, 2));
                found.sort();
                found
            });
        }
        for (n, record) in made.iter().enumerate() {
            let reply = caller.get(&path("articles", record));
            if expected.contains(&n) {
                assert_eq!(reply.expect(200).json()["id"], record["id"], "{who} {n}");
            } else {
                refused(&reply, 404, "data/record-not-found");
            }
            let one = walk(caller, "articles", &format!("id={}", text(record, "id")), 1);
            assert_eq!(one.len(), usize::from(expected.contains(&n)), "{who} {n}");
            for status in ["draft", "review", "published"] {
                let found =
                    walk(caller, "articles", &format!("{asked}&status={status}"), 100).len();
                let all = expected
                    .iter()
                    .filter(|n| made[**n]["status"] == status)
                    .count();
                assert_eq!(found, all, "{who} {status}");
            }
        }
    }
}

#[test]
fn no_question_reaches_what_is_not_shown() {
    let draft = Draft::new();
    let (attacker, stranger) = (stack().member(), stack().stranger());
    let id = text(&draft.article, "id");
    let half = &draft.secret[..10];
    let or = json!({ "$or": [{ "body": draft.secret }, { "user_id": draft.owner.id() }, { "status": "draft", "id": id }] });
    let not = json!({ "$not": { "status": { "$ne": "draft" } }, "title": { "$contains": half } });
    let readers = json!({ "readers": { "$contains": draft.reader.id() } });
    for parameters in [
        vec![("id", id.as_str())],
        vec![("status", "draft"), ("id", &id)],
        vec![("status_ne", "published"), ("title_contains", half)],
        vec![("user_id", draft.owner.id())],
        vec![
            ("createdBy", draft.owner.id()),
            ("sort", "status,-createdAt"),
        ],
        vec![("body", &draft.secret)],
        vec![("body_startsWith", half)],
        vec![("slug", &draft.secret.to_lowercase())],
        vec![("slug_exists", "true"), ("id", &id)],
        vec![("search", half)],
        vec![("readers_contains", draft.reader.id())],
        vec![("filter", &or.to_string())],
        vec![("filter", &not.to_string())],
        vec![("orFilters", &json!([or, not]).to_string())],
        vec![("andFilters", &json!([readers]).to_string())],
        vec![
            (
                "orFilters",
                "[{\"status\":\"draft\"},{\"status\":{\"$ne\":\"x\"}}]",
            ),
            ("id", &id),
        ],
        vec![
            ("status_in", "draft,review"),
            ("id_gte", &id),
            ("id_lte", &id),
            ("expand", "see"),
            ("fields", "body"),
        ],
    ] {
        let asked = query(&parameters);
        let filter: Vec<_> = parameters
            .iter()
            .filter(|(name, _)| !["sort", "expand", "fields"].contains(name))
            .copied()
            .collect();
        let count = format!("/api/articles/count?{}", query(&filter));
        for caller in [&attacker, &stranger] {
            assert_eq!(
                walk(caller, "articles", &asked, 1),
                [Value::Null; 0],
                "{asked}"
            );
            draft.is_not_in(&caller.get(&format!("/api/articles?{asked}")), &asked);
            assert_eq!(
                caller.get(&count).expect(200).json(),
                json!({ "count": 0, "exact": true }),
                "{asked}"
            );
        }
        settles(&1, &asked, || {
            walk(&draft.owner, "articles", &asked, 1).len()
        });
        settles(&1, &asked, || {
            walk(&draft.reader, "articles", &asked, 1).len()
        });
    }
}

#[test]
fn a_cursor_is_good_for_whom_the_same_is_shown() {
    let (owner, other, admin) = (stack().member(), stack().member(), stack().admin());
    let title = word();
    for status in ["published", "draft", "published", "draft"] {
        let _ = article(&owner, &json!({ "title": title, "status": status }));
    }
    let asked = format!("/api/articles?title={title}&limit=1");
    let first = |caller: &Caller| page(&caller.get(&asked).expect(200)).1.expect("more");
    for (from, to) in [
        (&owner, &other),
        (&admin, &owner),
        (&owner, &admin),
        (&admin, &stack().stranger()),
    ] {
        let reply = to.get(&format!("{asked}&cursor={}", first(from)));
        refused(&reply, 400, "data/invalid-cursor");
    }
    for (caller, expected) in [(&owner, 4), (&other, 2), (&admin, 4)] {
        assert_eq!(
            walk(caller, "articles", &format!("title={title}"), 1).len(),
            expected
        );
    }
    // The same conditions in a query make another cursor than the row filters.
    let published = format!("/api/articles?title={title}&status=published&limit=1");
    let cursor = page(&admin.get(&published).expect(200)).1.expect("more");
    refused(
        &other.get(&format!("{asked}&cursor={cursor}")),
        400,
        "data/invalid-cursor",
    );
}

#[test]
fn the_filters_of_a_query_are_counted_without_those_that_show() {
    let member = stack().member();
    let conditions: Vec<Value> = (0..30)
        .map(|n| json!({ "title": { "$ne": n.to_string() } }))
        .collect();
    let deep = json!({ "$and": [{ "$and": [{ "$and": [{ "$and": [{ "title": "x" }] }] }] }] });
    for (filter, status) in [(json!({ "$and": conditions }), 200), (deep, 200)] {
        let reply = member.get(&format!(
            "/api/articles?{}",
            query(&[("filter", &filter.to_string())])
        ));
        assert_eq!(reply.status, status, "{}", reply.text());
    }
}

#[test]
fn a_role_is_shown_what_its_filter_says_and_may_write_what_it_sees_no_more() {
    let (admin, editor, owner) = (stack().admin(), stack().member(), stack().member());
    let account = format!("/api/users/{}", editor.id());
    let title = word();
    let review = article(&owner, &json!({ "title": title, "status": "review" }));
    let _ = article(&owner, &json!({ "title": title, "status": "published" }));
    let draft = article(&owner, &json!({ "title": title }));
    let asked = format!("title={title}");
    let first = || {
        page(
            &editor
                .get(&format!("/api/articles?{asked}&limit=1"))
                .expect(200),
        )
        .1
    };
    assert_eq!(walk(&editor, "articles", &asked, 1).len(), 1);
    let before = first();
    // The token is from before; the stored role counts.
    let _ = admin
        .patch(&account, &json!({ "role": "editor" }))
        .expect(200);
    assert_eq!(walk(&editor, "articles", &asked, 1).len(), 2);
    if let Some(cursor) = before {
        refused(
            &editor.get(&format!("/api/articles?{asked}&limit=1&cursor={cursor}")),
            400,
            "data/invalid-cursor",
        );
    }
    refused(
        &editor.get(&path("articles", &draft)),
        404,
        "data/record-not-found",
    );
    refused(
        &editor.patch(&path("articles", &draft), &json!({ "body": "b" })),
        404,
        "data/record-not-found",
    );
    // Back to its author: the last that the editor sees of it is what the editor wrote.
    let at = path("articles", &review);
    let written = editor
        .patch(&at, &json!({ "status": "draft", "body": "not yet" }))
        .expect(200)
        .json();
    assert_eq!(
        (&written["status"], &written["body"]),
        (&json!("draft"), &json!("not yet"))
    );
    refused(&editor.get(&at), 404, "data/record-not-found");
    refused(
        &editor.patch(&at, &json!({ "status": "review" })),
        404,
        "data/record-not-found",
    );
    refused(&editor.delete(&at), 404, "data/record-not-found");
    assert_eq!(now(&owner, "articles", &review)["body"], "not yet");
    let cursor = admin
        .get(&format!("/api/articles?{asked}&limit=1"))
        .expect(200)
        .json()["nextCursor"]
        .clone();
    let _ = admin
        .patch(&account, &json!({ "role": "authenticated" }))
        .expect(200);
    let reply = editor.get(&format!(
        "/api/articles?{asked}&limit=1&cursor={}",
        cursor.as_str().unwrap_or_default()
    ));
    refused(&reply, 400, "data/invalid-cursor");
    assert_eq!(walk(&editor, "articles", &asked, 1).len(), 1);
}

#[test]
fn a_secret_key_is_shown_everything_and_a_publishable_one_what_strangers_are() {
    let draft = Draft::new();
    let (admin, stranger) = (stack().admin(), stack().stranger());
    let key = |kind: &str| {
        let body = json!({ "name": "rows", "type": kind, "scopes": ["articles:*"] });
        stranger.with_key(&text(
            &admin.post("/api/admin/api-keys", &body).expect(201).json(),
            "key",
        ))
    };
    let (server, app) = (key("secret"), key("publishable"));
    let at = path("articles", &draft.article);
    let _ = admin.patch(&at, &json!({ "score": 7 })).expect(200);
    assert_eq!(server.get(&at).expect(200).json()["score"], 7);
    assert_eq!(
        walk(
            &server,
            "articles",
            &format!("id={}&score=7", text(&draft.article, "id")),
            1
        )
        .len(),
        1
    );
    let pointing = json!({ "title": "x", "see": draft.article["id"], "status": "published", "featured": true });
    let _ = server.post("/api/articles", &pointing).expect(201);
    refused(&app.get(&at), 404, "data/record-not-found");
    assert_eq!(
        walk(
            &app,
            "articles",
            &format!("id={}", text(&draft.article, "id")),
            1
        ),
        [Value::Null; 0]
    );
    let _ = server.patch(&at, &json!({ "score": 8 })).expect(200);
    let _ = server.delete(&at).expect(204);
}
