//! The suite's own code, after events that went the whole way.

use std::collections::BTreeSet;

use blackbox::{Event, Inside, stack};
use serde_json::{Value, json};

use crate::world::{ATTEMPTS, World};

/// A world with the suite's triggers.
fn world(inside: &Inside) -> World<'_> {
    World::new(inside, &[("triggers", &[]), ("events", &[])])
}

#[test]
fn a_trigger_runs_after_its_event_and_writes_as_the_system() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let titles = world.wait_for(("notes", "title"), |titles| !titles.is_empty());
    assert_eq!(titles, ["Welcome!"]);
    let note = world.ask("records-list", Event::new("GET", "/api/notes"), 200);
    let user = &world.admin["user"]["id"];
    assert_eq!(&note["items"][0]["assignee"], user);
    assert_eq!(note["items"][0]["createdBy"], Value::Null);
    let items = world.scan("local-notes");
    let actor = items.iter().find_map(|item| item.get("actor")).unwrap();
    assert_eq!(actor["M"]["by"]["S"], "system");
    assert_eq!(actor["M"]["trigger"]["S"], "welcome");
    assert_eq!(actor["M"]["depth"]["N"], "1");
    let done = world.wait_for_deliveries("welcome", |items| {
        items.iter().all(|item| item["state"] == "delivered")
    });
    assert_eq!((done.len(), &done[0]["type"]), (1, &json!("auth.register")));
}

#[test]
fn a_trigger_that_feeds_itself_stops_at_the_deepest_event() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let _ = world.create("drafts", &json!({ "title": "a" }));
    let parked = world.wait_for_deliveries("echo", |items| {
        items.iter().any(|item| item["state"] == "parked")
    });
    let looped: Vec<&Value> = parked
        .iter()
        .filter(|item| item["state"] == "parked")
        .collect();
    assert_eq!(
        (looped.len(), &looped[0]["last"]["error"]),
        (1, &json!("loop"))
    );
    assert_eq!(looped[0]["attempts"], 1);
    let titles = world.wait_for(("drafts", "title"), |titles| titles.len() >= 4);
    assert_eq!(titles, ["a", "a+", "a++", "a+++"]);
}

#[test]
fn an_event_whose_code_fails_waits_and_the_others_go_on() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    for message in ["fail", "foreign", "hello"] {
        let _ = world.create("feedback", &json!({ "message": message }));
    }
    let titles = world.wait_for(("notes", "title"), |titles| titles.len() >= 2);
    assert_eq!(titles, ["Welcome!", "seen hello"]);
    let all = world.wait_for_deliveries("picky", |items| {
        items.len() == 3 && items.iter().all(|item| item["attempts"] == 1)
    });
    let errors: Vec<&str> = all
        .iter()
        .filter(|item| item["state"] == "waiting")
        .map(|item| item["last"]["error"].as_str().unwrap())
        .collect();
    assert_eq!(errors.len(), 2, "{all:#?}");
    assert!(errors.contains(&"as asked"), "{errors:?}");
    // The role has no right on a collection that the trigger does not name.
    assert!(
        errors
            .iter()
            .any(|error| error.contains("wiki") || error.starts_with("common/internal")),
        "{errors:?}"
    );
}

#[test]
fn a_trigger_that_runs_twice_creates_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let first = world.create("feedback", &json!({ "message": "one" }));
    let _ = world.ask(
        "records-delete",
        Event::new("DELETE", &format!("/api/feedback/{first}")),
        204,
    );
    let failed =
        |items: &[Value], attempts: u32| items.iter().any(|item| item["attempts"] == attempts);
    let once = world.wait_for_deliveries("twice", |items| failed(items, 1));
    assert_eq!(once[0]["last"]["error"], "once more");
    // Two minutes later, another event wakes the trigger, and the first one is due again.
    world
        .flow
        .start_worker("triggers", &[("BAKEND_CLOCK_OFFSET", "2m")]);
    let other = world.create("feedback", &json!({ "message": "two" }));
    let _ = world.ask(
        "records-delete",
        Event::new("DELETE", &format!("/api/feedback/{other}")),
        204,
    );
    let _ = world.wait_for_deliveries("twice", |items| items.len() == 2 && failed(items, 2));
    let titles = world.wait_for(("notes", "title"), |titles| {
        titles.iter().filter(|title| *title == "first").count() >= 2
    });
    let made = titles.iter().filter(|title| *title == "first").count();
    assert_eq!(
        made, 2,
        "one for each of two events, of three runs: {titles:?}"
    );
}

/// Goes on with workers whose clock is so far ahead, after one of them has looked for what is due.
fn later(world: &World<'_>, offset: &str) {
    let variables = [("BAKEND_CLOCK_OFFSET", offset)];
    for worker in ["triggers", "webhooks-deliver"] {
        world.flow.stop_worker(worker);
        world.flow.start_worker(worker, &variables);
    }
    world.flow.sweep();
}

#[test]
fn the_sweep_brings_an_event_whose_code_failed_until_it_parks() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let _ = world.create("feedback", &json!({ "message": "fail" }));
    let wait = |attempts: u32| {
        world.wait_for_deliveries("picky", |items| {
            items.len() == 1 && items[0]["attempts"] == attempts
        })
    };
    let _ = wait(1);
    for (offset, attempts) in ATTEMPTS.into_iter().zip(2..) {
        later(&world, offset);
        let items = wait(attempts);
        let state = if attempts < 8 { "waiting" } else { "parked" };
        assert_eq!(items[0]["state"], state, "attempt {attempts}");
        assert_eq!(items[0]["last"]["error"], "as asked");
    }
}

#[test]
fn an_event_whose_code_panics_parks_and_stops_no_other() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    for message in ["a", "panic", "b"] {
        let _ = world.create("feedback", &json!({ "message": message }));
    }
    // Each death costs the lease's time, and those that ran beside it an attempt.
    // A worker that was slow and not dead leaves an event twice: delivered, and waiting once more.
    let events = |items: &[Value]| {
        let ids = items.iter().map(|item| item["eventId"].to_string());
        ids.collect::<BTreeSet<_>>().len()
    };
    let is_over = |items: &[Value]| items.iter().all(|item| item["state"] != "waiting");
    let list = || world.wait_for_deliveries("picky", |items| events(items) == 3);
    let mut hours = 1;
    while !is_over(&list()) {
        assert!(hours < 700, "{:#?}\n{}", list(), world.flow.log());
        later(&world, &format!("{hours}h"));
        std::thread::sleep(std::time::Duration::from_millis(500));
        // The longest delay of the schedule is a day.
        hours += 27;
    }
    let items = list();
    let parked: Vec<&Value> = items
        .iter()
        .filter(|item| item["state"] == "parked")
        .collect();
    assert_eq!(parked.len(), 1, "{items:#?}");
    assert_eq!(
        (&parked[0]["attempts"], &parked[0]["last"]["error"]),
        (&json!(8), &json!("worker-stopped"))
    );
    let others = items.iter().filter(|item| item["state"] == "delivered");
    assert!(
        others
            .into_iter()
            .all(|item| item["attempts"].as_u64() <= Some(3)),
        "{items:#?}"
    );
    let titles = world.wait_for(("notes", "title"), |titles| titles.len() >= 3);
    let titles: BTreeSet<String> = titles.into_iter().collect();
    let expected = ["Welcome!", "seen a", "seen b"].map(str::to_owned);
    assert_eq!(titles, BTreeSet::from(expected));
}
