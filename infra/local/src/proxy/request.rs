//! The facts of a DynamoDB request: its caller, its operation, its tables and indexes.

use std::collections::BTreeSet;

use hyper::HeaderMap;
use serde_json::{Value, json};

/// One IAM action on one table or index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The action, without `dynamodb:`.
    pub action: String,
    /// The table's name, such as `local-posts`.
    pub table: String,
    /// The index's name.
    pub index: Option<String>,
    /// The attributes of the keys, and of the items that are put, with their texts: a condition on partition keys looks
    /// among them.
    pub keys: BTreeSet<(String, String)>,
}

impl Access {
    /// The same access whatever the item is.
    #[must_use]
    pub fn of_any_item(mut self) -> Self {
        self.keys.clear();
        self
    }
}

/// A request, as far as the proxy understands it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The access key id of the signature; empty if there is none.
    pub key: String,
    /// The operation, such as `TransactWriteItems`.
    pub operation: String,
    /// Everything IAM has to allow.
    pub access: Vec<Access>,
    /// The body.
    pub body: Value,
}

impl Request {
    /// Reads a request's headers and body.
    #[must_use]
    pub fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let header = |name| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        let key = key_of(header("authorization"));
        let operation = header("x-amz-target")
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_owned();
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let access = access(&operation, &body);
        Self {
            key,
            operation,
            access,
            body,
        }
    }

    /// A write to this system table that changes an attribute which is there already. No policy can forbid it: IAM knows
    /// neither conditions nor expressions.
    pub(crate) fn overwrites(&self, table: &str) -> Option<Access> {
        let writes = |access: &&Access| {
            access.table.ends_with(table) && !["GetItem", "BatchGetItem"].contains(&&*access.action)
        };
        let expression = self.body["UpdateExpression"].as_str().unwrap_or_default();
        if self.operation == "UpdateItem" && only_adds(expression) {
            return None;
        }
        self.access.iter().find(writes).cloned()
    }

    /// A batch that deletes from this system table. No policy can forbid it: IAM has one action for puts and deletions of a
    /// batch.
    pub(crate) fn deletes_in_batch(&self, table: &str) -> Option<Access> {
        let deletes = |access: &&Access| {
            let tables = self.body["RequestItems"].as_object().into_iter().flatten();
            let mut writes = tables
                .filter(|(name, _)| table_name(name) == access.table)
                .flat_map(|(_, writes)| writes.as_array().into_iter().flatten());
            access.table.ends_with(table) && writes.any(|write| write["PutRequest"].is_null())
        };
        let found = self.access.iter().find(deletes).cloned();
        found.filter(|_| self.operation == "BatchWriteItem")
    }

    /// The body, with the consumed capacity of every table and index asked for.
    #[must_use]
    pub fn asking_for_capacity(&self) -> Vec<u8> {
        let mut body = self.body.clone();
        if let Value::Object(fields) = &mut body
            && REPORTING.contains(&self.operation.as_str())
        {
            fields.insert("ReturnConsumedCapacity".to_owned(), json!("INDEXES"));
        }
        body.to_string().into_bytes()
    }
}

/// The access key id of a signature; empty if there is none.
#[must_use]
pub fn key_of(authorization: &str) -> String {
    let key = authorization
        .split_once("Credential=")
        .and_then(|(_, rest)| rest.split(['/', ',']).next());
    key.unwrap_or_default().to_owned()
}

/// Whether an update sets attributes that are missing, and nothing else.
fn only_adds(expression: &str) -> bool {
    let adds = |part: &str| {
        part.split_once(" = if_not_exists(")
            .is_some_and(|(name, rest)| {
                let kept = rest.split_once(", :").map(|(kept, _)| kept);
                name.starts_with('#') && kept == Some(name)
            })
    };
    expression
        .strip_prefix("SET ")
        .and_then(|sets| sets.strip_suffix(')'))
        .is_some_and(|sets| sets.split("), ").all(adds))
}

/// The operations that report their consumed capacity.
const REPORTING: &[&str] = &[
    "GetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "Scan",
    "BatchGetItem",
    "BatchWriteItem",
    "TransactGetItems",
    "TransactWriteItems",
];

/// The parts of a transaction's item, with the action that each needs.
const PARTS: [(&str, &str); 5] = [
    ("Put", "PutItem"),
    ("Update", "UpdateItem"),
    ("Delete", "DeleteItem"),
    ("ConditionCheck", "ConditionCheckItem"),
    ("Get", "GetItem"),
];

/// The members of a transaction: the action of each and its body.
pub(crate) fn transaction(body: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    body["TransactItems"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| {
            PARTS
                .iter()
                .find_map(|(part, action)| Some((*action, item.get(part)?)))
        })
}

fn access(operation: &str, body: &Value) -> Vec<Access> {
    let one = |action: &str, table: &Value, index: Option<&str>, keys| Access {
        action: action.to_owned(),
        table: table_name(table.as_str().unwrap_or("*")),
        index: index.map(str::to_owned),
        keys,
    };
    let mut all: Vec<Access> = match operation {
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            tables
                .map(|(table, batch)| one(operation, &json!(table), None, keys_of_batch(batch)))
                .collect()
        }
        "TransactWriteItems" | "TransactGetItems" => transaction(body)
            .map(|(action, item)| one(action, &item["TableName"], None, keys(item)))
            .collect(),
        _ => {
            let keys = keys(body).into_iter().chain(key_of_query(body)).collect();
            let index = body["IndexName"].as_str();
            vec![one(operation, &body["TableName"], index, keys)]
        }
    };
    all.sort();
    let mut access: Vec<Access> = Vec::new();
    for next in all {
        match access.last_mut() {
            Some(last)
                if (&last.action, &last.table, &last.index)
                    == (&next.action, &next.table, &next.index) =>
            {
                last.keys.extend(next.keys);
            }
            _ => access.push(next),
        }
    }
    access
}

/// The texts of a request's key, or of the item that it puts.
fn keys(item: &Value) -> BTreeSet<(String, String)> {
    let attributes = [&item["Key"], &item["Item"]].into_iter();
    let attributes = attributes.filter_map(Value::as_object).flatten();
    attributes
        .filter_map(|(name, value)| Some((name.clone(), value["S"].as_str()?.to_owned())))
        .collect()
}

fn keys_of_batch(batch: &Value) -> BTreeSet<(String, String)> {
    let read = batch["Keys"].as_array().into_iter().flatten();
    let read = read.flat_map(|key| keys(&json!({ "Key": key })));
    let written = batch.as_array().into_iter().flatten();
    let written = written
        .flat_map(|one| [keys(&one["PutRequest"]), keys(&one["DeleteRequest"])])
        .flatten();
    read.chain(written).collect()
}

/// The partition key of a query, where its condition says `#name = :value` first.
fn key_of_query(body: &Value) -> Option<(String, String)> {
    let condition = body["KeyConditionExpression"].as_str()?;
    let (name, value) = condition.split(" AND ").next()?.split_once(" = ")?;
    let name = body["ExpressionAttributeNames"][name].as_str()?;
    let value = body["ExpressionAttributeValues"][value]["S"].as_str()?;
    Some((name.to_owned(), value.to_owned()))
}

/// A table is named by its name or its ARN.
fn table_name(name: &str) -> String {
    name.split_once(":table/")
        .map_or(name, |(_, name)| name)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(operation: &str, body: &Value) -> Request {
        let mut headers = HeaderMap::new();
        let credential = "AWS4-HMAC-SHA256 Credential=login~slow/20261121/us-east-1/dynamodb/aws4_request, Signature=x";
        headers.insert("authorization", credential.parse().unwrap());
        headers.insert(
            "x-amz-target",
            format!("DynamoDB_20120810.{operation}").parse().unwrap(),
        );
        Request::read(&headers, body.to_string().as_bytes())
    }

    fn touched(operation: &str, body: &Value) -> Vec<String> {
        let access = read(operation, body).access;
        access
            .iter()
            .map(|a| {
                format!(
                    "{} {} {}",
                    a.action,
                    a.table,
                    a.index.as_deref().unwrap_or("-")
                )
            })
            .collect()
    }

    #[test]
    fn the_signature_names_the_caller() {
        assert_eq!(read("GetItem", &json!({})).key, "login~slow");
        assert_eq!(Request::read(&HeaderMap::new(), b"").key, "");
    }

    #[test]
    fn every_table_and_index_is_seen() {
        assert_eq!(
            touched("GetItem", &json!({ "TableName": "t" })),
            ["GetItem t -"]
        );
        assert_eq!(
            touched("Query", &json!({ "TableName": "t", "IndexName": "i" })),
            ["Query t i"]
        );
        let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/t";
        assert_eq!(
            touched("GetItem", &json!({ "TableName": arn })),
            ["GetItem t -"]
        );
        let batch = json!({ "RequestItems": { "a": {}, "b": {} } });
        assert_eq!(
            touched("BatchGetItem", &batch),
            ["BatchGetItem a -", "BatchGetItem b -"]
        );
        let transaction = json!({ "TransactItems": [
            { "Put": { "TableName": "a" } }, { "Update": { "TableName": "a" } }, { "Delete": { "TableName": "b" } },
            { "ConditionCheck": { "TableName": "c" } }, { "Put": { "TableName": "a" } } ] });
        assert_eq!(
            touched("TransactWriteItems", &transaction),
            [
                "ConditionCheckItem c -",
                "DeleteItem b -",
                "PutItem a -",
                "UpdateItem a -"
            ]
        );
        assert_eq!(touched("ListTables", &json!({})), ["ListTables * -"]);
    }

    #[test]
    fn every_partition_key_is_seen() {
        let of = |operation: &str, body: &Value| -> Vec<String> {
            let access = read(operation, body).access;
            let keys = access.iter().flat_map(|access| &access.keys);
            keys.map(|(name, key)| format!("{name}={key}")).collect()
        };
        let key = |id: &str| json!({ "id": { "S": id } });
        let one = json!({ "TableName": "t", "Key": key("a") });
        assert_eq!(of("GetItem", &one), ["id=a"]);
        let put = json!({ "TableName": "t", "Item": key("a") });
        assert_eq!(of("PutItem", &put), ["id=a"]);
        let batch = json!({ "RequestItems": { "t": { "Keys": [key("a"), key("b")] } } });
        assert_eq!(of("BatchGetItem", &batch), ["id=a", "id=b"]);
        let writes = json!([{ "PutRequest": { "Item": key("a") } }, { "DeleteRequest": { "Key": key("b") } }]);
        let batch = json!({ "RequestItems": { "t": writes } });
        assert_eq!(of("BatchWriteItem", &batch), ["id=a", "id=b"]);
        let transaction = json!({ "TransactItems": [{ "Put": put }, { "Put": { "TableName": "t", "Item": key("c") } },
            { "ConditionCheck": one }] });
        let all = ["id=a", "id=a", "id=c"];
        assert_eq!(of("TransactWriteItems", &transaction), all);
        let query = json!({ "TableName": "t", "KeyConditionExpression": "#k = :k AND #i > :i",
            "ExpressionAttributeNames": { "#k": "kind" }, "ExpressionAttributeValues": { ":k": { "S": "user" } } });
        assert_eq!(of("Query", &query), ["kind=user"]);
    }

    #[test]
    fn a_batch_that_deletes_is_told_from_one_that_puts() {
        let (put, delete) = (json!({ "PutRequest": {} }), json!({ "DeleteRequest": {} }));
        let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/local-_audit";
        for (batch, deletes) in [
            (json!({ "local-_audit": [put], "t": [put, delete] }), false),
            (json!({ "local-_audit": [put, delete] }), true),
            (json!({ arn: [delete] }), true),
        ] {
            let body = json!({ "RequestItems": batch });
            let found = read("BatchWriteItem", &body).deletes_in_batch("_audit");
            assert_eq!(found.is_some(), deletes, "{batch}");
        }
    }

    #[test]
    fn a_secret_that_is_there_is_overwritten_by_nothing() {
        let key = json!({ "id": { "S": "signing" } });
        let put = json!({ "TableName": "local-_settings", "Item": key });
        let update = |expression: &str| json!({ "TableName": "local-_settings", "Key": key, "UpdateExpression": expression });
        let adds = "SET #a = if_not_exists(#a, :a), #b = if_not_exists(#b, :b)";
        let other = json!({ "TableName": "local-_users", "Item": key });
        let get = json!({ "TableName": "local-_settings", "Key": key });
        for (operation, body, overwrites) in [
            ("PutItem", &put, true),
            ("UpdateItem", &update(adds), false),
            ("UpdateItem", &update(&format!("{adds} REMOVE #c")), true),
            ("UpdateItem", &update(&format!("{adds}, #c = :c")), true),
            (
                "UpdateItem",
                &update("SET #a = if_not_exists(#b, :a)"),
                true,
            ),
            ("UpdateItem", &update("SET #a = :a"), true),
            ("PutItem", &other, false),
            ("GetItem", &get, false),
            ("UpdateItem", &get, true),
            ("DeleteItem", &get, true),
            (
                "TransactWriteItems",
                &json!({ "TransactItems": [{ "Update": update(adds) }] }),
                true,
            ),
        ] {
            let found = read(operation, body).overwrites("_settings");
            assert_eq!(found.is_some(), overwrites, "{operation} {body}");
        }
    }

    #[test]
    fn capacity_is_asked_for_where_it_is_reported() {
        let asked = |operation| {
            String::from_utf8(read(operation, &json!({})).asking_for_capacity()).unwrap()
        };
        assert_eq!(asked("GetItem"), r#"{"ReturnConsumedCapacity":"INDEXES"}"#);
        assert_eq!(asked("DescribeTable"), "{}");
    }
}
