//! `unique` fields: no two records have the same value, under any concurrency.

use blackbox::{Reply, stack};
use serde_json::{Value, json};

use super::look::{
    beside, fresh_sku, masked, now, path, product, record, refused, taken, text, together,
};

#[test]
fn a_taken_value_is_409_that_names_the_field_alone() {
    let (member, other) = (stack().member(), stack().member());
    let first = product(&member);
    let body = json!({ "name": "another", "sku": first["sku"] });

    let refusal = other.post("/api/products", &body);
    taken(&refusal, "sku");
    assert!(
        !refusal.text().contains(&text(&first, "sku"))
            && !refusal.text().contains(&text(&first, "id"))
    );

    let second = product(&other);
    let sku = json!({ "sku": first["sku"] });
    taken(&other.patch(&path("products", &second), &sku), "sku");
    taken(&other.put(&path("products", &second), &body), "sku");
    assert_eq!(now(&other, "products", &second), second);
    assert_eq!(now(&other, "products", &first), first);
    if let Some(held) = beside("products", &text(&second, "id")) {
        assert_eq!(held, ["unique#sku"]);
    }
}

#[test]
fn a_value_is_freed_by_change_and_by_delete() {
    let member = stack().member();
    let first = product(&member);
    let moved = fresh_sku();
    // Its own value is no conflict.
    let _ = member
        .patch(
            &path("products", &first),
            &json!({ "sku": first["sku"], "stock": 1 }),
        )
        .expect(200);
    let changed = member
        .patch(&path("products", &first), &json!({ "sku": moved }))
        .expect(200)
        .json();
    let expected = json!({ "name": "product", "sku": moved, "status": "draft", "stock": 1 });
    assert_eq!(masked(&changed), record(Some(member.id()), &expected));
    assert_eq!(now(&member, "products", &first), changed);

    let again = json!({ "name": "again", "sku": first["sku"] });
    let second = member.post("/api/products", &again).expect(201).json();
    taken(&member.post("/api/products", &again), "sku");
    let _ = member.delete(&path("products", &second)).expect(204);
    if let Some(held) = beside("products", &text(&second, "id")) {
        assert_eq!(held, Vec::<String>::new());
    }
    let _ = member.post("/api/products", &again).expect(201);
    taken(
        &member.post("/api/products", &json!({ "name": "a", "sku": moved })),
        "sku",
    );
}

#[test]
fn an_optional_value_may_be_absent_many_times() {
    let member = stack().member();
    let product = text(&product(&member), "id");
    let code = fresh_sku();
    let make = |body: Value| member.post("/api/orders", &body);
    let _ = make(json!({ "product": product })).expect(201);
    let with = make(json!({ "product": product, "code": code }))
        .expect(201)
        .json();
    let without = make(json!({ "product": product, "code": null }))
        .expect(201)
        .json();
    taken(&make(json!({ "product": product, "code": code })), "code");
    let order = path("orders", &with);
    let freed = member
        .patch(&order, &json!({ "code": null }))
        .expect(200)
        .json();
    assert_eq!(freed.get("code"), None);
    let _ = member
        .patch(&path("orders", &without), &json!({ "code": code }))
        .expect(200);
    // A replacement without the field frees it as well.
    let _ = member
        .put(&path("orders", &without), &json!({ "product": product }))
        .expect(200);
    let _ = member.patch(&order, &json!({ "code": code })).expect(200);
}

#[test]
fn a_record_that_may_not_be_read_stays_404_whatever_is_taken() {
    let (member, other) = (stack().member(), stack().member());
    let product = text(&product(&member), "id");
    let code = fresh_sku();
    let order = member
        .post("/api/orders", &json!({ "product": product, "code": code }))
        .expect(201)
        .json();
    for body in [
        json!({ "code": code }),
        json!({ "code": fresh_sku() }),
        json!({ "product": order["id"] }),
    ] {
        refused(
            &other.patch(&path("orders", &order), &body),
            404,
            "data/record-not-found",
        );
    }
    refused(
        &other.delete(&path("orders", &order)),
        404,
        "data/record-not-found",
    );
    assert_eq!(now(&member, "orders", &order), order);
}

#[test]
fn of_fifty_writers_one_gets_the_value_and_nothing_is_left_of_the_others() {
    let member = stack().member();
    let made: Vec<Value> = (0..25).map(|_| product(&member)).collect();
    let sku = fresh_sku();
    let create = |_| {
        let (member, sku) = (&member, &sku);
        Box::new(move || member.post("/api/products", &json!({ "name": "race", "sku": sku })))
            as Box<_>
    };
    let change = |product: &Value| {
        let (member, sku, path) = (&member, &sku, path("products", product));
        Box::new(move || member.patch(&path, &json!({ "sku": sku }))) as Box<_>
    };
    let asks: Vec<Box<dyn Fn() -> Reply + Send + Sync>> =
        (0..25).map(create).chain(made.iter().map(change)).collect();

    let replies = together(asks);

    let (won, lost): (Vec<&Reply>, Vec<&Reply>) =
        replies.iter().partition(|reply| reply.status < 300);
    assert_eq!(won.len(), 1);
    for reply in lost {
        taken(reply, "sku");
    }
    let winner = won[0].json();
    assert_eq!(now(&member, "products", &winner), winner);
    for product in made.iter().chain([&winner]) {
        if let Some(held) = beside("products", &text(product, "id")) {
            assert_eq!(held, ["unique#sku"]);
        }
    }
    // The winner's former value is free, and the others' values are not.
    for product in &made {
        let reply = member.post(
            "/api/products",
            &json!({ "name": "after", "sku": product["sku"] }),
        );
        if product["id"] == winner["id"] {
            let _ = reply.expect(201);
        } else {
            taken(&reply, "sku");
        }
    }
}
