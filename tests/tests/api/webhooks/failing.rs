//! Webhooks that have been failing for an hour: each sweep tells the log how many there are, and an alarm counts on that.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use blackbox::{Event, stack};
use serde_json::{Value, json};

use super::asked;
use crate::world::World;

/// The numbers that sweeps told the log, in their order.
fn told(log: &str) -> Vec<u64> {
    let lines = log
        .lines()
        .filter_map(|line| line.find('{').map(|at| &line[at..]));
    let lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    // The template's metric filter asks for the same.
    let lines = lines.filter(|line| line["worker"] == "webhooks-deliver");
    lines.filter_map(|line| line["failing"].as_u64()).collect()
}

#[test]
fn a_sweep_tells_how_many_webhooks_have_been_failing_for_an_hour() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, &[("webhooks-deliver", &[])]);
    let make = || {
        let body = asked("http://127.0.0.1:1024/");
        let made = world.ask(
            "webhooks-create",
            Event::new("POST", super::PATH).json(&body),
            201,
        );
        made["id"].as_str().unwrap().to_owned()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let fail = |id: &str, minutes: u64| {
        let since = (now - Duration::from_secs(minutes * 60)).as_millis();
        let update = json!({ "TableName": "local-_deliveries",
            "Key": { "consumer": { "S": "consumers" }, "id": { "S": format!("webhook:{id}") } },
            "UpdateExpression": "SET failing_since = :since",
            "ExpressionAttributeValues": { ":since": { "N": since.to_string() } } });
        let dynamo = world.flow.apart.dynamo.engine();
        let _ = dynamo.call("UpdateItem", &update).unwrap();
    };
    let [one, two, off] = [(); 3].map(|()| make());
    let mut expected = Vec::new();
    let mut swept = |failing: u64| {
        world.flow.sweep();
        expected.push(failing);
        let found = world.until(
            || told(&world.flow.log()),
            |found| found.len() >= expected.len(),
        );
        assert_eq!(found, expected);
    };
    swept(0);
    fail(&one, 50);
    fail(&two, 61);
    fail(&off, 600);
    swept(2);
    let path = format!("{}/{off}", super::PATH);
    let disable = Event::new("PATCH", &path).json(&json!({ "disabled": true }));
    let _ = world.ask("webhooks-update", disable, 200);
    swept(1);
}
