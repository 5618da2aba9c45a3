//! `cargo admin status`, `logs` and `usage` on the local stack. The rehearsal runs them on a deployed one.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::webhooks::receiver::{OK, Receiver};

/// A checkout whose local stack is the tables of a world.
struct Checkout(PathBuf);

impl Checkout {
    fn of(world: &World<'_>) -> Self {
        let name = format!("bakend-status-{}", fresh_email());
        let root = std::env::temp_dir().join(name);
        for folder in ["infra", ".bakend"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("infra/base.yaml"), "").unwrap();
        let note = json!({ "dynamodb": world.flow.apart.dynamo.endpoint() });
        fs::write(root.join(".bakend/local.json"), note.to_string()).unwrap();
        Self(root)
    }

    /// `cargo admin --local` in it.
    fn admin(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = stack().inside().unwrap().command("admin");
        command
            .arg("--local")
            .args(arguments)
            .current_dir(&self.0)
            .env("CARGO_MANIFEST_DIR", self.0.join("infra"));
        said(&command.output().unwrap())
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_status_tells_tables_indexes_consumers_and_parked_deliveries() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, &[]);
    let checkout = Checkout::of(&world);
    let status = || {
        let (done, told) = checkout.admin(&["status"]);
        assert!(done, "{told}");
        told
    };
    let first = status();
    assert!(
        first.starts_with("The local stack has neither a stack of AWS nor alarms.\n"),
        "{first}"
    );
    for table in ["_users", "_audit", "products"] {
        let mut lines = first.lines();
        assert!(
            lines.any(|line| line.split(' ').next() == Some(table)),
            "{first}"
        );
    }
    let products = first.lines().find(|line| line.starts_with("products"));
    assert!(
        products.is_some_and(|line| line.contains(" by.status.-createdAt")),
        "{first}"
    );
    assert!(!first.contains("Not every record"), "{first}");
    assert!(!first.contains("webhook:"), "{first}");

    // A record of before its indexes, and a webhook that has given up on an event.
    let _ = world.create("products", &json!({ "name": "a", "sku": "A-1" }));
    let dynamo = &world.flow.apart.dynamo;
    let items = world.scan("local-products");
    let is_record = |item: &&Value| item["indexed"].is_object() && item["data"].is_object();
    let mut record = items.iter().find(is_record).unwrap().clone();
    record.as_object_mut().unwrap().remove("indexed");
    let put = |table: &str, item: &Value| {
        let put = json!({ "TableName": table, "Item": item });
        dynamo.engine().call("PutItem", &put).unwrap();
    };
    put("local-products", &record);
    let receiver = Receiver::new(OK);
    let asked = json!({ "name": "shop\u{202e}", "url": receiver.url, "events": ["*"] });
    let make = Event::new("POST", "/api/admin/webhooks").json(&asked);
    let webhook = text(&world.ask("webhooks-create", make, 201)["id"]);
    let consumer = format!("webhook:{webhook}");
    let parked = |event: &str, until: &str| {
        json!({ "consumer": { "S": consumer }, "id": { "S": format!("k#{event}") }, "type": { "S": "auth.login" },
            "attempts": { "N": "8" }, "expires_at": { "N": until } })
    };
    put(
        "local-_deliveries",
        &parked("01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a01", "99999999999"),
    );
    put(
        "local-_deliveries",
        &parked("01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a02", "1"),
    );

    let told = status();
    let unfilled = "Not every record is in by.price: cargo admin backfill products by.price";
    assert!(told.lines().any(|line| line == unfilled), "{told}");
    let queue = format!(
        "{consumer} (shop\\u{{202e}}, active): 0 waiting, 0 of them failed before, 1 parked"
    );
    assert!(told.lines().any(|line| line == queue), "{told}");
    assert!(
        told.ends_with("?state=parked tells why deliveries are parked.\n"),
        "{told}"
    );
    let (done, filled) = checkout.admin(&["backfill", "products", "--all"]);
    assert!(done, "{filled}");
    let told = status();
    assert!(!told.contains("Not every record"), "{told}");

    // A table that is missing is told, and the rest as well.
    let lost = json!({ "TableName": "local-_deliveries" });
    dynamo.engine().call("DeleteTable", &lost).unwrap();
    let told = status();
    let line = |start: &str, what: &str| {
        let mut lines = told.lines();
        lines.any(|line| line.starts_with(start) && line.contains(what))
    };
    assert!(
        line("_deliveries ", "is not there: bring it back"),
        "{told}"
    );
    assert!(line("Consumers: not known: ", ""), "{told}");
}

#[test]
fn the_local_stack_has_neither_kept_logs_nor_usage() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, &[]);
    let checkout = Checkout::of(&world);
    let id = "6f1f4b5c-2f6b-4e3b-9f5e-7d0c8f9b1a2e";
    let line = format!(
        "`cargo dev` writes the functions' log to its own terminal and keeps none: look for {id} there.\n"
    );
    assert_eq!(checkout.admin(&["logs", id]), (true, line));
    let none =
        "cargo admin: AWS counts usage, and the local stack has none: name a stack with --stack\n";
    assert_eq!(checkout.admin(&["usage"]), (false, none.to_owned()));
}
