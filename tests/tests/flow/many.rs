//! Many writes on a local stack.

use std::time::{Duration, Instant};

use api::{Id, Timestamp};
use blackbox::stack;
use serde_json::{Value, json};

use crate::world::World;
use crate::{quiet, tell};

const WRITES: u32 = 100_000;

/// The writes that a time is of.
const PART: u32 = 10_000;

/// A record as the functions store it, from one that was stored, with another id.
fn another(sample: &Value, number: u32) -> Value {
    let mut random = [7; 10];
    random[..4].copy_from_slice(&number.to_be_bytes());
    let id = Id::new(Timestamp::from_millis(1_790_000_000_000), random).to_string();
    let mut item = sample.clone();
    item["id"] = json!({ "S": id });
    item
}

#[test]
fn the_hundred_thousandth_write_costs_what_the_first_did() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let _quiet = quiet();
    let world = World::new(inside, &[("events", &[])]);
    let _ = world.create("notes", &json!({ "title": "sample" }));
    let engine = world.flow.apart.dynamo.engine();
    let scan = json!({ "TableName": "local-notes" });
    let items = engine.call("Scan", &scan).unwrap()["Items"]
        .as_array()
        .unwrap()
        .clone();
    let sample = items
        .iter()
        .find(|item| item.get("data").is_some())
        .unwrap();
    let mut parts = Vec::new();
    for part in 0..WRITES / PART {
        let started = Instant::now();
        for batch in 0..PART / 25 {
            let first = part * PART + batch * 25;
            let puts = (first..first + 25)
                .map(|number| json!({ "PutRequest": { "Item": another(sample, number) } }));
            let write = json!({ "RequestItems": { "local-notes": puts.collect::<Vec<Value>>() } });
            let _ = engine.call("BatchWriteItem", &write).unwrap();
        }
        parts.push(started.elapsed());
    }
    let micros = |part: &Duration| part.as_micros() / u128::from(PART);
    let each: Vec<u128> = parts.iter().map(micros).collect();
    tell(&format!(
        "{WRITES} writes of a record, the mean of each {PART}: {each:?} us"
    ));
    // The first parts have an empty file and cold pages; the best of each end leaves out other load.
    let first = parts[..3].iter().min().unwrap();
    let last = parts[parts.len() - 3..].iter().min().unwrap();
    let ratio = last.as_secs_f64() / first.as_secs_f64();
    tell(&format!("the last ones take {ratio:.2} of the first"));
    assert!(ratio < 1.5, "{each:?}");
}
