//! Many writes on a local stack.

use std::fs;

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

/// The processor time of this process, which holds the engine and the pump, in hundredths of a second (`proc(5)`: user and
/// system time). Other load on the machine adds little to it.
fn processor_time() -> u32 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
    let times = fields.skip(11).take(2);
    times.map(|time| time.parse::<u32>().unwrap()).sum()
}

#[test]
fn the_hundred_thousandth_write_costs_what_the_first_did() {
    let Some(inside) = stack().inside() else {
        return;
    };
    // Only Linux tells the processor time so.
    if !cfg!(target_os = "linux") {
        return;
    }
    let _quiet = quiet();
    let world = World::new(inside, &[("events", &[])]);
    let _ = world.create("notes", &json!({ "title": "sample" }));
    let engine = world.flow.apart.dynamo.engine();
    let items = world.scan("local-notes");
    let sample = items
        .iter()
        .find(|item| item.get("data").is_some())
        .unwrap();
    let mut parts = Vec::new();
    for part in 0..WRITES / PART {
        let started = processor_time();
        for batch in 0..PART / 25 {
            let first = part * PART + batch * 25;
            let puts = (first..first + 25)
                .map(|number| json!({ "PutRequest": { "Item": another(sample, number) } }));
            let write = json!({ "RequestItems": { "local-notes": puts.collect::<Vec<Value>>() } });
            let _ = engine.call("BatchWriteItem", &write).unwrap();
        }
        parts.push(processor_time() - started);
    }
    let each: Vec<u32> = parts.iter().map(|part| part * 10_000 / PART).collect();
    tell(&format!(
        "{WRITES} writes of a record, the mean processor time of each {PART}: {each:?} us"
    ));
    // The pump may lag behind for a part: the best of each end leaves that out.
    let first = parts[..3].iter().min().unwrap();
    let last = parts[parts.len() - 3..].iter().min().unwrap();
    let ratio = f64::from(*last) / f64::from(*first);
    tell(&format!("the last ones take {ratio:.2} of the first"));
    assert!(ratio < 1.5, "{each:?}");
}
