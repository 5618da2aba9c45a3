//! The surroundings of the workers: the event bus that gets every event, and the front by which they are invoked.

use std::sync::atomic::{AtomicUsize, Ordering};

use blackbox::stack;
use serde_json::{Value, json};

use crate::webhooks::receiver::{Manner, Receiver, header};
use crate::world::World;

/// Replies of EventBridge to as many entries as a request may have.
const TAKEN: Manner = Manner::With(
    "HTTP/1.1 200 OK\r\ncontent-length: 69\r\n\r\n\
     {\"Entries\":[{},{},{},{},{},{},{},{},{},{}],\"FailedEntryCount\":0     }",
);
const REFUSED: Manner = Manner::With(
    "HTTP/1.1 200 OK\r\ncontent-length: 69\r\n\r\n\
     {\"Entries\":[{\"ErrorCode\":\"InternalFailure\"}],\"FailedEntryCount\":1   }",
);

#[test]
fn the_bus_gets_every_event_also_after_it_was_away() {
    let Some(inside) = stack().inside() else {
        return;
    };
    // The first batch fails three times and so as a whole: the pump brings it again.
    let asked = AtomicUsize::new(0);
    let bus = Receiver::answering(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
        0..4 => REFUSED,
        _ => TAKEN,
    });
    let place = bus.url.strip_suffix("/hook?key=1").unwrap().to_owned();
    let variables = [
        ("BAKEND_EVENT_BUS_NAME", "shop"),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", place.as_str()),
    ];
    let world = World::new(inside, &[("events", &variables)]);
    let note = world.create("notes", &json!({ "title": "a" }));
    let sent = || {
        let requests = bus.requests();
        let bodies = requests
            .iter()
            .map(|it| it.split_once("\r\n\r\n").unwrap().1);
        let bodies = bodies.map(|body| serde_json::from_str::<Value>(body).unwrap());
        let entries = bodies.flat_map(|body| body["Entries"].as_array().unwrap().clone());
        entries.collect::<Vec<Value>>()
    };
    let entries = world.until(sent, |entries| {
        // Those that were refused are there too.
        let types = entries.iter().map(|entry| &entry["DetailType"]);
        let is_there = types.filter(|kind| **kind == "record.created").count() >= 1;
        is_there && bus.requests().len() >= 5
    });
    let first = &bus.requests()[0];
    assert_eq!(header(first, "x-amz-target"), Some("AWSEvents.PutEvents"));
    let signature = header(first, "authorization").unwrap();
    assert!(signature.contains("/events/aws4_request"), "{signature}");
    for entry in &entries {
        assert_eq!(
            (&entry["EventBusName"], &entry["Source"]),
            (&json!("shop"), &json!("bakend.local"))
        );
        let event: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        assert_eq!(event["type"], entry["DetailType"]);
    }
    let ids = |kind: &str| {
        let of_kind = entries.iter().filter(|entry| entry["DetailType"] == *kind);
        let events = of_kind
            .map(|entry| serde_json::from_str::<Value>(entry["Detail"].as_str().unwrap()).unwrap());
        events
            .map(|event| (event["id"].clone(), event["subject"]["id"].clone()))
            .collect::<Vec<_>>()
    };
    let registered = ids("auth.register");
    assert!(
        registered.len() >= 2,
        "sent again, with the same id: {registered:?}"
    );
    assert!(registered.iter().all(|one| *one == registered[0]));
    assert_eq!(ids("record.created")[0].1, json!(note));
    assert_eq!(world.flow.apart.proxy.denied(), []);
}

#[test]
fn the_front_answers_as_lambda_does() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, &[("webhooks-deliver", &[])]);
    let ask = |function: &str, key: &str, kind: &str, body: &str| {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let request = ureq::post(format!("{}{path}", world.flow.front.endpoint()))
            .config()
            .http_status_as_error(false)
            .build()
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={key}/20261129/x"),
            )
            .header("x-amz-invocation-type", kind);
        let mut reply = request.send(body).unwrap();
        let error = |name: &str| {
            let value = reply.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let error = error("x-amzn-errortype").or_else(|| error("x-amz-function-error"));
        (
            reply.status().as_u16(),
            error.unwrap_or_default(),
            reply.body_mut().read_to_string().unwrap(),
        )
    };
    let (worker, sweep) = ("local-webhooks-deliver", r#"{"sweep":true}"#);
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    for (function, key, kind, body, status, error) in [
        (worker, "events~1", "Event", sweep, 202, ""),
        (worker, "events~1", "RequestResponse", sweep, 200, ""),
        // The payload is none of the worker's: a function's error is a success with a header.
        (
            worker,
            "events~1",
            "RequestResponse",
            "{}",
            200,
            "Unhandled",
        ),
        (worker, "events~1", "Event", "{}", 202, ""),
        (
            "local-nothing",
            "events~1",
            "Event",
            sweep,
            404,
            "ResourceNotFoundException",
        ),
        (
            "webhooks-deliver",
            "events~1",
            "Event",
            sweep,
            404,
            "ResourceNotFoundException",
        ),
        (
            worker,
            "records-get~1",
            "Event",
            sweep,
            403,
            "AccessDeniedException",
        ),
        (
            "local-events",
            "triggers~1",
            "Event",
            sweep,
            403,
            "AccessDeniedException",
        ),
        (
            worker,
            "events~1",
            "Event",
            &large,
            413,
            "RequestTooLargeException",
        ),
        (
            worker,
            "events~1",
            "Event",
            "{",
            400,
            "InvalidRequestContentException",
        ),
    ] {
        let told = ask(function, key, kind, body);
        assert_eq!(
            (told.0, told.1.as_str()),
            (status, error),
            "{function} {key} {kind}: {}",
            told.2
        );
    }
}
