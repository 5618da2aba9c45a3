//! The proxy in front of a real embedded DynamoDB, over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::dynamo::{Dynamo, Storage};
use crate::template::SAMPLE;

struct Both {
    proxy: Proxy,
    _dynamo: Dynamo,
}

fn start() -> Both {
    let template = Template::parse(SAMPLE).unwrap();
    let dynamo = Dynamo::start(&Storage::Memory, 0).unwrap();
    dynamo.make(&template.tables().unwrap()).unwrap();
    Both {
        proxy: Proxy::start(&dynamo.endpoint(), &template).unwrap(),
        _dynamo: dynamo,
    }
}

impl Both {
    /// Status and body; status 0 if the connection closes or stays silent for `patience`.
    fn ask_for(
        &self,
        patience: Duration,
        key: &str,
        operation: &str,
        body: &Value,
    ) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.proxy.address).unwrap();
        stream.set_read_timeout(Some(patience)).unwrap();
        let body = body.to_string();
        write!(
            stream,
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.0\r\n\
             x-amz-date: 20261121T000000Z\r\nx-amz-target: DynamoDB_20120810.{operation}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential={key}/20261121/us-east-1/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=0\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut reply = String::new();
        let _ = stream.read_to_string(&mut reply);
        let Some((head, body)) = reply.split_once("\r\n\r\n") else {
            return (0, Value::Null);
        };
        (
            head.split(' ').nth(1).unwrap().parse().unwrap(),
            serde_json::from_str(body).unwrap_or_default(),
        )
    }

    fn ask(&self, key: &str, operation: &str, body: &Value) -> (u16, Value) {
        self.ask_for(Duration::from_secs(5), key, operation, body)
    }

    fn put(&self, key: &str, id: &str) -> (u16, Value) {
        self.ask(
            key,
            "PutItem",
            &json!({ "TableName": "local-_users", "Item": { "id": { "S": id } } }),
        )
    }

    fn get(&self, key: &str, id: &str) -> (u16, Value) {
        let body = json!({ "TableName": "local-_users", "Key": { "id": { "S": id } }, "ConsistentRead": true });
        self.ask(key, "GetItem", &body)
    }
}

#[test]
fn what_is_not_granted_is_access_denied() {
    let both = start();
    let (status, body) = both.ask("login", "Scan", &json!({ "TableName": "local-_users" }));
    assert_eq!(
        (status, &body["__type"]),
        (
            400,
            &json!("com.amazon.coral.service#AccessDeniedException")
        )
    );
    assert_eq!(both.get("stranger", "a").0, 400);
    assert_eq!(both.get("operator", "a").0, 200);
    assert_eq!(both.proxy.denied().len(), 2);
    assert_eq!(
        both.proxy.drain("login")[0].error.as_deref(),
        Some("AccessDeniedException")
    );
}

#[test]
fn the_ledger_knows_units_and_order() {
    let both = start();
    assert_eq!(both.put("login~one", "a").0, 200);
    assert_eq!(both.get("login~one", "a").0, 200);
    assert_eq!(both.get("login~two", "a").0, 200);
    let calls = both.proxy.drain("login~one");
    let seen: Vec<_> = calls
        .iter()
        .map(|call| (call.operation.as_str(), call.read, call.write, call.status))
        .collect();
    assert_eq!(
        seen,
        [("PutItem", 0.0, 1.0, 200), ("GetItem", 1.0, 0.0, 200)]
    );
    assert_eq!(hops(&calls), 2);
    assert_eq!(both.proxy.drain("login~one").len(), 0);
    assert_eq!(both.proxy.drain("login~two").len(), 1);
}

#[test]
fn the_engine_charges_as_aws_does() {
    let both = start();
    let note = |id: &str, owner: Option<&str>, bytes: usize| {
        let mut item =
            json!({ "shard": { "S": "0" }, "id": { "S": id }, "text": { "S": "x".repeat(bytes) } });
        if let Some(owner) = owner {
            item["owner"] = json!({ "S": owner });
        }
        json!({ "TableName": "local-notes", "Item": item })
    };
    let users = |ids: [&str; 3]| {
        ids.map(
            |id| json!({ "Put": { "TableName": "local-_users", "Item": { "id": { "S": id } } } }),
        )
    };
    let refused = json!({ "TableName": "local-notes", "Key": { "shard": { "S": "0" }, "id": { "S": "big" } },
        "ConditionExpression": "attribute_not_exists(id)", "UpdateExpression": "SET a = :a",
        "ExpressionAttributeValues": { ":a": { "S": "" } }, "ReturnValuesOnConditionCheckFailure": "ALL_OLD" });
    let key = |id: &str| json!({ "shard": { "S": "0" }, "id": { "S": id } });
    let cases = [
        ("PutItem", note("plain", None, 10), 0.0, 1.0),
        ("PutItem", note("owned", Some("me"), 10), 0.0, 2.0),
        ("PutItem", note("big", None, 3900), 0.0, 4.0),
        ("PutItem", note("both", Some("me"), 3900), 0.0, 8.0),
        ("UpdateItem", refused, 0.0, 4.0),
        (
            "TransactWriteItems",
            json!({ "TransactItems": users(["a", "b", "c"]) }),
            0.0,
            6.0,
        ),
        (
            "GetItem",
            json!({ "TableName": "local-notes", "Key": key("big"), "ConsistentRead": true }),
            1.0,
            0.0,
        ),
        (
            "GetItem",
            json!({ "TableName": "local-notes", "Key": key("big") }),
            0.5,
            0.0,
        ),
        (
            "GetItem",
            json!({ "TableName": "local-notes", "Key": key("absent"), "ConsistentRead": true }),
            1.0,
            0.0,
        ),
        (
            "BatchGetItem",
            json!({ "RequestItems": {
            "local-_users": { "Keys": [{ "id": { "S": "a" } }], "ConsistentRead": true },
            "local-_sessions": { "Keys": [{ "user_id": { "S": "a" }, "id": { "S": "b" } }], "ConsistentRead": true } } }),
            2.0,
            0.0,
        ),
        (
            "Query",
            json!({ "TableName": "local-notes", "ConsistentRead": true, "KeyConditionExpression": "#k = :s",
            "ExpressionAttributeNames": { "#k": "shard" },
            "ExpressionAttributeValues": { ":s": { "S": "0" } } }),
            2.0,
            0.0,
        ),
        (
            "Query",
            json!({ "TableName": "local-notes", "IndexName": "by_owner", "KeyConditionExpression": "#o = :s",
            "ExpressionAttributeNames": { "#o": "owner" },
            "ExpressionAttributeValues": { ":s": { "S": "me" } } }),
            0.5,
            0.0,
        ),
    ];
    for (operation, body, read, write) in cases {
        let (status, reply) = both.ask(OPERATOR, operation, &body);
        let call = both.proxy.drain(OPERATOR).remove(0);
        assert_eq!(
            (call.read, call.write),
            (read, write),
            "{operation} {status} {reply} {:?}",
            call.parts
        );
    }
}

#[test]
fn faults_do_what_they_say() {
    let both = start();
    let fault = |fault| {
        both.proxy
            .fault(Rule::new(fault).key("login~faulty").times(1))
    };
    fault(Fault::Throttle);
    assert_eq!(
        both.put("login~faulty", "a").1["__type"]
            .as_str()
            .unwrap()
            .rsplit('#')
            .next()
            .unwrap(),
        "ProvisionedThroughputExceededException"
    );
    fault(Fault::Conflict);
    assert!(
        both.put("login~faulty", "a").1["__type"]
            .to_string()
            .contains("TransactionConflictException")
    );
    fault(Fault::Conflict);
    let transaction = json!({ "TransactItems": [{ "Put": { "TableName": "local-_sessions" } }] });
    let cancelled = both
        .ask("login~faulty", "TransactWriteItems", &transaction)
        .1;
    assert_eq!(
        cancelled["CancellationReasons"][0]["Code"],
        "TransactionConflict"
    );
    fault(Fault::Unprocessed);
    let batch = json!({ "RequestItems": { "local-_sessions": { "Keys": [] } } });
    assert_eq!(
        both.ask("login~faulty", "BatchGetItem", &batch).1["UnprocessedKeys"],
        batch["RequestItems"]
    );
    fault(Fault::Internal);
    assert_eq!(both.put("login~faulty", "a").0, 500);
    fault(Fault::Close);
    assert_eq!(both.put("login~faulty", "a").0, 0);
    fault(Fault::Hang);
    let item = json!({ "TableName": "local-_users", "Item": { "id": { "S": "a" } } });
    assert_eq!(
        both.ask_for(Duration::from_millis(100), "login~faulty", "PutItem", &item)
            .0,
        0
    );
    assert_eq!(both.get("login", "a").1["Item"], Value::Null);
    fault(Fault::LoseReply);
    assert_eq!(both.put("login~faulty", "a").0, 0);
    assert_eq!(both.get("login", "a").1["Item"]["id"]["S"], "a");
    assert_eq!(both.put("login~faulty", "a").0, 200);
}

#[test]
fn delays_tell_parallel_from_sequential() {
    let both = start();
    both.proxy.delay("login~slow", Duration::from_millis(60));
    std::thread::scope(|scope| {
        scope.spawn(|| both.get("login~slow", "a"));
        scope.spawn(|| both.get("login~slow", "b"));
    });
    assert_eq!(hops(&both.proxy.drain("login~slow")), 1);
    both.get("login~slow", "a");
    both.get("login~slow", "b");
    assert_eq!(hops(&both.proxy.drain("login~slow")), 2);
}

#[test]
fn held_requests_go_on_when_released() {
    let both = start();
    let hold = both
        .proxy
        .hold(|rule| rule.key("login~held").action("PutItem").table("_users"));
    std::thread::scope(|scope| {
        let request = scope.spawn(|| both.put("login~held", "a").0);
        assert!(hold.wait_for(1, Duration::from_secs(5)));
        assert_eq!(both.get("login", "a").1["Item"], Value::Null);
        hold.release();
        assert_eq!(request.join().unwrap(), 200);
    });
    assert_eq!(both.get("login", "a").1["Item"]["id"]["S"], "a");
}
