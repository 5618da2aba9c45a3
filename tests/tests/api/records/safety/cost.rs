//! Idempotency keys, and the cost of refusals.

use local::proxy::Access;

use super::*;

#[test]
fn a_key_opens_nothing_of_others_and_nothing_that_may_no_longer_be_read() {
    let (victim, attacker) = (Victim::new(), stack().member());
    let key = format!("key-of-{}", victim.secret);
    let ask = |caller: &Caller, collection: &str, body: &Value| {
        send(
            caller,
            "POST",
            &format!("/api/{collection}"),
            Some(("idempotency-key", &key)),
            body,
        )
    };
    let body = json!({ "product": victim.product["id"], "note": victim.secret, "total": 4711.25 });
    let theirs = ask(&victim.member, "orders", &body).expect(201).json();
    // With another caller's key, for the same body or another: no 409, and a record of the caller's own.
    for (total, caller) in [(1, &attacker), (2, &stack().member())] {
        let other = json!({ "product": victim.product["id"], "total": total });
        let reply = ask(caller, "orders", &other).expect(201);
        victim.is_not_in(&reply, "another's key");
        assert_ne!(reply.json()["id"], theirs["id"]);
        assert_eq!(reply.json()["createdBy"], caller.id());
    }
    let same = ask(&stack().member(), "orders", &body).expect(201).json();
    assert_ne!(same["id"], theirs["id"]);
    // An admin's key is separate as well.
    let admins = ask(&stack().admin(), "orders", &body).expect(201).json();
    assert_ne!(admins["id"], theirs["id"]);
    // The record is written once and readable by admins alone: the second time no record is shown.
    let message = json!({ "message": victim.secret });
    let first = ask(&attacker, "feedback", &message).expect(201).json();
    let again = ask(&attacker, "feedback", &message);
    refused(&again, 404, "data/record-not-found");
    victim.is_not_in(&again, "again");
    assert_eq!(now(&stack().admin(), "feedback", &first), first);
    let found = walk(
        &stack().admin(),
        "feedback",
        &query(&[("message", &victim.secret)]),
        100,
    );
    assert_eq!(ids(&found), ids(&[first]), "written once");
    // A deleted record is not shown again.
    let _ = victim.member.delete(&path("orders", &theirs)).expect(204);
    let again = ask(&victim.member, "orders", &body);
    refused(&again, 404, "data/record-not-found");
    assert_eq!(
        said(&again),
        said(&victim.member.get(&path("orders", &theirs)))
    );
}

/// A name, a function, and its request about a record of this id.
type Ask<'a> = (&'static str, &'a Instance<'a>, &'a dyn Fn(&str) -> Event);

/// An attempt's DynamoDB requests and their cost are the same as well: time and load tell nothing either.
#[test]
fn what_may_not_be_read_costs_what_is_missing_costs() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let function = |name: &str| apart.function(name, "attacker", &[]);
    let [register, create, get, list, update, delete, bulk] = [
        "register",
        "records-create",
        "records-get",
        "records-list",
        "records-update",
        "records-delete",
        "records-bulk",
    ]
    .map(function);
    let member = || {
        let body = json!({ "email": fresh_email(), "password": PASSWORD });
        let reply = apart
            .ask(
                &register,
                &Event::new("POST", "/api/auth/register").json(&body),
            )
            .expect(201)
            .json();
        text(&reply, "accessToken")
    };
    let (victim, attacker) = (member(), member());
    let made = |token: &str, collection: &str, body: &Value| {
        let event = Event::new("POST", &format!("/api/{collection}"))
            .json(body)
            .token(token);
        text(&apart.ask(&create, &event).expect(201).json(), "id")
    };
    let product = made(
        &victim,
        "products",
        &json!({ "name": "a", "sku": "COST-1" }),
    );
    let order = made(
        &victim,
        "orders",
        &json!({ "product": product, "code": "secret", "total": 5 }),
    );
    let deleted = made(&victim, "orders", &json!({ "product": product }));
    let event = Event::new("DELETE", &format!("/api/orders/{deleted}")).token(&victim);
    let _ = apart.ask(&delete, &event).expect(204);
    let post = made(&victim, "posts", &json!({ "title": "a" }));
    let comment = |order: &str| json!({ "post": post, "text": "a", "order": order });
    let hidden = made(&victim, "comments", &comment(&order));

    let asks: [Ask<'_>; 9] = [
        ("get", &get, &|id| {
            Event::new("GET", &format!("/api/orders/{id}"))
        }),
        ("delete", &delete, &|id| {
            Event::new("DELETE", &format!("/api/orders/{id}"))
        }),
        ("patch", &update, &|id| {
            Event::new("PATCH", &format!("/api/orders/{id}")).json(&json!({ "note": "x" }))
        }),
        ("code", &update, &|id| {
            Event::new("PATCH", &format!("/api/orders/{id}")).json(&json!({ "code": "secret" }))
        }),
        ("relate", &create, &|id| {
            Event::new("POST", "/api/comments").json(&comment(id))
        }),
        ("bulk", &bulk, &|id| {
            let operations = json!([{ "update": { "id": id, "note": "x" } }, { "create": { "product": product } }]);
            Event::new("POST", "/api/orders/bulk").json(&json!({ "operations": operations }))
        }),
        ("bulk relation", &bulk, &|id| {
            Event::new("POST", "/api/comments/bulk")
                .json(&json!({ "operations": [{ "create": comment(id) }] }))
        }),
        ("filter", &list, &|id| {
            Event::new("GET", &format!("/api/orders?id={id}"))
        }),
        ("search", &list, &|id| {
            Event::new(
                "GET",
                &format!("/api/orders?id={id}&search=secret&sort=total"),
            )
        }),
    ];
    for (what, instance, event) in asks {
        let cost = |id: &str| {
            let (reply, calls) = apart.measure(instance, &event(id).token(&attacker));
            assert!(!reply.text().contains("secret"), "{what}: {}", reply.text());
            let mut calls: Vec<String> = calls
                .iter()
                .map(|call| {
                    let access = call.access.iter().cloned().map(Access::of_any_item);
                    format!(
                        "{} {:?} {} {} {}",
                        call.operation,
                        access.collect::<Vec<_>>(),
                        call.read,
                        call.write,
                        call.status
                    )
                })
                .collect();
            // The session is checked beside the rest: which of the two comes first is not observable.
            calls.sort();
            (reply.status, calls)
        };
        // Once for what an instance does only once.
        let _ = cost(NOBODY);
        let missing = cost(NOBODY);
        assert!(!missing.1.is_empty());
        assert_eq!(cost(&order), missing, "{what}");
        assert_eq!(cost(&deleted), missing, "{what}");
    }
    // To inline it, it must be read: alike whether it is there.
    let event = |expand: &str| {
        Event::new("GET", &format!("/api/comments/{hidden}?expand={expand}")).token(&attacker)
    };
    let reply = apart.ask(&get, &event("order,order.product")).expect(200);
    assert_eq!(reply.json()["order"], json!(order));
}
