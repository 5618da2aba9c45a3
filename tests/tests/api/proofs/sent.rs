//! Proofs whose mails count as sent, on tables without a sender.

use std::collections::BTreeMap;

use api::Timestamp;
use auth::Keys;
use auth::keys::Stored;
use auth::proof::{Link, Page, Place, Purpose, Subject, Ticket};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blackbox::Apart;
use serde_json::{Value, json};

/// The code and the token of a mail.
pub(crate) struct Sent {
    pub(crate) code: String,
    pub(crate) token: String,
}

/// Marks the newest proof of a purpose as sent, for this user if there is one, as the sender would; returns what its mail says.
pub(crate) fn sent(apart: &Apart<'_>, purpose: Purpose, user: Option<(&str, u64)>) -> Sent {
    let scan = json!({ "TableName": "local-_mail" });
    let items = apart.dynamo.engine().call("Scan", &scan).unwrap();
    let items = items["Items"].as_array().unwrap().iter();
    let number = |item: &Value, name: &str| -> u64 {
        let text = item[name]["N"].as_str().unwrap_or_default();
        text.parse().unwrap_or_default()
    };
    let of_purpose = items.filter(|item| item["purpose"]["S"] == purpose.as_str());
    let item = of_purpose
        .max_by_key(|item| number(item, "asked_at"))
        .expect("a proof");
    mark(apart, item, user);
    let id = item["id"]["S"].as_str().unwrap();
    let owner = id.rsplit('#').next().unwrap().parse().unwrap();
    let subject = match id.matches('#').count() {
        1 => Subject::Flow(owner),
        _ => Subject::User(owner),
    };
    let ticket = Ticket {
        place: Place { purpose, subject },
        nonce: item["nonce"]["S"].as_str().unwrap().to_owned(),
        key: u32::try_from(number(item, "key")).unwrap(),
    };
    let keys = keys(apart);
    let link = Link {
        ticket: ticket.clone(),
        until: Timestamp::from_millis(number(item, "valid_until")),
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
