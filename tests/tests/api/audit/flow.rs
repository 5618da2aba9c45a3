//! Changes on their way into the log: every audited write is in it.

use blackbox::{Event, stack};
use serde_json::{Value, json};

use crate::world::World;

fn found(world: &World<'_>, query: &str) -> Vec<Value> {
    let event = Event::new("GET", &format!("/api/admin/audit?{query}"));
    let page = world.ask("audit-list", event, 200);
    page["items"].as_array().unwrap().clone()
}

/// The entries that a query finds, as soon as there are so many.
fn wait_for(world: &World<'_>, query: &str, count: usize) -> Vec<Value> {
    world.until(|| found(world, query), |entries| entries.len() >= count)
}

#[test]
fn every_audited_write_of_a_record_is_in_the_log_with_its_actor_and_without_values() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, &[("events", &[])]);
    let id = world.create("wiki", &json!({ "title": "a secret title" }));
    let path = format!("/api/wiki/{id}");
    let change = Event::new("PATCH", &path).json(&json!({ "title": "another title" }));
    let _ = world.ask("records-update", change, 200);
    let _ = world.ask("records-delete", Event::new("DELETE", &path), 204);
    // A refused write and a record of another collection make no entry.
    let refused = Event::new("POST", "/api/wiki").json(&json!({ "title": 1 }));
    let _ = world.ask("records-create", refused, 400);
    let other = Event::new("POST", "/api/posts").json(&json!({ "title": "x" }));
    let _ = world.ask("records-create", other, 201);

    let entries = wait_for(&world, &format!("subject={id}"), 3);
    let types: Vec<&str> = entries
        .iter()
        .filter_map(|it| it["type"].as_str())
        .collect();
    assert_eq!(
        types,
        ["record.deleted", "record.updated", "record.created"]
    );
    let admin = &world.admin["user"]["id"];
    for entry in &entries {
        assert_eq!(
            (&entry["actor"]["type"], &entry["actor"]["id"]),
            (&json!("user"), admin)
        );
        assert_eq!(entry["subject"]["collection"], "wiki");
        // The owner field comes and goes with the record.
        let changed = match entry["type"].as_str() {
            Some("record.updated") => json!(["title"]),
            _ => json!(["title", "user_id"]),
        };
        assert_eq!(entry["changed"], changed, "{entry}");
        assert!(entry["requestId"].is_string(), "{entry}");
        assert!(!entry.to_string().contains(" title"), "{entry}");
    }
    let by_actor = found(
        &world,
        &format!("actor={}&type=record.*", admin.as_str().unwrap()),
    );
    assert_eq!(by_actor, entries);
    let updated = found(&world, &format!("subject={id}&type=record.updated"));
    assert_eq!(updated, entries[1..2]);
    // Items are at most a kilobyte, and lie in the table as a whole.
    for item in world.scan("local-_audit") {
        assert!(item.to_string().len() < 1024, "{item}");
    }
    assert_eq!(world.flow.apart.proxy.denied(), []);
}

#[test]
fn pages_of_the_log_are_whole_and_newest_first() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, &[("events", &[])]);
    let made = (0..30).map(|at| world.create("wiki", &json!({ "title": at.to_string() })));
    let made: Vec<String> = made.collect();
    let _ = wait_for(&world, "type=record.created&limit=100", made.len());
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/admin/audit?limit=7&type=record.*{cursor}");
        let page = world.ask("audit-list", Event::new("GET", &path), 200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 7);
        seen.extend(
            items
                .iter()
                .map(|it| it["subject"]["id"].as_str().unwrap().to_owned()),
        );
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let newest_first: Vec<String> = made.iter().rev().cloned().collect();
    assert_eq!(seen, newest_first);
}
