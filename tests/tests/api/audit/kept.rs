//! Nobody changes the log: the policies of the template, as the proxy enforces them, for every endpoint and worker.

use std::collections::BTreeSet;

use api::consumers::WORKERS;
use api::endpoints::PAGE;
use blackbox::{Apart, stack};
use serde_json::{Value, json};

use crate::iam::signed;

const TABLE: &str = "local-_audit";

/// Every request that writes to the log, by a name of this test.
fn writes() -> Vec<(&'static str, &'static str, Value)> {
    let key =
        json!({ "shard": { "S": "0" }, "id": { "S": "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b" } });
    let mut item = key.clone();
    item["type"] = json!({ "S": "auth.login" });
    let put = json!({ "TableName": TABLE, "Item": item });
    let delete = json!({ "TableName": TABLE, "Key": key });
    let update = json!({ "TableName": TABLE, "Key": key, "UpdateExpression": "SET #t = :t",
        "ExpressionAttributeNames": { "#t": "type" }, "ExpressionAttributeValues": { ":t": { "S": "x" } } });
    let batch = |writes: Value| json!({ "RequestItems": { TABLE: writes } });
    let transaction = |part: Value| json!({ "TransactItems": [part] });
    let (put_request, delete_request) = (
        json!({ "PutRequest": { "Item": item } }),
        json!({ "DeleteRequest": { "Key": key } }),
    );
    vec![
        ("put", "PutItem", put.clone()),
        ("update", "UpdateItem", update.clone()),
        ("delete", "DeleteItem", delete.clone()),
        (
            "batch of a put",
            "BatchWriteItem",
            batch(json!([put_request])),
        ),
        (
            "batch of a deletion",
            "BatchWriteItem",
            batch(json!([delete_request])),
        ),
        (
            "transaction of a put",
            "TransactWriteItems",
            transaction(json!({ "Put": put })),
        ),
        (
            "transaction of an update",
            "TransactWriteItems",
            transaction(json!({ "Update": update })),
        ),
        (
            "transaction of a deletion",
            "TransactWriteItems",
            transaction(json!({ "Delete": delete })),
        ),
        (
            "statement",
            "ExecuteStatement",
            json!({ "Statement": format!("DELETE FROM \"{TABLE}\" WHERE shard = '0' AND id = 'x'") }),
        ),
        ("table", "DeleteTable", json!({ "TableName": TABLE })),
        (
            "expiry",
            "UpdateTimeToLive",
            json!({ "TableName": TABLE,
                "TimeToLiveSpecification": { "Enabled": true, "AttributeName": "id" } }),
        ),
    ]
}

#[test]
fn the_function_events_alone_puts_entries_and_nobody_changes_or_deletes_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let endpoint = apart.proxy.endpoint();
    let names = PAGE.iter().map(|entry| entry.name);
    let names = names.chain(WORKERS.iter().map(|worker| worker.name));
    let mut allowed = BTreeSet::new();
    for name in names {
        for (write, operation, body) in writes() {
            let (status, reply) = signed(&endpoint, &format!("{name}~log"), operation, &body);
            if status == 200 {
                allowed.insert((name, write));
            } else {
                assert!(reply.contains("AccessDenied"), "{name}, {write}: {reply}");
            }
        }
    }
    assert_eq!(allowed, BTreeSet::from([("events", "batch of a put")]));
    let scan = json!({ "TableName": TABLE });
    let items = apart.dynamo.engine().call("Scan", &scan).unwrap();
    assert_eq!(items["Count"], 1, "{items}");
}
