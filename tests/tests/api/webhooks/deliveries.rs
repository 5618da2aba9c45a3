//! `/api/admin/consumers/{id}/deliveries`: the log of a consumer, and redelivery.

use blackbox::stack;
use local::dynamo::Dynamo;
use serde_json::{Value, json};

use super::Webhook;
use crate::keys::{refused, text};

const URL: &str = "http://127.0.0.1:1024/hook";

/// The id of an event of this number, and one that never was.
fn event(number: u8) -> String {
    format!("01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a{number:02x}")
}

fn put(dynamo: &Dynamo, table: &str, item: &Value) {
    let put = json!({ "TableName": table, "Item": item });
    dynamo.engine().call("PutItem", &put).unwrap();
}

/// Puts an event, as long as a consumer wants it.
pub(crate) fn keep(dynamo: &Dynamo, id: &str) {
    put(
        dynamo,
        "local-_events",
        &json!({ "id": { "S": id }, "type": { "S": "auth.login" }, "body": { "S": "{}" },
            "expires_at": { "N": "99999999999" } }),
    );
}

/// Puts an item of a consumer's queue.
pub(super) fn deliver(dynamo: &Dynamo, webhook: &Webhook, id: &str) {
    let mut item = json!({ "consumer": { "S": format!("webhook:{}", webhook.id) }, "id": { "S": id },
        "type": { "S": "auth.login" }, "attempts": { "N": "1" }, "expires_at": { "N": "99999999999" },
        "last": { "M": { "at": { "N": "1790000000000" }, "ms": { "N": "7" }, "status": { "N": "500" },
            "reply": { "S": "no" } } } });
    if id.starts_with('p') {
        item["due"] = json!({ "N": "1790000000000" });
    }
    put(dynamo, "local-_deliveries", &item);
}

#[test]
fn the_log_has_waiting_then_parked_then_delivered_ones() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let webhook = Webhook::to(URL);
    // Far in the future, so that no worker comes by.
    for id in [
        format!("p#9990000000000#{}", event(1)),
        format!("p#9990000000001#{}", event(2)),
        format!("k#{}", event(3)),
        format!("d#{}", event(4)),
        format!("d#{}", event(5)),
    ] {
        deliver(&inside.dynamo, &webhook, &id);
    }
    let list = |query: &str| {
        let path = format!("{}{query}", webhook.deliveries());
        webhook.admin.get(&path).expect(200).json()
    };
    let seen = |page: &Value| -> Vec<(String, String)> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| (text(&item["eventId"]), text(&item["state"])))
            .collect()
    };
    let all = [
        (event(2), "waiting"),
        (event(1), "waiting"),
        (event(3), "parked"),
        (event(5), "delivered"),
        (event(4), "delivered"),
    ]
    .map(|(id, state)| (id, state.to_owned()));
    let page = list("");
    assert_eq!(seen(&page), all);
    assert_eq!(page["nextCursor"], Value::Null);
    let expected = json!({ "eventId": event(3), "type": "auth.login", "state": "parked", "attempts": 1, "dueAt": null,
        "last": { "at": "2026-09-21T14:13:20.000Z", "status": 500, "ms": 7, "error": null, "reply": "no" } });
    assert_eq!(page["items"][2], expected);
    assert_eq!(page["items"][0]["dueAt"], "2026-09-21T14:13:20.000Z");

    let (mut found, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = list(&query);
        found.extend(seen(&page));
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        query = format!("?limit=2&cursor={cursor}");
    }
    assert_eq!(found, all);
    assert_eq!(seen(&list("?state=parked")), all[2..3]);
    assert_eq!(seen(&list("?state=delivered")), all[3..]);
    assert_eq!(seen(&list("?state=waiting")), all[..2]);
    let refusal = webhook
        .admin
        .get(&format!("{}?state=lost", webhook.deliveries()));
    refused(&refusal, 400, "common/validation-failed");
    let cursor = text(&list("?limit=1")["nextCursor"]);
    let other = format!("{}?state=parked&cursor={cursor}", webhook.deliveries());
    refused(&webhook.admin.get(&other), 400, "data/invalid-cursor");
    let read = webhook.admin.get(&webhook.path()).expect(200).json();
    assert_eq!(read["waiting"], 2);
}

#[test]
fn a_redelivery_comes_first_and_twice_asked_is_once_there() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let webhook = Webhook::to(URL);
    let id = event(9);
    keep(&inside.dynamo, &id);
    deliver(&inside.dynamo, &webhook, &format!("k#{id}"));
    let path = format!("{}/{id}/redeliver", webhook.deliveries());
    for _ in 0..2 {
        let reply = webhook.admin.post(&path, &json!({})).expect(202).json();
        assert_eq!(
            (&reply["state"], &reply["attempts"]),
            (&json!("waiting"), &json!(0))
        );
    }
    let page = webhook.admin.get(&webhook.deliveries()).expect(200).json();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1), "{page}");
    assert_eq!(page["items"][0]["state"], "waiting");
}

#[test]
fn an_unknown_consumer_is_404_by_its_form() {
    let admin = stack().admin();
    for (id, code) in [
        ("01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b", "webhooks/not-found"),
        ("nobody", "triggers/not-found"),
        ("A", "webhooks/not-found"),
    ] {
        let path = format!("/api/admin/consumers/{id}/deliveries");
        refused(&admin.get(&path), 404, code);
        let redeliver = format!("{path}/{}/redeliver", event(1));
        refused(&admin.post(&redeliver, &json!({})), 404, code);
    }
}

#[test]
fn an_event_that_never_was_is_410() {
    if stack().inside().is_none() {
        return;
    }
    let webhook = Webhook::to(URL);
    for id in [&*event(77), "x"] {
        let path = format!("{}/{id}/redeliver", webhook.deliveries());
        refused(
            &webhook.admin.post(&path, &json!({})),
            410,
            "webhooks/event-gone",
        );
    }
}
