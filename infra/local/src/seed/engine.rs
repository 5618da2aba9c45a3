//! The tables to fill: in this process, or behind the endpoint of a running `cargo dev`.

use std::fmt::Debug;

use dynoxide::Database;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::TABLE_PREFIX;
use crate::dynamo::runtime;

/// Where DynamoDB is.
pub enum Engine<'a> {
    /// In this process.
    Here(&'a Database),
    /// At this address, such as `http://127.0.0.1:8000`.
    There(&'a str),
}

impl Debug for Engine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Here(_) => f.write_str("Here"),
            Self::There(endpoint) => f.debug_tuple("There").field(endpoint).finish(),
        }
    }
}

impl Engine<'_> {
    /// Asks for an operation; `body` and reply are DynamoDB's own JSON.
    ///
    /// # Errors
    /// One line: what DynamoDB says.
    pub fn call(&self, operation: &str, body: &Value) -> Result<Value, String> {
        match self {
            Self::Here(database) => here(database, operation, body),
            Self::There(endpoint) => there(endpoint, operation, body),
        }
    }

    /// The ids of some records of a collection, or of users.
    ///
    /// # Errors
    /// One line: what DynamoDB says.
    pub(super) fn ids(&self, collection: &str, most: usize) -> Result<Vec<String>, String> {
        let users = collection == api::definition::USERS;
        let table = format!("{TABLE_PREFIX}{}{collection}", if users { "_" } else { "" });
        let mut scan = json!({ "TableName": table, "ProjectionExpression": "#id, #deleted",
            "ExpressionAttributeNames": { "#id": "id", "#deleted": "deleted_at" } });
        let mut ids = Vec::new();
        while ids.len() < most {
            let page = self.call("Scan", &scan)?;
            let items = page["Items"].as_array().into_iter().flatten();
            let live = items.filter(|item| item.get("deleted_at").is_none());
            // Identities, counters and reservations have other ids.
            let found = live.filter_map(|item| {
                item["id"]["S"]
                    .as_str()
                    .filter(|id| id.parse::<api::Id>().is_ok())
            });
            ids.extend(found.map(str::to_owned));
            match page.get("LastEvaluatedKey").filter(|key| !key.is_null()) {
                Some(key) => scan["ExclusiveStartKey"] = key.clone(),
                None => break,
            }
        }
        ids.sort();
        ids.truncate(most);
        Ok(ids)
    }
}

fn here(database: &Database, operation: &str, body: &Value) -> Result<Value, String> {
    fn asked<T: serde::de::DeserializeOwned>(body: &Value) -> Result<T, String> {
        serde_json::from_str(&body.to_string()).map_err(|error| error.to_string())
    }
    fn said<T: serde::Serialize, E: std::fmt::Display>(
        reply: Result<T, E>,
    ) -> Result<Value, String> {
        serde_json::to_value(reply.map_err(|error| error.to_string())?)
            .map_err(|error| error.to_string())
    }
    match operation {
        "BatchWriteItem" => said(database.batch_write_item(asked(body)?)),
        "TransactWriteItems" => said(database.transact_write_items(asked(body)?)),
        "Scan" => said(database.scan(asked(body)?)),
        _ => Err(format!("{operation} is not asked for here")),
    }
}

fn there(endpoint: &str, operation: &str, body: &Value) -> Result<Value, String> {
    let request = hyper::Request::post(format!("{endpoint}/"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("authorization", "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
        .header("x-amz-date", "20260101T000000Z")
        .body(Full::new(Bytes::from(body.to_string())))
        .map_err(|error| error.to_string())?;
    let silent =
        |error: &dyn std::fmt::Display| format!("DynamoDB at {endpoint} does not answer: {error}");
    let (status, bytes) = runtime()?.block_on(async {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let reply = client
            .request(request)
            .await
            .map_err(|error| silent(&error))?;
        let status = reply.status();
        let body = reply
            .into_body()
            .collect()
            .await
            .map_err(|error| silent(&error))?;
        Ok::<_, String>((status, body.to_bytes()))
    })?;
    let reply: Value = serde_json::from_slice(&bytes).map_err(|error| silent(&error))?;
    if status.is_success() {
        Ok(reply)
    } else {
        Err(reply.to_string())
    }
}
