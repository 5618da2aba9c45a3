//! `/api/admin/webhooks`

use blackbox::stack;
use serde_json::{Value, json};

use super::{PATH, Webhook, asked};
use crate::auth::look;
use crate::keys::{refused, text};

const URL: &str = "http://127.0.0.1:1024/hook";

#[test]
fn a_secret_is_shown_once() {
    if stack().inside().is_none() {
        return;
    }
    let mut body = asked(URL);
    body["events"] = json!(["auth.*", "record.created"]);
    body["collections"] = json!(["posts"]);
    let webhook = Webhook::make(&body);
    let mut made = webhook.made.clone();
    let secret = text(&made["secret"]);
    assert!(
        secret.starts_with("whsec_") && secret.len() == 6 + 44,
        "{secret}"
    );
    assert!(look::is_id(&text(&made["id"])) && look::is_time(&text(&made["createdAt"])));
    made.as_object_mut().unwrap().remove("secret");
    let expected = json!({ "id": made["id"], "name": body["name"], "url": URL,
        "events": ["auth.*", "record.created"], "collections": ["posts"], "timeout": 10, "concurrency": 5,
        "state": "active", "createdAt": made["createdAt"], "rotatedAt": null });
    assert_eq!(made, expected);

    let listed = webhook.admin.get(PATH).expect(200);
    let read = webhook.admin.get(&webhook.path()).expect(200);
    for reply in [&listed, &read] {
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert!(!reply.text().contains(&secret[6..]), "{}", reply.text());
        assert!(!reply.text().contains("ecret"), "{}", reply.text());
    }
    let items = listed.json()["items"].as_array().cloned().unwrap();
    assert!(items.contains(&made), "{made} of {items:?}");
    let mut watched = made;
    watched["failures"] = json!(0);
    watched["lastSuccessAt"] = Value::Null;
    watched["waiting"] = json!(0);
    assert_eq!(read.json(), watched);
}

#[test]
fn no_secret_lies_open_in_the_table() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let webhook = Webhook::to(URL);
    let rotated = webhook
        .admin
        .post(&format!("{}/rotate", webhook.path()), &json!({}));
    let query = json!({ "TableName": "local-_deliveries", "KeyConditionExpression": "#c = :c AND #i = :i",
        "ExpressionAttributeNames": { "#c": "consumer", "#i": "id" },
        "ExpressionAttributeValues": { ":c": { "S": "consumers" },
            ":i": { "S": format!("webhook:{}", webhook.id) } } });
    let found = inside.dynamo.engine().call("Query", &query).unwrap();
    let item = &found["Items"][0];
    assert!(
        item["secret"]["S"].is_string() && item["previous_secret"]["S"].is_string(),
        "{item}"
    );
    for secret in [&webhook.made, &rotated.expect(200).json()] {
        let secret = text(&secret["secret"]);
        assert!(
            !item
                .to_string()
                .contains(secret.trim_start_matches("whsec_").trim_end_matches('='))
        );
    }
}

#[test]
fn what_is_left_out_of_a_change_stays() {
    if stack().inside().is_none() {
        return;
    }
    let webhook = Webhook::to(URL);
    let change = |body: Value| {
        webhook
            .admin
            .patch(&webhook.path(), &body)
            .expect(200)
            .json()
    };
    let mut expected = webhook.made.clone();
    expected.as_object_mut().unwrap().remove("secret");
    assert_eq!(change(json!({})), expected);
    for (body, name, value) in [
        (json!({ "name": "b" }), "name", json!("b")),
        (
            json!({ "url": "http://127.0.0.1:80/x" }),
            "url",
            json!("http://127.0.0.1:80/x"),
        ),
        (json!({ "events": ["key.*"] }), "events", json!(["key.*"])),
        (
            json!({ "collections": ["notes"] }),
            "collections",
            json!(["notes"]),
        ),
        (json!({ "collections": null }), "collections", Value::Null),
        (json!({ "timeout": 15 }), "timeout", json!(15)),
        (json!({ "concurrency": 1 }), "concurrency", json!(1)),
        (json!({ "disabled": true }), "state", json!("disabled")),
        (json!({ "disabled": false }), "state", json!("active")),
    ] {
        expected[name] = value;
        assert_eq!(change(body), expected);
    }
}

#[test]
fn a_part_that_does_not_fit_is_named() {
    if stack().inside().is_none() {
        return;
    }
    let admin = stack().admin();
    let with = |name: &str, value: Value| {
        let mut body = asked(URL);
        body[name] = value;
        body
    };
    for (body, field) in [
        (with("name", json!("")), "name"),
        (with("name", json!("a\r\nx-injected: 1")), "name"),
        (with("events", json!([])), "events"),
        (with("events", json!(vec!["*"; 21])), "events"),
        (with("events", json!(["*", "mail.*"])), "events[1]"),
        (with("events", json!(["*", "*"])), "events[1]"),
        (with("collections", json!([])), "collections"),
        (with("collections", json!(["nowhere"])), "collections[0]"),
        (
            with("collections", json!(["posts", "posts"])),
            "collections[1]",
        ),
        (with("timeout", json!(16)), "timeout"),
        (with("concurrency", json!(0)), "concurrency"),
        (with("secret", json!("whsec_x")), "secret"),
    ] {
        let reply = admin.post(PATH, &body);
        refused(&reply, 400, "common/validation-failed");
        assert_eq!(reply.json()["error"]["details"][0]["field"], field);
    }
    let long = format!("http://127.0.0.1:1024/{}", "x".repeat(2048 - 21));
    for url in [
        &*long,
        "",
        "x",
        "ftp://127.0.0.1/",
        "http://127.0.0.1:81/",
        "http://a@127.0.0.1:1024/",
        "http://127.0.0.1:1024/#x",
        "http://no-such-host.invalid:1024/",
    ] {
        refused(
            &admin.post(PATH, &asked(url)),
            400,
            "webhooks/address-not-allowed",
        );
    }
}

#[test]
fn an_unknown_webhook_is_404_everywhere() {
    let admin = stack().admin();
    for id in ["x", "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b"] {
        let path = format!("{PATH}/{id}");
        let rotate = format!("{path}/rotate");
        let test = format!("{path}/test");
        for reply in [
            admin.get(&path),
            admin.patch(&path, &json!({ "name": "b" })),
            admin.delete(&path),
            admin.post(&rotate, &json!({})),
            admin.post(&test, &json!({})),
        ] {
            refused(&reply, 404, "webhooks/not-found");
        }
    }
}

#[test]
fn a_deleted_webhook_is_gone_at_once() {
    if stack().inside().is_none() {
        return;
    }
    let webhook = Webhook::to(URL);
    let _ = webhook.admin.delete(&webhook.path()).expect(204);
    refused(
        &webhook.admin.get(&webhook.path()),
        404,
        "webhooks/not-found",
    );
    refused(
        &webhook.admin.delete(&webhook.path()),
        404,
        "webhooks/not-found",
    );
    let listed = webhook.admin.get(PATH).expect(200);
    assert!(!listed.text().contains(&webhook.id));
}

#[test]
fn none_but_an_admin_comes_near() {
    let user = stack().member();
    let path = format!("{PATH}/01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b");
    for reply in [
        user.get(PATH),
        user.post(PATH, &asked(URL)),
        user.get(&path),
        user.delete(&path),
    ] {
        refused(&reply, 403, "auth/forbidden");
    }
    refused(
        &stack().stranger().get(PATH),
        401,
        "auth/authentication-required",
    );
}
