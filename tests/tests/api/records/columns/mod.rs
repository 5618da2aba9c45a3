//! Fields with rules of their own: a hidden field is in no reply and no filter; a field that the caller may not write
//! stays.

mod writing;

use blackbox::{Caller, Reply, stack};
use serde_json::{Map, Value, json};

use super::look::{NOBODY, invalid, now, page, path, refused_with, text};
use super::shop::{encoded, ids, query, settles, walk, word};

/// Fields that are not shown to every caller.
const HIDDEN: [&str; 3] = ["remarks", "score", "source"];

/// An article that every caller sees, with values that are hidden from some.
struct Secret {
    owner: Caller,
    article: Value,
    /// The target of the article's hidden relation.
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

    /// The reply has neither the names nor the values of hidden fields.
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

/// The hidden fields that are present.
fn shown(record: &Value) -> Vec<&'static str> {
    HIDDEN
        .into_iter()
        .filter(|name| record.get(name).is_some())
        .collect()
}

/// A body with a record's fields, but for the system's, and these.
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
        // A caller that may see none of the requested fields gets the id.
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
    // The target of a hidden relation is not inlined either, even if the caller may read it by itself.
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
        // An admin's cursor is of no use to another caller.
        refused_with(
            &member.get(&format!("/api/articles?{sort}&cursor={cursor}")),
            403,
            "auth/forbidden",
            message,
        );
        let other = member.get(&format!("/api/articles?cursor={cursor}"));
        assert_eq!((other.status, &*other.code()), (400, "data/invalid-cursor"));
    }
    // Nor does the order of a list tell anything, where an index of a hidden field would serve.
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
