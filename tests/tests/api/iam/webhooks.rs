//! Webhooks, triggers and the deliveries to them.

use super::*;

/// Every endpoint of webhooks, with every action that it may do.
pub(super) fn webhooks<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    admin: &str,
) {
    let path = "/api/admin/webhooks";
    let on = |function: &str, method: &str, path: &str, body: &Value, status: u16| {
        let event = Event::new(method, path).json(body).token(admin);
        apart.ask(&start(function, &[]), &event).expect(status)
    };
    let put = |table: &str, item: Value| {
        let put = json!({ "TableName": table, "Item": item });
        apart.dynamo.engine().call("PutItem", &put).unwrap();
    };
    let receiver = Receiver::new(OK);
    // A stack from before there were sealing keys: the first function that seals makes one.
    let before = json!({ "TableName": "local-_settings", "Key": { "id": { "S": "signing" } },
        "UpdateExpression": "REMOVE sealing" });
    apart.dynamo.engine().call("UpdateItem", &before).unwrap();
    let asked = json!({ "name": "a", "url": receiver.url, "events": ["*"] });
    let made = on("webhooks-create", "POST", path, &asked, 201).json();
    let (id, own) = (text(&made, "id"), format!("{path}/{}", text(&made, "id")));
    let _ = on("webhooks-list", "GET", path, &json!({}), 200);
    let _ = on("webhooks-get", "GET", &own, &json!({}), 200);
    let _ = on(
        "webhooks-update",
        "PATCH",
        &own,
        &json!({ "name": "b" }),
        200,
    );
    let _ = on(
        "webhooks-rotate",
        "POST",
        &format!("{own}/rotate"),
        &json!({}),
        200,
    );
    // A success closes the breaker of a failing webhook.
    let failing = json!({ "TableName": "local-_deliveries",
        "Key": { "consumer": { "S": "consumers" }, "id": { "S": format!("webhook:{id}") } },
        "UpdateExpression": "SET #f = :f", "ExpressionAttributeNames": { "#f": "failing_since" },
        "ExpressionAttributeValues": { ":f": { "N": "1790000000000" } } });
    apart.dynamo.engine().call("UpdateItem", &failing).unwrap();
    let _ = on(
        "webhooks-test",
        "POST",
        &format!("{own}/test"),
        &json!({}),
        200,
    );
    let healed = on("webhooks-get", "GET", &own, &json!({}), 200).json();
    assert_eq!(text(&healed, "state"), "active");
    let event = "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b";
    put(
        "local-_events",
        json!({ "id": { "S": event }, "type": { "S": "auth.login" }, "body": { "S": "{}" },
            "expires_at": { "N": "99999999999" } }),
    );
    let deliveries = format!("/api/admin/consumers/{id}/deliveries");
    let redeliver = format!("{deliveries}/{event}/redeliver");
    let _ = on("deliveries-redeliver", "POST", &redeliver, &json!({}), 202);
    let _ = on("deliveries-list", "GET", &deliveries, &json!({}), 200);
    let _ = on(
        "triggers-list",
        "GET",
        "/api/admin/triggers",
        &json!({}),
        200,
    );
    let _ = on("webhooks-delete", "DELETE", &own, &json!({}), 204);
}
