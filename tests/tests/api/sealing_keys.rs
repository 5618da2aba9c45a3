//! `cargo admin keys` and `reseal`, beside functions that have read their keys before.

use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blackbox::{Apart, Event, Inside, Instance, PASSWORD, fresh_email, stack};
use local::proxy::{OPERATOR, Rule};
use ring::hmac;
use serde_json::{Value, json};

use crate::admin::{admin_on, said};
use crate::keys::text;
use crate::webhooks::PATH;
use crate::webhooks::receiver::{OK, Receiver, header};

/// Tables with an admin, a receiver, and functions that start before there is a second key.
struct World<'a> {
    apart: Apart<'a>,
    inside: &'a Inside,
    token: String,
    receiver: Receiver,
    create: Instance<'a>,
    rotate: Instance<'a>,
    test: Instance<'a>,
}

impl<'a> World<'a> {
    fn new(inside: &'a Inside) -> Self {
        let apart = Apart::new(inside);
        let email = fresh_email();
        let own = [("BAKEND_ADMIN_EMAIL", email.as_str())];
        let register = apart.function("register", "sealing", &own);
        let body = json!({ "email": email, "password": PASSWORD });
        let event = Event::new("POST", "/api/auth/register").json(&body);
        let admin = apart.ask(&register, &event).expect(201).json();
        let [create, rotate, test] = ["webhooks-create", "webhooks-rotate", "webhooks-test"]
            .map(|name| apart.function(name, "sealing", &[]));
        Self {
            token: text(&admin["accessToken"]),
            receiver: Receiver::new(OK),
            create,
            rotate,
            test,
            inside,
            apart,
        }
    }

    fn ask(&self, function: &Instance<'_>, path: &str, body: &Value, status: u16) -> Value {
        let event = Event::new("POST", path).json(body).token(&self.token);
        self.apart.ask(function, &event).expect(status).json()
    }

    /// A new webhook: its id and its secret.
    fn make(&self, function: &Instance<'_>) -> (String, String) {
        let asked = json!({ "name": "a", "url": self.receiver.url, "events": ["*"] });
        let made = self.ask(function, PATH, &asked, 201);
        (text(&made["id"]), text(&made["secret"]))
    }

    fn rotated(&self, function: &Instance<'_>, id: &str) -> String {
        let shown = self.ask(function, &format!("{PATH}/{id}/rotate"), &json!({}), 200);
        text(&shown["secret"])
    }

    /// Has a test sent, and compares its signatures with those of these secrets.
    #[track_caller]
    fn assert_signed(&self, id: &str, secrets: &[&str]) {
        let sent = self.ask(&self.test, &format!("{PATH}/{id}/test"), &json!({}), 200);
        assert_eq!(sent["status"], 200, "{sent}");
        let request = self.receiver.requests().pop().unwrap();
        let body = request.split_once("\r\n\r\n").unwrap().1;
        let part = |name: &str| header(&request, name).unwrap();
        let signed = format!(
            "{}.{}.{body}",
            part("webhook-id"),
            part("webhook-timestamp")
        );
        let sign = |secret: &&str| {
            let key = STANDARD
                .decode(secret.strip_prefix("whsec_").unwrap())
                .unwrap();
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes());
            format!("v1,{}", STANDARD.encode(tag.as_ref()))
        };
        let expected: Vec<String> = secrets.iter().map(sign).collect();
        assert_eq!(part("webhook-signature"), expected.join(" "));
    }

    fn admin(&self, arguments: &[&str]) -> (bool, String) {
        said(&admin_on(
            self.inside,
            &self.apart.dynamo.endpoint(),
            arguments,
        ))
    }

    #[track_caller]
    fn assert_says(&self, arguments: &[&str], expected: &str) {
        assert_eq!(self.admin(arguments), (true, format!("{expected}\n")));
    }

    fn call(&self, action: &str, request: &Value) -> Value {
        self.apart.dynamo.engine().call(action, request).unwrap()
    }

    /// The webhook's item.
    fn item(&self, id: &str) -> Value {
        let get =
            json!({ "TableName": "local-_deliveries", "Key": key(id), "ConsistentRead": true });
        self.call("GetItem", &get)["Item"].clone()
    }

    /// The stored keys by number.
    fn stored(&self) -> Value {
        let get = json!({ "TableName": "local-_settings", "Key": { "id": { "S": "signing" } },
            "ConsistentRead": true });
        self.call("GetItem", &get)["Item"]["sealing"]["M"].clone()
    }
}

fn key(id: &str) -> Value {
    json!({ "consumer": { "S": "consumers" }, "id": { "S": format!("webhook:{id}") } })
}

fn made(number: u32) -> String {
    format!(
        "The sealing key {number} is made. Functions seal with it within five minutes; then run `cargo admin reseal`."
    )
}

#[test]
fn a_new_key_seals_old_values_anew_and_closes_none() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (id, first) = world.make(&world.create);
    world.assert_signed(&id, &[&first]);
    world.assert_says(&["keys"], "1: 1 item names it; it seals");
    let before = world.stored();
    world.assert_says(&["keys", "add"], &made(2));
    assert_eq!(world.stored()["1"], before["1"]);

    // One that starts now seals with the new key, and those from before open that.
    let rotate = world.apart.function("webhooks-rotate", "later", &[]);
    let second = world.rotated(&rotate, &id);
    world.assert_says(
        &["keys"],
        "1: 1 item names it\n2: 1 item names it; it seals",
    );
    world.assert_signed(&id, &[&second, &first]);
    let (other, third) = world.make(&world.create);
    let item = world.item(&id);
    world.assert_says(&["reseal"], "2 items read, 2 sealed anew.");
    world.assert_says(&["reseal"], "2 items read, 0 sealed anew.");
    world.assert_says(
        &["keys"],
        "1: no item names it\n2: 2 items name it; it seals",
    );
    let anew = world.item(&id);
    assert_ne!(anew["previous_secret"], item["previous_secret"]);
    // The rest is as it was, so there is nothing to tell.
    assert_eq!(anew["secret"], item["secret"]);
    let names = ["change", "previous_until", "rotated_at", "name", "url"];
    assert!(
        names
            .iter()
            .all(|name| anew[*name] == item[*name] && !item[*name].is_null())
    );
    world.assert_signed(&id, &[&second, &first]);
    world.assert_signed(&other, &[&third]);

    // A third number reaches functions that have read their keys twice.
    world.assert_says(&["keys", "add"], &made(3));
    world.assert_says(&["reseal"], "2 items read, 2 sealed anew.");
    world.assert_signed(&id, &[&second, &first]);
    let fourth = world.rotated(&world.rotate, &id);
    world.assert_signed(&id, &[&fourth, &second]);
    world.assert_says(
        &["keys"],
        "1: no item names it\n2: no item names it\n3: 2 items name it; it seals",
    );
}

#[test]
fn unknown_numbers_cost_one_read_of_the_keys() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (id, _) = world.make(&world.create);
    world.assert_says(&["keys", "add"], &made(2));
    world.assert_says(&["reseal"], "1 items read, 1 sealed anew.");
    let path = format!("{PATH}/{id}/test");
    let event = Event::new("POST", &path)
        .json(&json!({}))
        .token(&world.token);
    let reads = || {
        let (reply, calls) = world.apart.measure(&world.test, &event);
        assert_eq!(reply.expect(200).json()["status"], 200);
        let parts = calls.iter().flat_map(|call| &call.parts);
        parts.filter(|part| part.table == "local-_settings").count()
    };
    assert_eq!([reads(), reads()], [1, 0]);
}

#[test]
fn a_secret_that_does_not_open_is_named_and_the_others_are_sealed_anew() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (bad, _) = world.make(&world.create);
    let (good, secret) = world.make(&world.create);
    // It is sealed to another item.
    let moved = world.item(&good)["secret"].clone();
    let update = json!({ "TableName": "local-_deliveries", "Key": key(&bad),
        "UpdateExpression": "SET secret = :moved", "ExpressionAttributeValues": { ":moved": moved } });
    let _ = world.call("UpdateItem", &update);
    world.assert_says(&["keys", "add"], &made(2));
    let expected = format!(
        "cargo admin: the secret of webhook {bad} does not open: rotate it, or bring its key back\n2 items read, 1 sealed \
         anew.\n"
    );
    assert_eq!(world.admin(&["reseal"]), (false, expected));
    world.assert_signed(&good, &[&secret]);
    // Without its key nothing opens, and the list says so.
    let remove = json!({ "TableName": "local-_settings", "Key": { "id": { "S": "signing" } },
        "UpdateExpression": "REMOVE sealing.#one", "ExpressionAttributeNames": { "#one": "1" } });
    let _ = world.call("UpdateItem", &remove);
    world.assert_says(
        &["keys"],
        "1: 1 item names it; its key is missing, so they do not open\n2: 1 item names it; it seals",
    );
}

#[test]
fn two_commands_at_once_never_replace_a_key() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let _ = world.make(&world.create);
    let (mut there, mut added) = (world.stored(), 1);
    for _ in 0..4 {
        let done: Vec<(bool, String)> = thread::scope(|scope| {
            let runs = [(); 3].map(|()| scope.spawn(|| world.admin(&["keys", "add"])));
            runs.map(|run| run.join().unwrap()).into()
        });
        added += done.iter().filter(|(is_done, _)| *is_done).count();
        for (is_done, text) in &done {
            assert!(
                *is_done || text.contains("another command has just made the number"),
                "{text}"
            );
        }
        let stored = world.stored();
        assert_eq!(stored.as_object().unwrap().len(), added, "{done:?}");
        for (number, key) in there.as_object().unwrap() {
            assert_eq!(&stored[number], key, "{number}");
        }
        there = stored;
    }
}

#[test]
fn a_rotation_that_meets_reseal_is_kept() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (id, first) = world.make(&world.create);
    let hold = |key: &str| {
        let hold = |rule: Rule| rule.key(key).action("UpdateItem").table("_deliveries");
        world.apart.proxy.hold(hold)
    };
    let under_way = Duration::from_secs(20);
    let reseal = || {
        let endpoint = world.apart.proxy.endpoint();
        said(&admin_on(inside, &endpoint, &["reseal"]))
    };
    let anew = (true, "1 items read, 1 sealed anew.\n".to_owned());

    // A secret is sealed anew between the read and the write of a rotation.
    world.assert_says(&["keys", "add"], &made(2));
    let held = hold(&world.rotate.key);
    let second = thread::scope(|scope| {
        let rotation = scope.spawn(|| world.rotated(&world.rotate, &id));
        assert!(held.wait_for(1, under_way), "the rotation has read");
        assert_eq!(reseal(), anew);
        held.release();
        rotation.join().unwrap()
    });
    world.assert_signed(&id, &[&second, &first]);

    // A secret is rotated between the read and the write that seals it anew.
    world.assert_says(&["keys", "add"], &made(3));
    let held = hold(OPERATOR);
    let third = thread::scope(|scope| {
        let sealing = scope.spawn(reseal);
        assert!(held.wait_for(1, under_way), "the secret is read");
        let third = world.rotated(&world.rotate, &id);
        held.release();
        assert_eq!(sealing.join().unwrap(), anew);
        third
    });
    world.assert_signed(&id, &[&third, &second]);
    world.assert_says(
        &["keys"],
        "1: no item names it\n2: no item names it\n3: 1 item names it; it seals",
    );
}
