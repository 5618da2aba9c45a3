//! Items of the embedded DynamoDB, read and changed directly: for states that no endpoint can make yet.

use std::sync::OnceLock;

use blackbox::Inside;
use serde_json::{Map, Value, json};
use ureq::Agent;

/// A table of a stack's DynamoDB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'a> {
    endpoint: &'a str,
    name: &'static str,
}

/// `_users`, through this endpoint of DynamoDB.
pub(crate) fn users(endpoint: &str) -> Table<'_> {
    Table {
        endpoint,
        name: "local-_users",
    }
}

/// `_sessions`.
pub(crate) fn sessions(endpoint: &str) -> Table<'_> {
    Table {
        endpoint,
        name: "local-_sessions",
    }
}

/// `_api_keys`.
pub(crate) fn api_keys(endpoint: &str) -> Table<'_> {
    Table {
        endpoint,
        name: "local-_api_keys",
    }
}

/// Makes the empty `_settings` of a deployment with the prefix `other-`, which keeps its keys there.
pub(crate) fn make_other_settings(inside: &Inside) {
    let table = json!({ "TableName": "other-_settings", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }] });
    // Another test may have made it.
    let _ = inside.dynamo.engine().call("CreateTable", &table);
}

/// `_settings`.
pub(crate) fn settings(endpoint: &str) -> Table<'_> {
    Table {
        endpoint,
        name: "local-_settings",
    }
}

impl Table<'_> {
    /// The item of a key; `null` if there is none.
    pub(crate) fn get(&self, key: &Value) -> Value {
        request(
            self.endpoint,
            "GetItem",
            &json!({ "TableName": self.name, "Key": key }),
        )["Item"]
            .take()
    }

    /// Sets attributes of an item.
    pub(crate) fn set(&self, key: &Value, changes: &Value) {
        let (mut names, mut values, mut sets) = (Map::new(), Map::new(), Vec::new());
        for (number, (name, value)) in changes.as_object().into_iter().flatten().enumerate() {
            names.insert(format!("#n{number}"), json!(name));
            values.insert(format!(":v{number}"), value.clone());
            sets.push(format!("#n{number} = :v{number}"));
        }
        let update = json!({ "TableName": self.name, "Key": key, "UpdateExpression": format!("SET {}", sets.join(", ")),
            "ExpressionAttributeNames": names, "ExpressionAttributeValues": values });
        request(self.endpoint, "UpdateItem", &update);
    }

    /// Puts an item.
    pub(crate) fn put(&self, item: &Value) {
        request(
            self.endpoint,
            "PutItem",
            &json!({ "TableName": self.name, "Item": item }),
        );
    }

    /// Deletes an item.
    pub(crate) fn delete(&self, key: &Value) {
        request(
            self.endpoint,
            "DeleteItem",
            &json!({ "TableName": self.name, "Key": key }),
        );
    }

    /// Every item whose partition key `name` has this value.
    pub(crate) fn query(&self, name: &str, value: &str) -> Vec<Value> {
        let query = json!({ "TableName": self.name, "KeyConditionExpression": "#k = :k",
            "ExpressionAttributeNames": { "#k": name }, "ExpressionAttributeValues": { ":k": { "S": value } } });
        request(self.endpoint, "Query", &query)["Items"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }
}

/// The key of a user.
pub(crate) fn user_key(id: &str) -> Value {
    json!({ "id": { "S": id } })
}

/// The key of an address's identity.
pub(crate) fn identity_key(email: &str) -> Value {
    json!({ "id": { "S": format!("email#{email}") } })
}

/// The stored hash of an address's password.
pub(crate) fn stored_hash(inside: &Inside, email: &str) -> String {
    let item = users(&inside.dynamo.endpoint()).get(&identity_key(email));
    item["password_hash"]["S"]
        .as_str()
        .unwrap_or_else(|| panic!("no hash in {item}"))
        .to_owned()
}

/// Replaces the stored hash of an address's password.
pub(crate) fn store_hash(inside: &Inside, email: &str, hash: &str) {
    users(&inside.dynamo.endpoint()).set(
        &identity_key(email),
        &json!({ "password_hash": { "S": hash } }),
    );
}

/// Removes the stored hash, as of an account that an admin has made without a password.
pub(crate) fn remove_hash(inside: &Inside, email: &str) {
    let endpoint = inside.dynamo.endpoint();
    let users = users(&endpoint);
    let mut item = users.get(&identity_key(email));
    let _ = item
        .as_object_mut()
        .and_then(|item| item.remove("password_hash"));
    users.put(&item);
}

/// Sets attributes of the session that a user has.
pub(crate) fn set_session(endpoint: &str, user_id: &str, changes: &Value) {
    let session = sessions(endpoint).query("user_id", user_id).remove(0);
    let key = json!({ "user_id": session["user_id"], "id": session["id"] });
    sessions(endpoint).set(&key, changes);
}

/// Changes a user.
pub(crate) fn set_user(inside: &Inside, id: &str, changes: &Value) {
    users(&inside.dynamo.endpoint()).set(&user_key(id), changes);
}

/// Raises the versions of user and identity together, as a password change does.
pub(crate) fn raise_version(inside: &Inside, id: &str, email: &str) {
    let endpoint = inside.dynamo.endpoint();
    let version = json!({ "auth_version": { "N": "2" } });
    users(&endpoint).set(&user_key(id), &version);
    users(&endpoint).set(&identity_key(email), &version);
}

/// Sends a request; the engine verifies no signature.
///
/// # Panics
/// It is refused.
fn request(endpoint: &str, operation: &str, body: &Value) -> Value {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    let agent = AGENT.get_or_init(|| {
        Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into()
    });
    let mut reply = agent
        .post(endpoint)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("x-amz-date", "20261121T000000Z")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=tests/20261121/us-east-1/dynamodb/aws4_request, SignedHeaders=host, \
             Signature=none",
        )
        .send(body.to_string())
        .unwrap();
    let status = reply.status().as_u16();
    let text = reply.body_mut().read_to_string().unwrap();
    assert_eq!(status, 200, "{operation} {body}: {text}");
    serde_json::from_str(&text).unwrap()
}
