//! Pump, `events` and workers that die at random: nothing is lost, and nothing is made up.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use blackbox::{Event, stack};
use serde_json::{Value, json};

use crate::receiver::{OK, Receiver, header};
use crate::world::World;
use crate::{WEBHOOKS, create, hook, quiet, tell};

const ROUNDS: u32 = 100;

/// The records that a round creates.
const RECORDS: u32 = 12;

/// The workers that die, beside the pump.
const WORKERS: [&str; 3] = ["events", WEBHOOKS, "triggers"];

/// The revisions that requests have committed, by record: the first of its creation.
type Written = BTreeMap<String, Vec<String>>;

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// One round of writes: records in one request, a request of which nothing stays, a change, an audited record.
fn write(world: &World<'_>, round: u32, written: &mut Written) -> String {
    let records = (0..RECORDS).map(|number| json!({ "message": format!("{round}.{number}") }));
    let made = create(world, "feedback", records);
    let mut note = |record: &Value| {
        written
            .entry(text(&record["id"]))
            .or_default()
            .push(text(&record["updatedAt"]));
    };
    made.iter().for_each(&mut note);
    let refused = json!({ "operations": [{ "create": { "message": "refused" } }, { "create": { "message": 7 } }] });
    let event = Event::new("POST", "/api/feedback/bulk").json(&refused);
    let _ = world.ask("records-bulk", event, 400);
    for change in 0..3 {
        let path = format!("/api/feedback/{}", text(&made[0]["id"]));
        let body = json!({ "message": format!("{round} changed {change}") });
        let event = Event::new("PATCH", &path).json(&body);
        note(&world.ask("records-update", event, 200));
    }
    world.create("wiki", &json!({ "title": round.to_string() }))
}

/// Ends the pump or a worker, and starts it anew. A worker's clock is two minutes further each time, so that the lease of
/// its predecessor has run out.
fn kill(world: &World<'_>, which: u32, deaths: u32) {
    let Some(worker) = WORKERS.get(which as usize) else {
        world.flow.close();
        world.flow.open();
        return;
    };
    world.flow.stop_worker(worker);
    let offset = if *worker == "events" {
        "0s".to_owned()
    } else {
        format!("{}m", 2 * deaths)
    };
    world
        .flow
        .start_worker(worker, &[("BAKEND_CLOCK_OFFSET", &offset)]);
}

/// Wakes workers with a clock that goes on until no delivery waits.
fn drain(world: &World<'_>, consumers: &[&str]) {
    let waiting = || {
        consumers.iter().any(|consumer| {
            let query = json!({ "TableName": "local-_deliveries", "Select": "COUNT",
                "KeyConditionExpression": "consumer = :consumer AND begins_with(id, :waiting)",
                "ExpressionAttributeValues": { ":consumer": { "S": consumer }, ":waiting": { "S": "p#" } } });
            let counted = world.flow.apart.dynamo.engine().call("Query", &query).unwrap();
            counted["Count"] != 0
        })
    };
    // The longest delay of the schedule is a day.
    for step in 1..=60 {
        for worker in [WEBHOOKS, "triggers"] {
            world.flow.stop_worker(worker);
            let offset = format!("{}m", 2 * ROUNDS + step * 60);
            world
                .flow
                .start_worker(worker, &[("BAKEND_CLOCK_OFFSET", &offset)]);
        }
        world.flow.sweep();
        for _ in 0..20 {
            thread::sleep(Duration::from_millis(200));
            if !waiting() {
                return;
            }
        }
    }
    panic!("deliveries still wait\n{}", world.flow.log());
}

/// Looks at the events that a receiver got: each is of a committed write, and each record's chain is whole.
fn check_chains(requests: &[String], written: &Written) -> usize {
    let mut events: BTreeMap<String, Value> = BTreeMap::new();
    for request in requests {
        let id = header(request, "webhook-id").unwrap().to_owned();
        let event: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        let before = events.entry(id).or_insert_with(|| event.clone());
        assert_eq!(*before, event, "one id, one event");
    }
    let mut chains: BTreeMap<String, BTreeMap<Option<String>, (String, String)>> = BTreeMap::new();
    for event in events.values() {
        let subject = text(&event["subject"]["id"]);
        let before = event["data"]["previousRev"].as_str().map(ToOwned::to_owned);
        let link = (text(&event["data"]["rev"]), text(&event["at"]));
        let twice = chains.entry(subject).or_default().insert(before, link);
        assert!(twice.is_none(), "two events after one revision");
    }
    let made: BTreeSet<&String> = written.keys().collect();
    assert_eq!(
        chains.keys().collect::<BTreeSet<_>>(),
        made,
        "committed writes, and no others"
    );
    for (record, times) in written {
        let (mut chain, mut rev, mut found) = (chains[record].clone(), None, Vec::new());
        while let Some((next, at)) = chain.remove(&rev) {
            found.push(at);
            rev = Some(next);
        }
        assert_eq!((&found, chain.len()), (times, 0), "the chain of {record}");
    }
    events.len()
}

#[test]
fn nothing_is_lost_and_nothing_made_up_while_they_die() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let _quiet = quiet();
    let workers = WORKERS.map(|worker| (worker, &[][..]));
    let world = World::new(inside, &workers);
    let receiver = Receiver::new(OK);
    let consumer = format!("webhook:{}", hook(&world, &receiver, "feedback"));
    let seed = std::process::id();
    tell(&format!("deaths: seed {seed}"));
    let (mut written, mut pages, mut random) = (Written::new(), BTreeSet::new(), seed);
    for round in 0..ROUNDS {
        // A linear congruential generator (Numerical Recipes); its high bits are random enough.
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        thread::scope(|scope| {
            let page = scope.spawn(|| write(&world, round, &mut written));
            thread::sleep(Duration::from_millis(u64::from(random >> 24)));
            kill(&world, (random >> 16) % 4, round + 1);
            let _ = pages.insert(page.join().unwrap());
        });
    }
    let picky = "trigger:picky";
    let _ = world.until(|| audited(&world), |audited| pages.is_subset(audited));
    drain(&world, &[&consumer, picky]);

    let parked = world.scan("local-_deliveries").into_iter();
    let parked = parked.filter(|item| item["id"]["S"].as_str().unwrap().starts_with("k#"));
    assert_eq!(parked.collect::<Vec<_>>(), Vec::<Value>::new());
    let events = check_chains(&receiver.requests(), &written);
    let notes = world.scan("local-notes").into_iter();
    let titles: Vec<String> = notes
        .filter_map(|note| {
            note["data"]["M"]["title"]["S"]
                .as_str()
                .map(ToOwned::to_owned)
        })
        .filter(|title| title.starts_with("seen "))
        .collect();
    let seen: BTreeSet<&String> = titles.iter().collect();
    assert_eq!(
        seen.len(),
        (ROUNDS * RECORDS) as usize,
        "each creation has run the trigger"
    );
    assert_eq!(
        titles.len(),
        seen.len(),
        "a trigger that ran twice created once"
    );
    assert_eq!(audited(&world), pages);
    let requests = receiver.requests().len();
    tell(&format!(
        "deaths: {ROUNDS}; {} records and {events} events committed, {requests} requests at the receiver, {} of them again",
        written.len(),
        requests - events,
    ));
}

/// The records of the audited collection that the audit log knows.
fn audited(world: &World<'_>) -> BTreeSet<String> {
    let items = world.scan("local-_audit").into_iter();
    let records = items.filter(|item| item["type"]["S"] == "record.created");
    let ids: Vec<String> = records
        .filter_map(|item| item["subject"]["S"].as_str().map(ToOwned::to_owned))
        .collect();
    let different: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(different.len(), ids.len(), "an entry is there twice");
    different
}
