//! The events of every write, and those that a write must not make: requests to the functions, then the tables' streams
//! read as the worker reads them.

mod accounts;
mod admins;
mod keys;
mod look;
mod records;

use std::cell::RefCell;
use std::collections::BTreeMap;

use blackbox::{Apart, Event, Inside, Instance, PASSWORD, Reply, Streams, fresh_email, stack};
use serde_json::{Value, json};

use self::look::{Told, assert_whole};

/// The source address of every request here.
const ADDRESS: &str = "203.0.113.7";
/// The `User-Agent` of every request here.
const AGENT: &str = "events/1";

/// Empty tables with streams, the functions that were asked for, and everything that their requests have led to.
struct Play<'a> {
    inside: &'a Inside,
    apart: Apart<'a>,
    functions: RefCell<BTreeMap<String, Instance<'a>>>,
    told: RefCell<Told>,
    admin: Member,
}

/// A user with a session.
#[derive(Clone, Default)]
struct Member {
    id: String,
    email: String,
    access: String,
    refresh: String,
}

/// A reply with the events of its request.
struct Done {
    reply: Reply,
    events: Vec<Value>,
}

impl Done {
    fn member(&self) -> Member {
        let body = self.reply.json();
        Member {
            id: text(&body["user"]["id"]),
            email: text(&body["user"]["email"]),
            access: text(&body["accessToken"]),
            refresh: text(&body["refreshToken"]),
        }
    }

    /// The only event of this type.
    #[track_caller]
    fn event(&self, kind: &str) -> &Value {
        let mut found = self.events.iter().filter(|event| event["type"] == kind);
        let event = found.next().unwrap_or_else(|| panic!("no {kind}"));
        assert!(found.next().is_none(), "two of {kind}");
        event
    }
}

impl<'a> Play<'a> {
    fn new(inside: &'a Inside) -> Self {
        let apart = Apart::with_streams(inside);
        let told = Told::new(Streams::new(&apart.dynamo, &inside.template));
        let mut play = Self {
            inside,
            apart,
            functions: RefCell::default(),
            told: RefCell::new(told),
            admin: Member::default(),
        };
        let email = fresh_email();
        let own = [("BAKEND_ADMIN_EMAIL", email.as_str())];
        let event = post("/api/auth/register", &credentials(&email));
        let made = play.ask_told("register", &own, event, 201, &["auth.register"]);
        assert_eq!(made.events[0]["actor"]["role"], "admin");
        play.admin = made.member();
        play
    }

    /// Sends a request, and asserts its status and exactly these events, in any order.
    #[track_caller]
    fn ask(&self, function: &str, event: Event, status: u16, expected: &[&str]) -> Done {
        self.ask_told(function, &[], event, status, expected)
    }

    /// The same with variables for the function.
    #[track_caller]
    fn ask_told(
        &self,
        function: &str,
        variables: &[(&str, &str)],
        event: Event,
        status: u16,
        expected: &[&str],
    ) -> Done {
        let event = event.source_ip(ADDRESS).header("user-agent", AGENT);
        let name = format!("{function} {variables:?}");
        let mut functions = self.functions.borrow_mut();
        let start = || self.apart.function(function, "events", variables);
        let instance = functions.entry(name).or_insert_with(start);
        let reply = self.apart.ask(instance, &event).expect(status);
        let mut told = self.told.borrow_mut();
        told.keep_secrets(&event, &reply);
        let events = told.read(&self.apart.dynamo);
        assert_types(&events, expected, function);
        for event in &events {
            let request = &event["request"];
            let id = reply.header("x-request-id");
            assert_eq!(request["id"].as_str(), id, "{function}: {event}");
            assert!(event["actor"].is_object(), "{function}: {event}");
            let record = text(&event["type"]).starts_with("record.");
            let from = (&request["ip"], &request["userAgent"]);
            let expected = if record {
                (&Value::Null, &Value::Null)
            } else {
                (&json!(ADDRESS), &json!(AGENT))
            };
            assert_eq!(from, expected, "{function}: {event}");
        }
        Done { reply, events }
    }

    fn registers(&self) -> Member {
        let event = post("/api/auth/register", &credentials(&fresh_email()));
        self.ask("register", event, 201, &["auth.register"])
            .member()
    }

    fn logs_in(&self, member: &Member) -> Member {
        let event = post("/api/auth/login", &credentials(&member.email));
        self.ask("login", event, 200, &["auth.login"]).member()
    }

    /// What happened without a request, exactly these events.
    #[track_caller]
    fn seen(&self, expected: &[&str]) -> Vec<Value> {
        let events = self.told.borrow_mut().read(&self.apart.dynamo);
        assert_types(&events, expected, "without a request");
        events
    }

    /// Asserts what is true of all events together.
    fn end(self) {
        assert_whole(&self.told.into_inner());
    }
}

#[track_caller]
fn assert_types(events: &[Value], expected: &[&str], name: &str) {
    let mut types: Vec<String> = events.iter().map(|event| text(&event["type"])).collect();
    let mut expected = expected.to_vec();
    types.sort_unstable();
    expected.sort_unstable();
    assert_eq!(types, expected, "{name}: {events:#?}");
}

fn post(path: &str, body: &Value) -> Event {
    Event::new("POST", path).json(body)
}

fn patch(path: &str, body: &Value) -> Event {
    Event::new("PATCH", path).json(body)
}

fn delete(path: &str) -> Event {
    Event::new("DELETE", path)
}

fn credentials(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
