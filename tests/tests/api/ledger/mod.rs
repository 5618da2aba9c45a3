//! The cost of every request: the DynamoDB requests of each endpoint, its waits for them, and the units, against the
//! table of the design.

mod accounts;
mod depth;
mod factors;
mod invitations;
mod keys;
mod mails;
mod passkeys;
mod principals;
mod proofs;
mod providers;
mod records;
mod sessions;
mod strangers;
mod templates;
mod users;
mod webhooks;

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use blackbox::{Apart, Event, Instance, PASSWORD, Reply, TERMS, fresh_email, stack};
use local::proxy::{Call, hops};
use serde_json::{Value, json};

use self::accounts::{accounts, own_account};
use self::depth::{in_depth, row_filters};
use self::factors::factors;
use self::invitations::invitations;
use self::keys::api_keys;
use self::mails::{address_changes, magic_links};
use self::passkeys::passkeys;
use self::principals::principals;
use self::proofs::{registrations, resets, verifications};
use self::providers::providers;
use self::records::{lists, records, votes};
use self::sessions::sessions;
use self::strangers::{Accounts, strangers};
use self::templates::templates;
use self::users::{old_keys, touches_nothing, users};
use self::webhooks::webhooks;

/// The time by which every reply of DynamoDB is held back. It is twice the distance of two requests sent together, while
/// six tests run on two cores.
const DELAY: Duration = Duration::from_millis(120);

/// Set to anything, it makes this test write the table into the document instead of comparing.
const REWRITE: &str = "BAKEND_LEDGER";

const BEGIN: &str = "<!-- ledger: made by the command above -->\n";

const END: &str = "<!-- end of ledger -->";

/// A record of less than 1 KB, and one of less than 4 KB, each with all that is stored beside its fields.
const SIZES: [(&str, usize, f64); 2] = [("1 KB", 500, 1.0), ("4 KB", 3500, 4.0)];

/// One line of the table.
struct Row {
    endpoint: &'static str,
    variant: String,
    requests: String,
    hops: usize,
    read: f64,
    write: f64,
    design: &'static str,
}

/// The expected values of a line: requests, hops, read and write units.
type Expected<'a> = (&'a str, usize, f64, f64);

struct Ledger<'a> {
    apart: Apart<'a>,
    rows: Vec<Row>,
    wrong: String,
}

/// A user signed in on the tables of this test.
struct Member {
    id: String,
    access: String,
    refresh: String,
}

impl<'a> Ledger<'a> {
    fn function(&self, name: &str, env: &[(&str, &str)]) -> Instance<'a> {
        let instance = self.apart.function(name, "ledger", env);
        self.apart.proxy.delay(&instance.key, DELAY);
        instance
    }

    /// Sends a request and writes a line with its cost; `design` is the design's bound, and the reason where the two
    /// differ. An instance looks at the kept names once for each collection: these requests are left out, and have a
    /// line of their own.
    #[track_caller]
    fn row(
        &mut self,
        function: (&'static str, &Instance<'_>),
        variant: impl Into<String>,
        (event, status): (&Event, u16),
        expected: Expected<'_>,
        design: &'static str,
    ) -> Reply {
        let (reply, mut calls) = self.apart.measure(function.1, event);
        assert_eq!(reply.status, status, "{}", reply.text());
        calls.retain(|call| !is_look_at_kept(call));
        self.line(function.0, variant, &calls, expected, design);
        reply
    }

    /// The line of an instance's first write to a collection.
    #[track_caller]
    fn first_row(
        &mut self,
        function: (&'static str, &Instance<'_>),
        variant: &str,
        (event, status): (&Event, u16),
        expected: Expected<'_>,
        design: &'static str,
    ) {
        let (reply, calls) = self.apart.measure(function.1, event);
        assert_eq!(reply.status, status, "{}", reply.text());
        assert!(calls.iter().any(is_look_at_kept));
        self.line(function.0, variant, &calls, expected, design);
    }

    fn line(
        &mut self,
        endpoint: &'static str,
        variant: impl Into<String>,
        calls: &[Call],
        expected: Expected<'_>,
        design: &'static str,
    ) {
        let units = |of: fn(&Call) -> f64| calls.iter().map(of).fold(0.0, |sum, units| sum + units);
        let row = Row {
            endpoint,
            variant: variant.into(),
            requests: requests(calls),
            hops: hops(calls),
            read: units(|call| call.read),
            write: units(|call| call.write),
            design,
        };
        let measured = (row.requests.as_str(), row.hops, row.read, row.write);
        if measured != expected {
            let (endpoint, variant) = (row.endpoint, &row.variant);
            let _ = writeln!(
                self.wrong,
                "{endpoint}, {variant}:\n  is {measured:?},\n  not {expected:?}"
            );
        }
        self.rows.push(row);
    }

    fn table(&self) -> String {
        let mut text =
            "| Endpoint | Variant | Requests | Hops | RRU | WRU | Design |\n|---|---|---|--:|--:|--:|---|\n".to_owned();
        for row in &self.rows {
            let Row {
                endpoint,
                variant,
                requests,
                hops,
                read,
                write,
                design,
            } = row;
            let _ = writeln!(
                text,
                "| {endpoint} | {variant} | {requests} | {hops} | {read} | {write} | {design} |"
            );
        }
        text
    }
}

/// Whether a call is for the item with the kept names alone.
fn is_look_at_kept(call: &Call) -> bool {
    let kept = ("id".to_owned(), "#kept".to_owned());
    matches!(call.access.as_slice(), [access] if access.keys.contains(&kept))
}

/// The requests in their order: `∥` between those under way together, `→` where one had to wait.
fn requests(calls: &[Call]) -> String {
    let mut groups: Vec<Vec<&Call>> = Vec::new();
    for call in calls {
        match groups.last_mut() {
            // Those under way together are so for most of the time that replies are held back.
            Some(group) if group.iter().any(|other| call.start + DELAY / 2 < other.end) => {
                group.push(call)
            }
            _ => groups.push(vec![call]),
        }
    }
    let group = |calls: &Vec<&Call>| {
        let mut together: Vec<String> = calls.iter().map(|call| request(call)).collect();
        together.sort();
        together.join(" ∥ ")
    };
    if groups.is_empty() {
        "none".to_owned()
    } else {
        groups.iter().map(group).collect::<Vec<_>>().join(" → ")
    }
}

fn request(call: &Call) -> String {
    let table = |call: &local::proxy::Access| {
        let table = call
            .table
            .strip_prefix(local::TABLE_PREFIX)
            .unwrap_or(&call.table)
            .to_owned();
        call.index
            .as_ref()
            .map_or_else(|| table.clone(), |index| format!("{table}/{index}"))
    };
    let parts: Vec<String> = if call.operation.starts_with("Transact") {
        call.access
            .iter()
            .map(|access| format!("{} {}", access.action, table(access)))
            .collect()
    } else {
        call.access.iter().map(table).collect()
    };
    let refused = if call.status == 400 { " (refused)" } else { "" };
    format!("{} {}{refused}", call.operation, parts.join(", "))
}

fn credentials(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

fn member(reply: &Reply) -> Member {
    let body = reply.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Member {
        id: text(&body["user"]["id"]),
        access: text(&body["accessToken"]),
        refresh: text(&body["refreshToken"]),
    }
}

fn post(path: &str, body: &Value) -> Event {
    Event::new("POST", path).json(body)
}

fn title(bytes: usize) -> Value {
    json!({ "title": "x".repeat(bytes) })
}

const CHECK: &str = "BatchGetItem _sessions, _users";

#[test]
fn every_request_costs_what_the_design_says() {
    let Some(inside) = stack().inside() else {
        return;
    };
    if stack().has_another_engine() {
        return;
    }
    let mut ledger = Ledger {
        apart: Apart::new(inside),
        rows: Vec::new(),
        wrong: String::new(),
    };
    let admin_email = fresh_email();
    let register = ledger.function("register", &[("BAKEND_ADMIN_EMAIL", &admin_email)]);
    let owner = accounts(&mut ledger, &register, &admin_email);
    let another = member(&ledger.apart.ask(
        &register,
        &post("/api/auth/register", &credentials(&fresh_email(), PASSWORD)),
    ));

    sessions(&mut ledger, &register);
    own_account(&mut ledger, &register);
    lists(&mut ledger, &owner);
    records(&mut ledger, &owner, &another);
    in_depth(&mut ledger, &owner);
    row_filters(&mut ledger, &owner);
    let admin = ledger.apart.ask(
        &ledger.function("login", &[]),
        &post("/api/auth/login", &credentials(&admin_email, PASSWORD)),
    );
    api_keys(&mut ledger, &member(&admin), &another);
    webhooks(&mut ledger, &member(&admin));
    templates(&mut ledger, &member(&admin));
    users(&mut ledger, &owner);
    let accounts = Accounts::new(&ledger, &register, &member(&admin), 0);
    magic_links(&mut ledger, &accounts);
    address_changes(&mut ledger, &register);
    invitations(&mut ledger, &register, &member(&admin));
    strangers(&mut ledger, &register, &member(&admin));
    registrations(&mut ledger);
    verifications(&mut ledger);
    resets(&mut ledger, &register);
    passkeys(&mut ledger, &register);
    factors(&mut ledger, &register, &member(&admin));
    principals(&mut ledger, &member(&admin), &another);
    providers(&mut ledger, &register, &member(&admin));
    votes(&mut ledger, &owner);
    touches_nothing(&mut ledger);
    old_keys(&mut ledger, &member(&admin));

    let table = ledger.table();
    println!("ledger:\n{table}");
    assert!(
        ledger.wrong.is_empty(),
        "the cost has changed:\n{}",
        ledger.wrong
    );
    compare_with_document(&table);
}

pub(crate) fn set_role(apart: &Apart<'_>, user: &str, role: &str) {
    let update = json!({ "TableName": "local-_users", "Key": { "id": { "S": user } },
        "UpdateExpression": "SET #r = :r", "ConditionExpression": "attribute_exists(#r)",
        "ExpressionAttributeNames": { "#r": "role" }, "ExpressionAttributeValues": { ":r": { "S": role } } });
    apart.dynamo.engine().call("UpdateItem", &update).unwrap();
}

/// The document has this very table.
fn compare_with_document(table: &str) {
    let path = local::root().join("docs/performance.md");
    let document = fs::read_to_string(&path).unwrap_or_default();
    let parts = document
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?)));
    let (before, (written, after)) =
        parts.unwrap_or_else(|| panic!("docs/performance.md has no lines {BEGIN:?} and {END:?}"));
    if std::env::var_os(REWRITE).is_some() {
        fs::write(&path, format!("{before}{BEGIN}\n{table}\n{END}{after}")).unwrap();
    } else {
        assert!(
            written.trim() == table.trim(),
            "the ledger in docs/performance.md is stale; renew it with: {REWRITE}=write cargo test -p blackbox --test api ledger"
        );
    }
}
