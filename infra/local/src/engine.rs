//! DynamoDB's operations as JSON: on the engine in this process, or at an address.

use std::fmt::Debug;

use dynoxide::Database;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::listen::runtime;
use crate::{LOCAL_KEY, REGION};

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
    /// Calls an operation; `body` and reply are DynamoDB's own JSON.
    ///
    /// # Errors
    /// One line: DynamoDB's error.
    pub fn call(&self, operation: &str, body: &Value) -> Result<Value, String> {
        match self {
            Self::Here(database) => here(database, operation, body),
            Self::There(endpoint) => there(endpoint, operation, body),
        }
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
        "CreateTable" => said(database.create_table(asked(body)?)),
        "DeleteItem" => said(database.delete_item(asked(body)?)),
        "DeleteTable" => said(database.delete_table(asked(body)?)),
        "DescribeStream" => said(database.describe_stream(asked(body)?)),
        "DescribeTable" => said(database.describe_table(asked(body)?)),
        "DescribeTimeToLive" => said(database.describe_time_to_live(asked(body)?)),
        "GetItem" => said(database.get_item(asked(body)?)),
        "GetRecords" => said(database.get_records(asked(body)?)),
        "GetShardIterator" => said(database.get_shard_iterator(asked(body)?)),
        "PutItem" => said(database.put_item(asked(body)?)),
        "Query" => said(database.query(asked(body)?)),
        "Scan" => said(database.scan(asked(body)?)),
        "TransactWriteItems" => said(database.transact_write_items(asked(body)?)),
        "UpdateItem" => said(database.update_item(asked(body)?)),
        "UpdateTable" => said(database.update_table(asked(body)?)),
        "UpdateTimeToLive" => said(database.update_time_to_live(asked(body)?)),
        _ => Err(format!("{operation} is not asked for here")),
    }
}

/// A header that names an access key. Local engines read the key and verify no signature.
pub(crate) fn authorization(key: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={key}/20260101/{REGION}/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
    )
}

fn there(endpoint: &str, operation: &str, body: &Value) -> Result<Value, String> {
    let request = hyper::Request::post(format!("{endpoint}/"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("authorization", authorization(LOCAL_KEY))
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
