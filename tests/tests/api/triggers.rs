//! Triggers: the suite's own code, after events that went the whole way.

use std::time::{Duration, Instant};

use blackbox::{Event, Flow, Instance, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

/// How long a trigger may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A flow with the suite's triggers, an admin, and the functions that write and read records.
struct World<'a> {
    flow: Flow<'a>,
    admin: Value,
    create: Instance<'a>,
    delete: Instance<'a>,
    list: Instance<'a>,
    deliveries: Instance<'a>,
}

impl<'a> World<'a> {
    fn new(inside: &'a blackbox::Inside) -> Self {
        let mut flow = Flow::new(inside);
        let email = fresh_email();
        let own = [("BAKEND_ADMIN_EMAIL", email.as_str())];
        let register = flow.apart.function("register", "triggers", &own);
        let body = json!({ "email": email, "password": PASSWORD });
        let event = Event::new("POST", "/api/auth/register").json(&body);
        let admin = flow.apart.ask(&register, &event).expect(201).json();
        let start = |name: &str| flow.apart.function(name, "triggers", &[]);
        let (create, delete) = (start("records-create"), start("records-delete"));
        let (list, deliveries) = (start("records-list"), start("deliveries-list"));
        flow.start_worker("triggers", &[]);
        flow.start_worker("events", &[]);
        flow.open();
        Self {
            create,
            delete,
            list,
            deliveries,
            admin,
            flow,
        }
    }

    fn ask(&self, function: &Instance<'_>, event: Event, status: u16) -> Value {
        let token = self.admin["accessToken"].as_str().unwrap();
        let reply = self.flow.apart.ask(function, &event.token(token));
        let reply = reply.expect(status);
        if status == 204 {
            Value::Null
        } else {
            reply.json()
        }
    }

    fn create(&self, collection: &str, fields: &Value) -> String {
        let event = Event::new("POST", &format!("/api/{collection}")).json(fields);
        let made = self.ask(&self.create, event, 201);
        made["id"].as_str().unwrap().to_owned()
    }

    /// The values of a field in a collection, sorted, as soon as `enough` says so.
    fn wait_for(
        &self,
        (collection, field): (&str, &str),
        enough: impl Fn(&[String]) -> bool,
    ) -> Vec<String> {
        self.until(
            || {
                let event = Event::new("GET", &format!("/api/{collection}?limit=100"));
                let page = self.ask(&self.list, event, 200);
                let items = page["items"].as_array().unwrap();
                let values = items.iter().filter_map(|item| item[field].as_str());
                let mut values: Vec<String> = values.map(ToOwned::to_owned).collect();
                values.sort();
                values
            },
            |values| enough(values),
        )
    }

    /// The deliveries of a trigger, as soon as `enough` says so.
    fn wait_for_deliveries(&self, trigger: &str, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let path = format!("/api/admin/consumers/{trigger}/deliveries");
        self.until(
            || {
                let page = self.ask(&self.deliveries, Event::new("GET", &path), 200);
                page["items"].as_array().unwrap().clone()
            },
            |items| enough(items),
        )
    }

    fn until<T: std::fmt::Debug>(&self, look: impl Fn() -> T, enough: impl Fn(&T) -> bool) -> T {
        let started = Instant::now();
        loop {
            let found = look();
            if enough(&found) {
                return found;
            }
            let log = self.flow.log();
            assert!(started.elapsed() < PATIENCE, "{found:#?}\n{log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn a_trigger_runs_after_its_event_and_writes_as_the_system() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let titles = world.wait_for(("notes", "title"), |titles| !titles.is_empty());
    assert_eq!(titles, ["Welcome!"]);
    let note = world.ask(&world.list, Event::new("GET", "/api/notes"), 200);
    let user = &world.admin["user"]["id"];
    assert_eq!(&note["items"][0]["assignee"], user);
    assert_eq!(note["items"][0]["createdBy"], Value::Null);
    let scan = json!({ "TableName": "local-notes" });
    let items = world
        .flow
        .apart
        .dynamo
        .engine()
        .call("Scan", &scan)
        .unwrap();
    let items = items["Items"].as_array().unwrap().clone();
    let actor = items.iter().find_map(|item| item.get("actor")).unwrap();
    assert_eq!(actor["M"]["by"]["S"], "system");
    assert_eq!(actor["M"]["trigger"]["S"], "welcome");
    assert_eq!(actor["M"]["depth"]["N"], "1");
    let done = world.wait_for_deliveries("welcome", |items| {
        items.iter().all(|item| item["state"] == "delivered")
    });
    assert_eq!((done.len(), &done[0]["type"]), (1, &json!("auth.register")));
}

#[test]
fn a_trigger_that_feeds_itself_stops_at_the_deepest_event() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let _ = world.create("drafts", &json!({ "title": "a" }));
    let parked = world.wait_for_deliveries("echo", |items| {
        items.iter().any(|item| item["state"] == "parked")
    });
    let looped: Vec<&Value> = parked
        .iter()
        .filter(|item| item["state"] == "parked")
        .collect();
    assert_eq!(
        (looped.len(), &looped[0]["last"]["error"]),
        (1, &json!("loop"))
    );
    assert_eq!(looped[0]["attempts"], 1);
    let titles = world.wait_for(("drafts", "title"), |titles| titles.len() >= 4);
    assert_eq!(titles, ["a", "a+", "a++", "a+++"]);
}

#[test]
fn an_event_whose_code_fails_waits_and_the_others_go_on() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    for message in ["fail", "foreign", "hello"] {
        let _ = world.create("feedback", &json!({ "message": message }));
    }
    let titles = world.wait_for(("notes", "title"), |titles| titles.len() >= 2);
    assert_eq!(titles, ["Welcome!", "seen hello"]);
    let all = world.wait_for_deliveries("picky", |items| {
        items.len() == 3 && items.iter().all(|item| item["attempts"] == 1)
    });
    let errors: Vec<&str> = all
        .iter()
        .filter(|item| item["state"] == "waiting")
        .map(|item| item["last"]["error"].as_str().unwrap())
        .collect();
    assert_eq!(errors.len(), 2, "{all:#?}");
    assert!(errors.contains(&"as asked"), "{errors:?}");
    // The role has no right on a collection that the trigger does not name.
    assert!(
        errors
            .iter()
            .any(|error| error.contains("wiki") || error.starts_with("common/internal")),
        "{errors:?}"
    );
}

#[test]
fn a_trigger_that_runs_twice_creates_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let mut world = World::new(inside);
    let first = world.create("feedback", &json!({ "message": "one" }));
    let _ = world.ask(
        &world.delete,
        Event::new("DELETE", &format!("/api/feedback/{first}")),
        204,
    );
    let failed =
        |items: &[Value], attempts: u32| items.iter().any(|item| item["attempts"] == attempts);
    let once = world.wait_for_deliveries("twice", |items| failed(items, 1));
    assert_eq!(once[0]["last"]["error"], "once more");
    // Two minutes later, another event wakes the trigger, and the first one is due again.
    world
        .flow
        .start_worker("triggers", &[("BAKEND_CLOCK_OFFSET", "2m")]);
    let other = world.create("feedback", &json!({ "message": "two" }));
    let _ = world.ask(
        &world.delete,
        Event::new("DELETE", &format!("/api/feedback/{other}")),
        204,
    );
    let _ = world.wait_for_deliveries("twice", |items| items.len() == 2 && failed(items, 2));
    let titles = world.wait_for(("notes", "title"), |titles| {
        titles.iter().filter(|title| *title == "first").count() >= 2
    });
    let made = titles.iter().filter(|title| *title == "first").count();
    assert_eq!(
        made, 2,
        "one for each of two events, of three runs: {titles:?}"
    );
}
