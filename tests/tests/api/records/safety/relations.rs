//! Relations and unique values tell nothing of hidden records.

use super::*;

#[test]
fn a_relation_to_what_may_not_be_read_is_a_relation_to_nothing() {
    let (victim, attacker) = (Victim::new(), stack().member());
    let post = post(&attacker, "a post");
    let made = comment(&attacker, &post, &json!({}));
    let id = made["id"].clone();
    for (method, at, body) in [
        (
            "POST",
            "/api/comments".to_owned(),
            json!({ "post": post["id"], "text": "x", "order": "ID" }),
        ),
        (
            "POST",
            "/api/comments".to_owned(),
            json!({ "post": "ID", "text": "x", "order": "ID", "parent": "ID" }),
        ),
        (
            "POST",
            "/api/comments".to_owned(),
            json!({ "post": post["id"], "order": "ID" }),
        ),
        ("PATCH", path("comments", &made), json!({ "order": "ID" })),
        (
            "PATCH",
            path("comments", &made),
            json!({ "order": "ID", "likes": 1, "text": null }),
        ),
        (
            "PUT",
            path("comments", &made),
            json!({ "post": post["id"], "text": "x", "order": "ID" }),
        ),
        (
            "POST",
            "/api/comments/bulk".to_owned(),
            json!({ "operations": [{ "update": { "id": id, "order": "ID" } }] }),
        ),
        (
            "POST",
            "/api/comments/bulk".to_owned(),
            json!({ "operations": [{ "create": { "post": post["id"], "text": "x" } },
                { "create": { "post": post["id"], "text": "x", "order": "ID" } }] }),
        ),
    ] {
        for key in [None, Some("a key of twenty bytes".replace(' ', "-"))] {
            let header = key.as_deref().map(|key| ("idempotency-key", key));
            let ask = |caller: &Caller, id: &str| {
                let body = serde_json::from_str(&body.to_string().replace("ID", id)).expect("json");
                send(caller, method, &at, header, &body)
            };
            for caller in [&attacker, &stack().stranger()] {
                let (unread, missing) =
                    (ask(caller, &text(&victim.order, "id")), ask(caller, NOBODY));
                assert_eq!(said(&unread), said(&missing), "{method} {body}");
                assert_eq!(
                    said(&ask(caller, &text(&victim.deleted, "id"))),
                    said(&missing),
                    "{method} {body}"
                );
                any_refusal(&unread, &body.to_string());
                victim.is_not_in(&unread, &body.to_string());
            }
        }
    }
    assert_eq!(now(&attacker, "comments", &made), made);
    // Its owner may name it; this tells the others no more than its id.
    let own = comment(
        &victim.member,
        &post,
        &json!({ "order": victim.order["id"] }),
    );
    for expand in [
        "",
        "?expand=order",
        "?expand=order.product",
        "?expand=order,order.product&fields=order",
    ] {
        let reply = attacker
            .get(&format!("{}{expand}", path("comments", &own)))
            .expect(200);
        assert_eq!(reply.json()["order"], victim.order["id"]);
        victim.is_not_in(&reply, expand);
    }
    // A filter reaches through no relation.
    for name in ["order.note", "order.total_gt", "order_note", "author.email"] {
        any_refusal(&attacker.get(&format!("/api/comments?{name}=1")), name);
    }
    // The owner may still change the comment after the target has become unreadable or is deleted.
    let _ = victim
        .member
        .delete(&path("orders", &victim.order))
        .expect(204);
    let changed = victim
        .member
        .patch(&path("comments", &own), &json!({ "likes": 3 }))
        .expect(200)
        .json();
    assert_eq!(
        (&changed["likes"], &changed["order"]),
        (&json!(3), &victim.order["id"])
    );
}

#[test]
fn a_taken_value_tells_the_field_and_no_more() {
    let (victim, attacker) = (Victim::new(), stack().member());
    let own = order(&attacker, &victim.product, &json!({ "code": word() }));
    let full = json!({ "product": victim.product["id"], "code": victim.secret });
    let message = "Another record has this value of `code`.";
    for (method, at, body, message) in [
        (
            "POST",
            "/api/orders".to_owned(),
            full.clone(),
            message.to_owned(),
        ),
        (
            "PATCH",
            path("orders", &own),
            json!({ "code": victim.secret }),
            message.to_owned(),
        ),
        (
            "PUT",
            path("orders", &own),
            full.clone(),
            message.to_owned(),
        ),
        (
            "POST",
            "/api/orders/bulk".to_owned(),
            json!({ "operations": [{ "create": full }] }),
            format!("operations[0]: {message}"),
        ),
    ] {
        let reply = send(&attacker, method, &at, None, &body);
        refused_with(&reply, 409, "data/unique-violation", &message);
        victim.is_not_in(&reply, method);
        let all = format!("{} {:?}", reply.text(), reply.headers);
        assert!(
            !all.contains(&text(&victim.order, "id")) && !all.contains(victim.member.id()),
            "{all}"
        );
    }
    // Nothing that the attacker does to an own record frees it.
    let _ = attacker
        .patch(&path("orders", &own), &json!({ "code": null }))
        .expect(200);
    let _ = attacker.delete(&path("orders", &own)).expect(204);
    let reply = attacker.post("/api/orders", &full);
    refused_with(&reply, 409, "data/unique-violation", message);
}
