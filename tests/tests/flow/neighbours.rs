//! A good receiver beside bad ones.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use blackbox::stack;
use serde_json::json;

use crate::receiver::{Manner, OK, Receiver, header};
use crate::world::World;
use crate::{WEBHOOKS, create, hook, quiet, tell};

/// The events that the good receiver gets.
const EVENTS: usize = 1000;

/// The most time it may take beside the others, as a part of its time alone.
const BOUND: f64 = 1.2;

/// Other load on the machine only ever adds to a time, so one of these is enough.
const TRIES: usize = 6;

/// The time in which a receiver gets all events that lie in its queue, beside receivers of these manners.
fn measure(others: &[Manner]) -> Duration {
    let inside = stack().inside().unwrap();
    let world = World::new(inside, &[("events", &[])]);
    let good = Receiver::new(OK);
    let bad: Vec<Receiver> = others.iter().copied().map(Receiver::new).collect();
    let receivers: Vec<&Receiver> = bad.iter().chain([&good]).collect();
    let hooks = receivers
        .iter()
        .map(|receiver| hook(&world, receiver, "notes"));
    let hooks: Vec<String> = hooks.collect();
    for batch in 0..EVENTS / 25 {
        let records = (0..25).map(|number| json!({ "title": format!("{batch}.{number}") }));
        let _ = create(&world, "notes", records);
    }
    // The making of the events is not measured: in a stack it has machines of its own.
    for hook in &hooks {
        let scan = json!({ "TableName": "local-_deliveries", "Select": "COUNT",
            "KeyConditionExpression": "consumer = :consumer",
            "ExpressionAttributeValues": { ":consumer": { "S": format!("webhook:{hook}") } } });
        let count = || {
            world
                .flow
                .apart
                .dynamo
                .engine()
                .call("Query", &scan)
                .unwrap()["Count"]
                .clone()
        };
        let _ = world.until(count, |count| *count == EVENTS);
    }
    world.flow.start_workers(WEBHOOKS, 4, &[]);
    // The wake-ups of before found no worker, and would keep others from running for a minute.
    world.flow.front.break_off(WEBHOOKS);
    let started = Instant::now();
    world.flow.sweep();
    let patience = Duration::from_secs(300);
    while good.requests().len() < EVENTS {
        assert!(started.elapsed() < patience, "{}", world.flow.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    let took = started.elapsed();
    let requests = good.requests();
    let ids: BTreeSet<&str> = requests
        .iter()
        .filter_map(|it| header(it, "webhook-id"))
        .collect();
    assert_eq!(ids.len(), EVENTS);
    took
}

#[test]
fn a_dead_and_a_slow_receiver_do_not_delay_a_good_one() {
    if stack().inside().is_none() {
        return;
    }
    let _quiet = quiet();
    let dead = Manner::With("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n");
    let mut ratios = Vec::new();
    for _ in 0..TRIES {
        let alone = measure(&[]).as_secs_f64();
        let beside = measure(&[dead, Manner::AfterNine]).as_secs_f64();
        ratios.push(beside / alone);
        tell(&format!(
            "good receiver, {EVENTS} events: {alone:.1} s alone, {beside:.1} s beside a dead and a nine-second one, \
             ratio {:.2}",
            beside / alone
        ));
        if beside / alone <= BOUND {
            return;
        }
    }
    panic!("ratios {ratios:.2?}, at most {BOUND}");
}
