//! Records.

use super::*;

/// Every endpoint of records, on every collection, as far as it has what an action is for.
pub(super) fn records<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    admin: &str,
    user: &str,
    member: &str,
) {
    let [create, list, count, spec, bulk, get, update, delete] = [
        "create", "list", "count", "spec", "bulk", "get", "update", "delete",
    ]
    .map(|verb| start(&format!("records-{verb}"), &[]));
    let on = |method: &str, path: &str| Event::new(method, path).token(admin);
    let make = |collection: &str, body: &Value| {
        let event = on("POST", &format!("/api/{collection}"))
            .json(body)
            .header("idempotency-key", &fresh_key());
        let record = apart.ask(&create, &event).expect(201).json();
        // The second time it is read.
        assert_eq!(apart.ask(&create, &event).expect(201).json(), record);
        text(&record, "id")
    };
    let post = make("posts", &json!({ "title": "a" }));
    let product = make("products", &json!({ "name": "a", "sku": fresh_sku() }));
    let order = make(
        "orders",
        &json!({ "product": product, "code": fresh_sku() }),
    );
    let related = json!({ "post": post, "order": order, "author": user });
    let mut comment = related.clone();
    comment["text"] = "a".into();
    let [parent, other_parent] = [(); 2].map(|()| make("comments", &comment));
    comment["parent"] = parent.clone().into();
    let comment = (make("comments", &comment), comment);
    let note = make("notes", &json!({ "title": "a", "assignee": user }));
    let feedback = make("feedback", &json!({ "message": "a" }));
    let article = make("articles", &json!({ "title": "a", "slug": fresh_slug() }));
    // Under row filters a write checks the target of a relation.
    let shown = make("articles", &json!({ "title": "a", "status": "published" }));
    let pointing = json!({ "title": "b", "see": shown });
    let articles =
        |method: &str, path: &str| Event::new(method, path).token(member).json(&pointing);
    let pointed = apart
        .ask(&create, &articles("POST", "/api/articles"))
        .expect(201)
        .json();
    // A relation that does not change is not checked.
    let shown = make("articles", &json!({ "title": "c", "status": "published" }));
    let pointing = json!({ "title": "b", "see": shown });
    let articles =
        |method: &str, path: &str| Event::new(method, path).token(member).json(&pointing);
    let _ = apart
        .ask(
            &update,
            &articles("PATCH", &format!("/api/articles/{}", text(&pointed, "id"))),
        )
        .expect(200);
    for (function, path) in [
        (&list, "/api/articles".to_owned()),
        (&get, format!("/api/articles/{}", text(&pointed, "id"))),
    ] {
        let event = Event::new("GET", &format!("{path}?expand=see")).token(member);
        let _ = apart.ask(function, &event).expect(200);
    }

    let [assignment, draft, report, page, vote, visit] = [
        "assignments",
        "drafts",
        "reports",
        "wiki",
        "votes",
        "visits",
    ]
    .map(|name| make(name, &json!({ "title": "a" })));

    // Each with a change that reads the record first where something depends on it, and one more of its kind. A change
    // of a relation names another target: one that does not change is not checked.
    let other_post = make("posts", &json!({ "title": "d" }));
    let other_product = make("products", &json!({ "name": "d", "sku": fresh_sku() }));
    let other_order = make(
        "orders",
        &json!({ "product": product, "code": fresh_sku() }),
    );
    let new_product = json!({ "name": "b", "sku": fresh_sku() });
    let new_order = json!({ "product": product, "code": fresh_sku() });
    let new_note = json!({ "title": "b", "assignee": user });
    let new_article =
        json!({ "title": "b", "slug": fresh_slug(), "see": shown, "readers": [user] });
    for (collection, id, change, another) in [
        (
            "posts",
            &post,
            json!({ "title": "b" }),
            json!({ "title": "c" }),
        ),
        (
            "products",
            &product,
            json!({ "sku": fresh_sku() }),
            new_product,
        ),
        (
            "orders",
            &order,
            json!({ "code": fresh_sku(), "product": other_product }),
            new_order,
        ),
        (
            "comments",
            &comment.0,
            json!({ "post": other_post, "order": other_order, "parent": other_parent }),
            comment.1.clone(),
        ),
        ("notes", &note, json!({ "assignee": user }), new_note),
        (
            "feedback",
            &feedback,
            json!({ "message": "b" }),
            json!({ "message": "c" }),
        ),
        (
            "assignments",
            &assignment,
            json!({ "title": "b" }),
            json!({ "title": "c" }),
        ),
        (
            "drafts",
            &draft,
            json!({ "title": "b" }),
            json!({ "title": "c" }),
        ),
        (
            "reports",
            &report,
            json!({ "title": "b" }),
            json!({ "title": "c" }),
        ),
        (
            "wiki",
            &page,
            json!({ "title": "b" }),
            json!({ "title": "c" }),
        ),
        (
            "votes",
            &vote,
            json!({ "title": "b" }),
            json!({ "title": "c" }),
        ),
        (
            "visits",
            &visit,
            json!({ "title": "b" }),
            json!({ "title": "c" }),
        ),
        (
            "articles",
            &article,
            json!({ "slug": fresh_slug(), "readers": [user] }),
            new_article,
        ),
    ] {
        let (path, record) = (
            format!("/api/{collection}"),
            format!("/api/{collection}/{id}"),
        );
        let _ = apart.ask(&get, &on("GET", &record)).expect(200);
        let _ = apart.ask(&list, &on("GET", &path)).expect(200);
        let _ = apart
            .ask(&count, &on("GET", &format!("{path}/count")))
            .expect(200);
        let _ = apart
            .ask(&spec, &on("GET", &format!("{path}/spec")))
            .expect(200);
        let _ = apart
            .ask(&update, &on("PATCH", &record).json(&change))
            .expect(200);
        let mut changed = change.clone();
        changed["id"] = id.clone().into();
        for unique in ["sku", "code"] {
            if let Some(value) = changed.get_mut(unique) {
                *value = fresh_sku().into();
            }
        }
        if let Some(value) = changed.get_mut("slug") {
            *value = fresh_slug().into();
        }
        let operations = json!({ "operations": [{ "create": another }, { "update": changed }] });
        let made = apart
            .ask(
                &bulk,
                &on("POST", &format!("{path}/bulk")).json(&operations),
            )
            .expect(200)
            .json();
        let gone = json!({ "operations": [{ "delete": { "id": made["items"][0]["id"] } }] });
        let _ = apart
            .ask(&bulk, &on("POST", &format!("{path}/bulk")).json(&gone))
            .expect(200);
    }

    // Lists that indexes serve, of all records and of an owner's, and targets of relations.
    for (path, query) in [
        ("/api/products", "status=draft"),
        ("/api/orders", "state=open"),
        ("/api/comments", &*format!("post={post}")),
        ("/api/articles", "status=published"),
    ] {
        for (function, path) in [(&list, path.to_owned()), (&count, format!("{path}/count"))] {
            let _ = apart
                .ask(function, &on("GET", &format!("{path}?{query}")))
                .expect(200);
        }
    }
    for path in [
        "/api/notes",
        "/api/orders",
        "/api/drafts",
        "/api/assignments",
    ] {
        // An editor's own assignments.
        if path.ends_with("assignments") {
            set_role(apart, &text(&pointed, "createdBy"), "editor");
        }
        let _ = apart
            .ask(&list, &Event::new("GET", path).token(member))
            .expect(200);
        let _ = apart
            .ask(
                &count,
                &Event::new("GET", &format!("{path}/count")).token(member),
            )
            .expect(200);
    }
    let by_index = Event::new("GET", "/api/orders?sort=-total").token(member);
    let _ = apart.ask(&list, &by_index).expect(200);
    let comments = format!("/api/comments/{}", comment.0);
    for (function, path) in [(&list, "/api/comments"), (&get, &*comments)] {
        let event = on(
            "GET",
            &format!("{path}?expand=post,order.product,parent,author"),
        );
        let reply = apart.ask(function, &event).expect(200).json();
        let record = if reply["items"].is_array() {
            &reply["items"][0]
        } else {
            &reply
        };
        for inlined in [
            "/post/title",
            "/order/product/name",
            "/parent/text",
            "/author/email",
        ] {
            assert!(record.pointer(inlined).is_some(), "{inlined}: {reply}");
        }
    }
    for (collection, id) in [
        ("comments", &comment.0),
        ("comments", &parent),
        ("orders", &order),
        ("products", &product),
        ("posts", &post),
        ("notes", &note),
        ("feedback", &feedback),
        ("articles", &article),
        ("assignments", &assignment),
        ("drafts", &draft),
        ("reports", &report),
        ("wiki", &page),
        ("votes", &vote),
        ("visits", &visit),
    ] {
        let _ = apart
            .ask(&delete, &on("DELETE", &format!("/api/{collection}/{id}")))
            .expect(204);
    }
}

/// A slug that no record has.
fn fresh_slug() -> String {
    fresh_sku().to_lowercase()
}

/// A key that no other request has.
fn fresh_key() -> String {
    format!("key-{}", fresh_email())
}

/// A value of a unique field that no record has.
fn fresh_sku() -> String {
    let email = fresh_email().to_uppercase();
    let name = email.split('@').next().unwrap_or_default();
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .rev()
        .take(30)
        .collect()
}
