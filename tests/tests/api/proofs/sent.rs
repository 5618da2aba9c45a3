//! Proofs whose mails count as sent, on tables without a sender.

use std::collections::BTreeMap;

use api::Timestamp;
use auth::Keys;
use auth::keys::Stored;
use auth::proof::{Flow, Link, Page, Place, Purpose, Ticket};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blackbox::Apart;
use serde_json::{Value, json};

/// The code and the token of a mail.
pub(crate) struct Sent {
    pub(crate) code: String,
    pub(crate) token: String,
}

/// Marks what a stranger has asked for as sent, for this user and version if there is one, as the sender would. Returns what
/// its mail says.
pub(crate) fn sent_to_flow(
    apart: &Apart<'_>,
    purpose: Purpose,
    handle: &Value,
    user: Option<(&str, u64)>,
) -> Sent {
    let keys = keys(apart);
    let handle = handle.as_str().unwrap();
    let flow = Flow::open(&keys, purpose, handle, Timestamp::from_millis(0));
    sent(apart, &keys, flow.expect("a flow").place(), user)
}

/// The same for a user who is signed in.
pub(crate) fn sent_to_user(apart: &Apart<'_>, purpose: Purpose, user: (&str, u64)) -> Sent {
    let place = Place::of_user(purpose, user.0.parse().unwrap());
    sent(apart, &keys(apart), place, Some(user))
}

fn sent(apart: &Apart<'_>, keys: &Keys, place: Place, user: Option<(&str, u64)>) -> Sent {
    let get = json!({ "TableName": "local-_mail", "Key": { "id": { "S": place.to_string() } } });
    let item = apart.dynamo.engine().call("GetItem", &get).unwrap()["Item"].clone();
    let number = |name: &str| -> u64 { item[name]["N"].as_str().unwrap().parse().unwrap() };
    mark(apart, &item, user);
    let ticket = Ticket {
        place,
        nonce: item["nonce"]["S"].as_str().unwrap().to_owned(),
        key: u32::try_from(number("key")).unwrap(),
    };
    let link = Link {
        ticket: ticket.clone(),
        until: Timestamp::from_millis(number("valid_until")),
        page: Page::default(),
    };
    Sent {
        code: keys.code(&ticket).unwrap(),
        token: keys.link(&link).unwrap(),
    }
}

fn mark(apart: &Apart<'_>, item: &Value, user: Option<(&str, u64)>) {
    let mut update = json!({ "TableName": "local-_mail", "Key": { "id": item["id"] },
        "UpdateExpression": "SET #m = :m", "ExpressionAttributeNames": { "#m": "mail" },
        "ExpressionAttributeValues": { ":m": { "S": "sent" } } });
    if let Some((user, version)) = user {
        update["UpdateExpression"] = json!("SET #m = :m, #u = :u, #v = :v");
        update["ExpressionAttributeNames"]["#u"] = json!("user_id");
        update["ExpressionAttributeNames"]["#v"] = json!("auth_version");
        update["ExpressionAttributeValues"][":u"] = json!({ "S": user });
        update["ExpressionAttributeValues"][":v"] = json!({ "N": version.to_string() });
    }
    let _ = apart.dynamo.engine().call("UpdateItem", &update).unwrap();
}

/// The sealing keys of the tables.
fn keys(apart: &Apart<'_>) -> Keys {
    let get = json!({ "TableName": "local-_settings", "Key": { "id": { "S": "signing" } } });
    let found = apart.dynamo.engine().call("GetItem", &get).unwrap();
    let sealing = found["Item"]["sealing"]["M"].as_object().unwrap();
    let sealing: BTreeMap<u32, [u8; 32]> = sealing
        .iter()
        .map(|(number, key)| {
            let key = STANDARD.decode(key["S"].as_str().unwrap()).unwrap();
            (number.parse().unwrap(), key.try_into().unwrap())
        })
        .collect();
    let stored = Stored {
        current: vec![7; 32],
        sealing,
        ..Stored::default()
    };
    Keys::of(local::TABLE_PREFIX, stored).unwrap()
}
