//! The events of every write, and those that a write must not make. Requests go to the functions, and the tables' streams
//! are read as the worker reads them.

mod accounts;
mod admins;
mod factors;
mod invitations;
mod keys;
mod look;
mod passkeys;
mod principals;
mod proofs;
mod providers;
mod records;
mod sealed;
mod templates;
mod webhooks;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use api::endpoints::{Action, PAGE};
use blackbox::{
    Apart, Event, Inside, Instance, PASSWORD, Reply, Streams, TERMS, fresh_email, stack,
};
use serde_json::{Value, json};

use self::look::{Told, assert_whole};
use self::sealed::assert_sealed;

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
    /// The endpoints that have done what they were asked.
    done: RefCell<BTreeSet<String>>,
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
            done: RefCell::default(),
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
        if status < 400 {
            self.done.borrow_mut().insert(function.to_owned());
        }
        let mut told = self.told.borrow_mut();
        told.shown.keep(&event, &reply);
        let events = told.read(&self.apart.dynamo);
        assert_types(&events, expected, function);
        for event in events.iter().filter(|it| it["actor"]["type"] != "system") {
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

    /// Asserts that exactly these events have happened without a request, and returns them.
    #[track_caller]
    fn seen(&self, expected: &[&str]) -> Vec<Value> {
        let events = self.told.borrow_mut().read(&self.apart.dynamo);
        assert_types(&events, expected, "without a request");
        events
    }

    /// Asserts what is true of all events together, that these are the endpoints that have written, and that they have kept
    /// nothing in clear.
    fn end(self, writes: &[&str]) {
        self.end_with(writes, "");
    }

    /// The same with the log of a worker.
    fn end_with(self, writes: &[&str], log: &str) {
        let done = self.done.into_inner();
        let done = done
            .iter()
            .map(String::as_str)
            .filter(|name| writes_at_all(name));
        assert_eq!(
            done.collect::<BTreeSet<_>>(),
            writes.iter().copied().collect()
        );
        let (told, functions) = (self.told.into_inner(), self.functions.into_inner());
        let logs = functions.values().map(Instance::log);
        let log: String = logs.chain([log.to_owned()]).collect();
        assert_sealed(&told, (&self.apart, &self.inside.template), &log);
        assert_whole(&told);
    }
}

/// Whether the policy of an endpoint lets it write anything.
fn writes_at_all(name: &str) -> bool {
    let entry = PAGE.iter().find(|entry| entry.name == name).unwrap();
    let mut actions = entry.granted().map(|(action, _)| action);
    actions.any(|action| match action {
        Action::PutItem | Action::UpdateItem | Action::DeleteItem | Action::BatchWriteItem => true,
        Action::GetItem | Action::BatchGetItem | Action::Query | Action::ConditionCheckItem => {
            false
        }
    })
}

/// Each test below ends with the list of the endpoints that it let write. Together they are all that can.
#[test]
fn every_endpoint_that_writes_is_played() {
    let played: BTreeSet<&str> = [
        accounts::OF_SESSIONS,
        accounts::OF_ACCOUNTS,
        admins::WRITES,
        factors::WRITES,
        invitations::WRITES,
        keys::OF_SERVERS,
        keys::OF_LEAVERS,
        passkeys::WRITES,
        principals::WRITES,
        proofs::OF_PROOFS,
        providers::WRITES,
        records::OF_RECORDS,
        records::OF_RESERVATIONS,
        templates::WRITES,
        webhooks::WRITES,
    ]
    .concat()
    .into_iter()
    .collect();
    let names = PAGE.iter().map(|entry| entry.name);
    let written: BTreeSet<&str> = names.filter(|name| writes_at_all(name)).collect();
    assert_eq!(played, written);
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
