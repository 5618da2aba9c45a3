//! Leases: one worker a consumer, whatever wakes how many of them, and however one dies.

use std::thread;

use super::*;

#[test]
fn many_workers_and_sweeps_at_once_deliver_each_event_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let receiver = Receiver::new(OK);
    let made = hook(&world, &receiver.url, &["record.created"], &json!({}));
    world.flow.start_workers(WORKER, 4, &[]);
    let flow = &world.flow;
    let payload = json!({ "consumer": format!("webhook:{}", text(&made["id"])) });
    for round in 0..100 {
        let _ = world.create("notes", &json!({ "title": round.to_string() }));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| flow.front.invoke(WORKER, &payload).unwrap());
            }
            scope.spawn(|| flow.sweep());
            scope.spawn(|| flow.sweep());
        });
    }
    let _ = world.until(|| counts(&receiver).len(), |count| *count == 100);
    let _ = world.until(|| look(&world, &made), |state| state["waiting"] == 0);
    let twice = counts(&receiver)
        .values()
        .filter(|count| **count > 1)
        .count();
    assert_eq!(twice, 0, "no worker has died, so nothing came twice");
}

#[test]
fn a_worker_that_dies_with_a_lease_costs_one_attempt() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let receiver = Receiver::new(Manner::Never);
    let made = hook(&world, &receiver.url, &["record.created"], &json!({}));
    for title in ["a", "b"] {
        let _ = world.create("notes", &json!({ "title": title }));
    }
    let _ = world.until(|| receiver.requests().len(), |count| *count >= 1);
    world.flow.stop_worker(WORKER);
    receiver.turn(OK);
    // Its lease holds for half a minute: another worker does nothing.
    later(&world, "5s");
    thread::sleep(std::time::Duration::from_millis(300));
    assert!(counts(&receiver).len() <= 2);
    later(&world, "40s");
    let items = wait(&world, &made, 2, |item| {
        is_delivered(item) || item["attempts"] == 1
    });
    let stopped = items
        .iter()
        .filter(|item| item["last"]["error"] == "worker-stopped");
    assert!((1..=2).contains(&stopped.count()), "{items:#?}");
    later(&world, "3m");
    let items = wait(&world, &made, 2, is_delivered);
    assert!(
        items
            .iter()
            .all(|item| item["attempts"].as_u64() <= Some(2)),
        "{items:#?}"
    );
}
