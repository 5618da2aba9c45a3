//! A webhook's whole life, also against a deployment: there its deliveries come through the real mappings of the streams.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use blackbox::stack;
use serde_json::{Value, json};

use super::deliveries::{deliver, keep};
use super::{Webhook, asked};
use crate::keys::Key;

/// A public address with a port that nobody serves: nothing has to be resolved, and nothing arrives.
const URL: &str = "https://1.1.1.1:65000/hook";

/// How long a deployment may take from a write to the delivery that follows from it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A type of each family of events that the test makes.
const MADE: [&str; 5] = [
    "auth.register",
    "key.created",
    "record.created",
    "user.updated",
    "webhook.changed",
];

#[test]
fn a_webhook_lives_and_gets_an_event_of_each_family() {
    let webhook = Webhook::make(&asked(URL));
    let (admin, path) = (&webhook.admin, webhook.path());
    let changed = admin
        .patch(&path, &json!({ "name": "b" }))
        .expect(200)
        .json();
    assert_eq!(changed["name"], "b");
    let rotated = admin
        .post(&format!("{path}/rotate"), &json!({}))
        .expect(200);
    assert_ne!(rotated.json()["secret"], webhook.made["secret"]);
    let tested = admin.post(&format!("{path}/test"), &json!({})).expect(200);
    assert_eq!(tested.json()["status"], Value::Null, "{}", tested.text());

    // Without streams, as on the shared local stack, the items are put as the flow would put them.
    if let Some(inside) = stack().inside() {
        let id = "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3aff";
        keep(&inside.dynamo, id);
        deliver(&inside.dynamo, &webhook, &format!("k#{id}"));
    } else {
        let member = stack().member();
        let _ = member
            .post("/api/notes", &json!({ "title": "a" }))
            .expect(201);
        let user = format!("/api/users/{}", member.id());
        let _ = admin.patch(&user, &json!({ "disabled": true })).expect(200);
        let _key = Key::secret(&["notes:list"]);
        wait_for(&webhook, |types| {
            MADE.iter().all(|made| types.contains(*made))
        });
    }
    let page = admin.get(&webhook.deliveries()).expect(200).json();
    let id = page["items"][0]["eventId"].as_str().unwrap();
    let again = format!("{}/{id}/redeliver", webhook.deliveries());
    let again = admin.post(&again, &json!({})).expect(202).json();
    assert_eq!(again["state"], "waiting");

    let listed = admin.get(super::PATH).expect(200).text().to_owned();
    assert!(listed.contains(&webhook.id));
    let _ = admin.get(&path).expect(200);
    let _ = admin.delete(&path).expect(204);
    assert_eq!(admin.get(&path).status, 404);
}

/// Waits until deliveries of these types are there.
fn wait_for(webhook: &Webhook, enough: impl Fn(&BTreeSet<String>) -> bool) {
    let started = Instant::now();
    loop {
        let path = format!("{}?limit=100", webhook.deliveries());
        let page = webhook.admin.get(&path).expect(200).json();
        let items = page["items"].as_array().unwrap().iter();
        let types: BTreeSet<String> = items
            .filter_map(|item| item["type"].as_str())
            .map(ToOwned::to_owned)
            .collect();
        if enough(&types) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{types:?}");
        std::thread::sleep(Duration::from_millis(500));
    }
}
