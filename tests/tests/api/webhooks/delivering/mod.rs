//! Deliveries to webhooks, the whole way: a write, its stream, the pump, `events`, a queue, `webhooks-deliver`, a receiver.

mod breaking;
mod failing;
mod lasting;

use std::collections::BTreeMap;

use blackbox::{Event, Inside, stack};
use serde_json::{Value, json};

use super::receiver::{Manner, OK, Receiver, header};
use super::sending::sign;
use super::{PATH, asked};
use crate::keys::text;
use crate::world::World;

const WORKER: &str = "webhooks-deliver";

/// A server error.
const BROKEN: Manner = Manner::With("HTTP/1.1 500 No\r\ncontent-length: 4\r\n\r\nsick");

/// A world with the worker of webhooks.
fn world(inside: &Inside) -> World<'_> {
    World::new(inside, &[("events", &[]), (WORKER, &[])])
}

/// Makes a webhook for some types of events; `more` are settings.
fn hook(world: &World<'_>, url: &str, events: &[&str], more: &Value) -> Value {
    let mut body = asked(url);
    body["events"] = json!(events);
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let event = Event::new("POST", PATH).json(&body);
    world.ask("webhooks-create", event, 201)
}

/// A webhook as the API shows it.
fn look(world: &World<'_>, hook: &Value) -> Value {
    let path = format!("{PATH}/{}", text(&hook["id"]));
    world.ask("webhooks-get", Event::new("GET", &path), 200)
}

/// Goes on with a worker whose clock is so far ahead, after it has looked for what is due.
fn later(world: &World<'_>, offset: &str) {
    let variables = [("BAKEND_CLOCK_OFFSET", offset)];
    world.flow.start_worker(WORKER, &variables);
    world.flow.sweep();
}

/// The deliveries of a webhook, as soon as there are so many that all pass.
fn wait(
    world: &World<'_>,
    hook: &Value,
    count: usize,
    passes: impl Fn(&Value) -> bool,
) -> Vec<Value> {
    let id = text(&hook["id"]);
    world.wait_for_deliveries(&id, |items| {
        items.len() == count && items.iter().all(&passes)
    })
}

fn is_delivered(item: &Value) -> bool {
    item["state"] == "delivered"
}

/// The body of a request.
fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// How often a receiver got each event.
fn counts(receiver: &Receiver) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in receiver.requests() {
        let id = header(&request, "webhook-id").unwrap().to_owned();
        *counts.entry(id).or_default() += 1;
    }
    counts
}

#[test]
fn a_write_reaches_the_receivers_that_asked_for_it_signed_and_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let (all, notes) = (Receiver::new(OK), Receiver::new(OK));
    let every = hook(
        &world,
        &all.url,
        &["record.*", "webhook.changed"],
        &json!({}),
    );
    let some = hook(
        &world,
        &notes.url,
        &["record.created"],
        &json!({ "collections": ["notes"] }),
    );
    let note = world.create("notes", &json!({ "title": "a" }));
    let draft = world.create("drafts", &json!({ "title": "b" }));
    let _ = wait(&world, &some, 1, is_delivered);
    // Its own making is from before it was there; that of the other may be one of its events, or not.
    let log = world.wait_for_deliveries(&text(&every["id"]), |items| {
        let records = items.iter().filter(|item| item["type"] == "record.created");
        records.count() == 2 && items.iter().all(is_delivered)
    });
    assert!(
        log.iter()
            .all(|item| item["attempts"] == 1 && item["last"]["status"] == 200)
    );
    assert!(log.iter().all(|item| item["last"]["reply"] == "ok"));

    let requests = notes.requests();
    assert_eq!(requests.len(), 1);
    let (request, secret) = (&requests[0], text(&some["secret"]));
    assert_eq!(
        header(request, "webhook-signature"),
        Some(&*sign(&secret, request))
    );
    let event = body(request);
    assert_eq!(event["id"].as_str(), header(request, "webhook-id"));
    assert_eq!(
        (&event["type"], &event["subject"]["id"]),
        (&json!("record.created"), &json!(note))
    );
    assert_eq!(event["data"]["record"]["title"], "a");
    assert_eq!(event["actor"]["id"], world.admin["user"]["id"]);

    let got: Vec<Value> = all.requests().iter().map(|request| body(request)).collect();
    let records = got.iter().filter(|event| event["type"] == "record.created");
    let subjects: Vec<String> = records.map(|event| text(&event["subject"]["id"])).collect();
    assert!(
        subjects.contains(&note) && subjects.contains(&draft),
        "{subjects:?}"
    );
    assert!(counts(&all).values().all(|count| *count == 1));
    let state = look(&world, &some);
    assert_eq!(
        (&state["state"], &state["waiting"]),
        (&json!("active"), &json!(0))
    );
    assert!(state["lastSuccessAt"].is_string());
}

#[test]
fn a_disabled_webhook_keeps_what_waits_and_a_deleted_one_leaves_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let receiver = Receiver::new(BROKEN);
    let made = hook(&world, &receiver.url, &["record.created"], &json!({}));
    let path = format!("{PATH}/{}", text(&made["id"]));
    let _ = world.create("notes", &json!({ "title": "a" }));
    let _ = wait(&world, &made, 1, |item| item["attempts"] == 1);
    let turn = |world: &World<'_>, disabled: bool| {
        let event = Event::new("PATCH", &path).json(&json!({ "disabled": disabled }));
        world.ask("webhooks-update", event, 200)
    };
    assert_eq!(turn(&world, true)["state"], "disabled");
    let _ = world.create("notes", &json!({ "title": "b" }));
    receiver.turn(OK);
    later(&world, "2m");
    let waiting = wait(&world, &made, 1, |item| item["attempts"] == 1);
    assert_eq!(waiting[0]["state"], "waiting");
    assert_eq!(receiver.requests().len(), 1);
    assert_eq!(turn(&world, false)["state"], "active");
    world.flow.sweep();
    let _ = wait(&world, &made, 1, is_delivered);

    receiver.turn(BROKEN);
    let _ = world.create("notes", &json!({ "title": "c" }));
    let _ = wait(&world, &made, 2, |item| {
        is_delivered(item) || item["attempts"] == 1
    });
    let _ = world.ask("webhooks-delete", Event::new("DELETE", &path), 204);
    world.flow.sweep();
    let left = |world: &World<'_>| {
        let items = world.scan("local-_deliveries");
        let names = items
            .iter()
            .map(|item| format!("{} {}", item["consumer"]["S"], item["id"]["S"]));
        let names = names.filter(|name| name.contains(&text(&made["id"])));
        names.collect::<Vec<String>>()
    };
    // The tombstone of the webhook alone, which the table's TTL removes.
    let left = world.until(|| left(&world), |left| left.len() == 1);
    assert!(left[0].starts_with("\"consumers\""), "{left:?}");
}
