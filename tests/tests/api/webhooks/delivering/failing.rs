//! Receivers that misbehave: what is told of each, when it is tried again, and when no more.

use super::*;
use crate::world::ATTEMPTS;

/// The deadline of the next attempt, in seconds after the last one.
fn delay(item: &Value) -> f64 {
    let millis = |value: &Value| {
        let time: api::Timestamp = serde_json::from_value(value.clone()).unwrap();
        i64::try_from(time.millis()).unwrap()
    };
    let delay = millis(&item["dueAt"]) - millis(&item["last"]["at"]);
    f64::from(i32::try_from(delay).unwrap()) / 1000.0
}

#[test]
fn each_misbehaviour_is_told_and_tried_again() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let with = Manner::With;
    let cases = [
        (BROKEN, json!(500), Value::Null, 60.0),
        (
            with("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\n\r\n"),
            json!(302),
            json!("redirect-not-followed"),
            60.0,
        ),
        (with(""), Value::Null, json!("reply-broken"), 60.0),
        (
            with("HTTP/1.1 200 O"),
            Value::Null,
            json!("reply-broken"),
            60.0,
        ),
        (Manner::Never, Value::Null, json!("timeout"), 60.0),
        (Manner::ByteByByte, Value::Null, json!("timeout"), 60.0),
        (
            with("HTTP/1.1 429 Slow\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n"),
            json!(429),
            Value::Null,
            3600.0,
        ),
    ];
    let hooks: Vec<(Receiver, Value)> = cases
        .iter()
        .map(|(manner, ..)| {
            let receiver = Receiver::new(*manner);
            let made = hook(
                &world,
                &receiver.url,
                &["record.created"],
                &json!({ "timeout": 1 }),
            );
            (receiver, made)
        })
        .collect();
    let _ = world.create("notes", &json!({ "title": "a" }));
    for ((manner, status, error, after), (receiver, made)) in cases.iter().zip(&hooks) {
        let items = wait(&world, made, 1, |item| item["attempts"] == 1);
        let last = &items[0]["last"];
        assert_eq!(
            (&last["status"], &last["error"]),
            (status, error),
            "{manner:?}"
        );
        assert_eq!(items[0]["state"], "waiting");
        // A tenth to both sides.
        let delay = delay(&items[0]);
        assert!(
            (after * 0.9 - 1.0..=after * 1.1 + 3.0).contains(&delay),
            "{manner:?}: {delay} s"
        );
        assert_eq!(receiver.requests().len(), 1, "{manner:?}");
        let state = look(&world, made);
        assert_eq!(
            (&state["state"], &state["failures"]),
            (&json!("active"), &json!(1))
        );
    }
}

#[test]
fn a_receiver_that_is_gone_is_disabled() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let gone = Receiver::new(Manner::With(
        "HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n",
    ));
    let made = hook(&world, &gone.url, &["record.created"], &json!({}));
    let told = Receiver::new(OK);
    let _ = hook(&world, &told.url, &["webhook.changed"], &json!({}));
    let _ = world.create("notes", &json!({ "title": "a" }));
    let _ = wait(&world, &made, 1, |item| item["last"]["status"] == 410);
    let state = world.until(|| look(&world, &made), |state| state["state"] == "disabled");
    assert_eq!(state["waiting"], 1);
    let _ = world.create("notes", &json!({ "title": "b" }));
    let changed = world.until(
        || {
            let events = told
                .requests()
                .iter()
                .map(|request| body(request))
                .collect::<Vec<_>>();
            events
                .into_iter()
                .find(|event| event["actor"]["type"] == "system")
        },
        Option::is_some,
    );
    let changed = changed.unwrap();
    assert_eq!(changed["data"]["changed"], json!(["disabled"]));
    assert_eq!(changed["subject"]["id"], made["id"]);
    assert_eq!(gone.requests().len(), 1);
}

#[test]
fn an_event_that_always_fails_parks_after_eight_attempts_and_a_redelivery_brings_it() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let receiver = Receiver::new(BROKEN);
    let made = hook(&world, &receiver.url, &["record.created"], &json!({}));
    let _ = world.create("notes", &json!({ "title": "a" }));
    let _ = wait(&world, &made, 1, |item| item["attempts"] == 1);
    for (offset, attempts) in ATTEMPTS.into_iter().zip(2..) {
        later(&world, offset);
        let items = wait(&world, &made, 1, |item| item["attempts"] == attempts);
        let state = if attempts < 8 { "waiting" } else { "parked" };
        assert_eq!(items[0]["state"], state, "attempt {attempts}");
    }
    later(&world, "10000m");
    let items = wait(&world, &made, 1, |item| item["state"] == "parked");
    assert_eq!(receiver.requests().len(), 8);
    assert_eq!(counts(&receiver).len(), 1, "each attempt has the same id");
    // The failures were one event's: the breaker is closed.
    assert_eq!(look(&world, &made)["state"], "active");

    receiver.turn(OK);
    let event = text(&items[0]["eventId"]);
    let path = format!(
        "/api/admin/consumers/{}/deliveries/{event}/redeliver",
        text(&made["id"])
    );
    let _ = world.ask("deliveries-redeliver", Event::new("POST", &path), 202);
    // No sweep comes: the redelivery has woken the worker.
    let items = wait(&world, &made, 1, is_delivered);
    assert_eq!(items[0]["eventId"], json!(event));
    assert_eq!(receiver.requests().len(), 9);
}
