//! Changes on their way into the log: every audited write is in it, whatever happens to the pump.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use blackbox::{Event, Flow, Instance, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

/// How long an entry may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A flow with an admin, and the functions that write what the log keeps.
struct World<'a> {
    flow: Flow<'a>,
    admin: Value,
    create: Instance<'a>,
    update: Instance<'a>,
    delete: Instance<'a>,
    list: Instance<'a>,
}

impl<'a> World<'a> {
    fn new(inside: &'a blackbox::Inside) -> Self {
        let flow = Flow::new(inside);
        let email = fresh_email();
        let own = [("BAKEND_ADMIN_EMAIL", email.as_str())];
        let register = flow.apart.function("register", "audit", &own);
        let body = json!({ "email": email, "password": PASSWORD });
        let event = Event::new("POST", "/api/auth/register").json(&body);
        let admin = flow.apart.ask(&register, &event).expect(201).json();
        let start = |name: &str| flow.apart.function(name, "audit", &[]);
        Self {
            create: start("records-create"),
            update: start("records-update"),
            delete: start("records-delete"),
            list: start("audit-list"),
            admin,
            flow,
        }
    }

    fn ask(&self, function: &Instance<'_>, event: Event, status: u16) -> Value {
        let token = self.admin["accessToken"].as_str().unwrap();
        let reply = self.flow.apart.ask(function, &event.token(token));
        reply.expect(status).json()
    }

    fn create(&self, title: &str) -> String {
        let event = Event::new("POST", "/api/wiki").json(&json!({ "title": title }));
        let made = self.ask(&self.create, event, 201);
        made["id"].as_str().unwrap().to_owned()
    }

    fn entries(&self, query: &str) -> Vec<Value> {
        let event = Event::new("GET", &format!("/api/admin/audit?{query}"));
        let page = self.ask(&self.list, event, 200);
        page["items"].as_array().unwrap().clone()
    }

    /// The entries that a query finds, as soon as there are so many.
    fn wait_for(&self, query: &str, count: usize) -> Vec<Value> {
        let started = Instant::now();
        loop {
            let entries = self.entries(query);
            if entries.len() >= count {
                return entries;
            }
            let log = self.flow.log();
            assert!(started.elapsed() < PATIENCE, "{entries:#?}\n{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn every_audited_write_of_a_record_is_in_the_log_with_its_actor_and_without_values() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    world.flow.start_worker("events", &[]);
    world.flow.open();
    let id = world.create("a secret title");
    let path = format!("/api/wiki/{id}");
    let change = Event::new("PATCH", &path).json(&json!({ "title": "another title" }));
    let _ = world.ask(&world.update, change, 200);
    let _ = world.ask(&world.delete, Event::new("DELETE", &path), 204);
    // A refused write and a record of another collection make no entry.
    let refused = Event::new("POST", "/api/wiki").json(&json!({ "title": 1 }));
    let _ = world.ask(&world.create, refused, 400);
    let other = Event::new("POST", "/api/posts").json(&json!({ "title": "x" }));
    let _ = world.ask(&world.create, other, 201);

    let entries = world.wait_for(&format!("subject={id}"), 3);
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
    let by_actor = world.entries(&format!("actor={}&type=record.*", admin.as_str().unwrap()));
    assert_eq!(by_actor, entries);
    let updated = world.entries(&format!("subject={id}&type=record.updated"));
    assert_eq!(updated, entries[1..2]);
    // Items are at most a kilobyte, and lie in the table as a whole.
    let scan = json!({ "TableName": "local-_audit" });
    let items = world
        .flow
        .apart
        .dynamo
        .engine()
        .call("Scan", &scan)
        .unwrap();
    for item in items["Items"].as_array().unwrap() {
        assert!(item.to_string().len() < 1024, "{item}");
    }
    assert_eq!(world.flow.apart.proxy.denied(), []);
}

#[test]
fn pages_of_the_log_are_whole_and_newest_first() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let made: Vec<String> = (0..30).map(|at| world.create(&at.to_string())).collect();
    world.flow.start_worker("events", &[]);
    world.flow.open();
    let _ = world.wait_for("type=record.created&limit=100", made.len());
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/admin/audit?limit=7&type=record.*{cursor}");
        let page = world.ask(&world.list, Event::new("GET", &path), 200);
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

/// How often the pump is killed; BAKEND_TEST_KILLS asks for more.
const KILLS: usize = 8;

#[test]
fn no_entry_is_lost_when_the_pump_dies_and_none_is_there_twice() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let kills = std::env::var("BAKEND_TEST_KILLS").ok();
    let kills = kills.and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let world = World::new(inside);
    world.flow.start_worker("events", &[]);
    let mut made = BTreeSet::new();
    for round in 0..kills {
        world.flow.open();
        for at in 0..10 {
            made.insert(world.create(&format!("{round}-{at}")));
        }
        // At another point each time: before, within and after a delivery.
        std::thread::sleep(Duration::from_millis((round as u64 * 37) % 120));
        world.flow.close();
    }
    world.flow.open();
    let started = Instant::now();
    loop {
        let scan = json!({ "TableName": "local-_audit", "FilterExpression": "#t = :t",
            "ExpressionAttributeNames": { "#t": "type" },
            "ExpressionAttributeValues": { ":t": { "S": "record.created" } } });
        let items = world
            .flow
            .apart
            .dynamo
            .engine()
            .call("Scan", &scan)
            .unwrap();
        let items = items["Items"].as_array().unwrap().clone();
        let subjects: BTreeSet<String> = items
            .iter()
            .filter_map(|item| Some(item["subject"]["S"].as_str()?.to_owned()))
            .collect();
        assert_eq!(subjects.len(), items.len(), "an entry is there twice");
        if subjects == made {
            break;
        }
        assert!(
            started.elapsed() < PATIENCE,
            "{} of {}",
            subjects.len(),
            made.len()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}
