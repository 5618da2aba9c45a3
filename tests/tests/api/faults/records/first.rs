//! The first write of an instance to a collection, and its first list of an index: both look at the kept names.

use std::sync::{Mutex, PoisonError};

use blackbox::Event;
use serde_json::json;

use super::super::world::*;

/// Rows run beside each other: a neighbour's first record would keep the names that this one has to write.
static TURN: Mutex<()> = Mutex::new(());

/// The first record of all, as far as the kept names tell; at most one after a failure.
pub(super) fn create_first<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let key = json!({ "shard": { "N": "512" }, "id": { "S": "#kept" } });
    let delete = json!({ "TableName": "local-feedback", "Key": key });
    let _ = world.apart.dynamo.engine().call("DeleteItem", &delete);
    let message = json!({ "message": fresh_sku() });
    let written = message["message"].clone();
    let count = move || {
        let records = world.scan("feedback").into_iter();
        let ours = records.filter(|item| item["data"]["M"]["message"]["S"] == written);
        ours.count()
    };
    Act {
        event: Event::new("POST", "/api/feedback").json(&message),
        status: 201,
        look: Box::new(move |reply| {
            assert!(count() <= 1 && (reply.status != 201 || count() == 1));
            drop(turn);
        }),
    }
}

pub(super) fn list_by_index<'a>(_: &'a World<'_>, _: &str) -> Act<'a> {
    by_index("/api/products?sort=price")
}

pub(super) fn count_by_index<'a>(_: &'a World<'_>, _: &str) -> Act<'a> {
    by_index("/api/products/count?price=7")
}

fn by_index<'a>(path: &str) -> Act<'a> {
    Act {
        event: Event::new("GET", path),
        status: 200,
        look: Box::new(|_| {}),
    }
}
