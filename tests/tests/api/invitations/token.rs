//! The token of an invitation whose mail goes nowhere, made as the function that sends mails makes it.

use std::collections::BTreeMap;

use api::Timestamp;
use auth::Keys;
use auth::keys::Stored;
use auth::proof::{Link, Page, Place, Purpose, Subject, Ticket};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use blackbox::Apart;
use serde_json::{Value, json};

/// The token of an invitation's newest mail.
pub(crate) fn token_of(apart: &Apart<'_>, invitation: &str) -> String {
    let item = |table: &str, key: Value| {
        let get = json!({ "TableName": format!("local-{table}"), "Key": key });
        apart.dynamo.engine().call("GetItem", &get).unwrap()["Item"].clone()
    };
    let settings = item("_settings", json!({ "id": { "S": "signing" } }));
    let bytes = |key: &Value| STANDARD.decode(key["S"].as_str().unwrap()).unwrap();
    let sealing: BTreeMap<u32, [u8; 32]> = settings["sealing"]["M"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(number, key)| (number.parse().unwrap(), bytes(key).try_into().unwrap()))
        .collect();
    let number = *sealing.keys().max().unwrap();
    let stored = Stored {
        current: vec![7; 32],
        sealing,
        ..Stored::default()
    };
    let key = json!({ "kind": { "S": "invitation" }, "id": { "S": invitation } });
    let found = item("_invitations", key);
    let link = Link {
        ticket: Ticket {
            place: Place {
                purpose: Purpose::Invitation,
                subject: Subject::Invitation(invitation.parse().unwrap()),
            },
            nonce: found["nonce"]["S"].as_str().unwrap().to_owned(),
            key: number,
        },
        until: Timestamp::from_millis(4_000_000_000_000),
        page: Page::default(),
    };
    Keys::of("local-", stored).unwrap().link(&link).unwrap()
}
