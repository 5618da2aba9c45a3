//! The breaker: a dead receiver costs little, and a poisonous event alone stops nothing.

use super::*;

#[test]
fn a_dead_receiver_gets_one_probe_at_a_time_and_its_first_success_brings_the_rest() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let (dead, told) = (Receiver::new(BROKEN), Receiver::new(OK));
    let made = hook(&world, &dead.url, &["record.created"], &json!({}));
    let _ = hook(
        &world,
        &told.url,
        &["webhook.failing", "webhook.recovered"],
        &json!({}),
    );
    for number in 0..12 {
        let _ = world.create("notes", &json!({ "title": number.to_string() }));
    }
    let state = world.until(
        || look(&world, &made),
        |state| state["state"] == "failing" && state["waiting"] == 12,
    );
    let failures = state["failures"].as_u64().unwrap();
    // Five open the breaker; a round that was under way may have had as many more.
    assert!((5..=9).contains(&failures), "{failures}");
    let before = dead.requests().len();
    let _ = world.create("notes", &json!({ "title": "while it fails" }));
    let _ = world.until(|| look(&world, &made), |state| state["waiting"] == 13);
    world.flow.sweep();
    assert_eq!(
        dead.requests().len(),
        before,
        "nothing is sent before the probe"
    );

    later(&world, "2m");
    let _ = world.until(|| dead.requests().len(), |count| *count == before + 1);
    let _ = world.until(
        || look(&world, &made),
        |state| state["failures"] == failures + 1,
    );
    world.flow.sweep();
    assert_eq!(
        dead.requests().len(),
        before + 1,
        "the next probe has its time"
    );
    dead.turn(OK);
    later(&world, "10m");
    let items = wait(&world, &made, 13, is_delivered);
    assert_eq!(look(&world, &made)["state"], "active");
    // Those that were due only later come at their time.
    assert!(items.iter().all(|item| item["last"]["status"] == 200));
    let types = world.until(
        || {
            let events = told.requests().into_iter().map(|request| body(&request));
            events.map(|event| text(&event["type"])).collect::<Vec<_>>()
        },
        |types| types.len() == 2,
    );
    assert_eq!(types, ["webhook.failing", "webhook.recovered"]);
}

#[test]
fn a_poisonous_event_moves_itself_alone() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let receiver = Receiver::answering(|request| {
        if request.contains("poison") {
            BROKEN
        } else {
            OK
        }
    });
    let made = hook(
        &world,
        &receiver.url,
        &["record.created"],
        &json!({ "concurrency": 1 }),
    );
    for title in ["a", "poison", "b", "c"] {
        let _ = world.create("notes", &json!({ "title": title }));
    }
    for (offset, attempts) in ["0s", "2m", "8m", "25m", "92m", "360m"]
        .into_iter()
        .zip(1..)
    {
        later(&world, offset);
        let items = wait(&world, &made, 4, |item| {
            is_delivered(item) || item["attempts"] == attempts
        });
        let waiting = items.iter().filter(|item| item["state"] == "waiting");
        assert_eq!(waiting.count(), 1);
        assert_eq!(look(&world, &made)["state"], "active");
    }
    let _ = world.create("notes", &json!({ "title": "d" }));
    let _ = wait(&world, &made, 5, |item| {
        is_delivered(item) || item["attempts"] == 6
    });
}
