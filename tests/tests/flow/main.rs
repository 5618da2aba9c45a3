//! The flow of events under stress: deaths, bad neighbours and many writes. Each test wants the whole machine. So cargo runs
//! this binary after the rest of the suite, and its tests take turns.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has to stop"
)]

mod deaths;
#[allow(dead_code, reason = "some of it is for other tests")]
#[path = "../api/proofs/world.rs"]
mod mailing;
mod mails;
mod many;
mod neighbours;
#[allow(dead_code, reason = "some of it is for other tests")]
#[path = "../api/webhooks/receiver.rs"]
mod receiver;
#[allow(dead_code, reason = "some of it is for other tests")]
#[path = "../api/world.rs"]
mod world;

use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use blackbox::{Event, fresh_email};
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::world::World;

const WEBHOOKS: &str = "webhooks-deliver";

/// Held by a running test.
static QUIET: Mutex<()> = Mutex::new(());

fn quiet() -> MutexGuard<'static, ()> {
    QUIET.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints a figure.
fn tell(line: &str) {
    #[expect(
        clippy::explicit_write,
        reason = "the test harness keeps what println! says to itself"
    )]
    writeln!(io::stdout(), "{line}").unwrap();
}

/// Makes a webhook for the records of a collection, and returns its id.
fn hook(world: &World<'_>, receiver: &Receiver, collection: &str) -> String {
    let body = json!({ "name": fresh_email(), "url": receiver.url, "events": ["record.*"],
        "collections": [collection], "concurrency": 10 });
    let event = Event::new("POST", "/api/admin/webhooks").json(&body);
    let made = world.ask("webhooks-create", event, 201);
    made["id"].as_str().unwrap().to_owned()
}

/// Creates records in one request, and returns them.
fn create(world: &World<'_>, collection: &str, records: impl Iterator<Item = Value>) -> Vec<Value> {
    let operations: Vec<Value> = records.map(|record| json!({ "create": record })).collect();
    let event = Event::new("POST", &format!("/api/{collection}/bulk"))
        .json(&json!({ "operations": operations }));
    let made = world.ask("records-bulk", event, 200);
    made["items"].as_array().unwrap().clone()
}
