//! DynamoDB's faults: it throttles, fails, hangs, closes the connection, or loses the reply of a write that was done.
//! The caller gets 503 with `Retry-After` or success, and the tables are whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use api::endpoints::{Action, PAGE, Table};
use blackbox::{Apart, Event, Reply, fresh_email, stack};
use local::proxy::{Fault, Rule};
use serde_json::{Value, json};

use self::world::{Act, World, credentials, text};

mod accounts;
mod factors;
mod invitations;
mod keys;
mod mails;
mod passkeys;
mod proofs;
mod providers;
mod records;
mod services;
mod templates;
mod users;
mod webhooks;
mod world;

/// How many targets of an area suffer at a time: most of them wait, and the other areas and tests run beside.
const WORKERS: usize = 4;

/// How a request goes wrong.
fn faults() -> Vec<(&'static str, Fault)> {
    vec![
        ("throttled", Fault::Throttle),
        ("500", Fault::Internal),
        ("connection closed", Fault::Close),
        ("no reply", Fault::Hang),
        ("reply lost after it was done", Fault::LoseReply),
        ("reply too late", Fault::Delay(Duration::from_millis(1500))),
        ("transaction conflict", Fault::Conflict),
        ("keys unprocessed", Fault::Unprocessed),
    ]
}

/// Prepares a row's act in a world, given the admin's address in the failing function.
type Arrange = for<'a, 'w> fn(&'a World<'w>, &str) -> Act<'a>;

/// A request that fails, and the act that makes it.
#[derive(Clone, Copy)]
struct Row {
    function: &'static str,
    /// The function's DynamoDB action on this table.
    action: &'static str,
    table: &'static str,
    /// The number of such requests that succeed before the fault.
    after: usize,
    /// Prepares the act and says what must hold after it, whatever the reply was.
    arrange: Arrange,
    /// The act's name.
    name: &'static str,
    /// The function's variables.
    variables: &'static [(&'static str, &'static str)],
    /// A function for each act. Only one address is an admin's, and it can be registered once; an instance looks at the
    /// kept names once.
    is_fresh: bool,
}

impl Row {
    /// With these variables of the function.
    const fn told(mut self, variables: &'static [(&'static str, &'static str)]) -> Self {
        self.variables = variables;
        self
    }

    /// With a function for each act that knows another admin's address.
    const fn of_fresh_functions(mut self) -> Self {
        self.is_fresh = true;
        self
    }
}

/// A row of function, action, table, how many such requests go well before, and the act.
macro_rules! row {
    ($function:literal, $action:literal, $table:literal, $after:literal, $arrange:ident) => {
        $crate::faults::Row {
            function: $function,
            action: $action,
            table: $table,
            after: $after,
            arrange: $arrange,
            name: stringify!($arrange),
            variables: &[],
            is_fresh: false,
        }
    };
}
use row;

/// The areas, each with a test: they run beside each other.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Area {
    Accounts,
    Factors,
    Invitations,
    Keys,
    Mails,
    Passkeys,
    Proofs,
    Providers,
    Records,
    Services,
    Templates,
    Users,
    Webhooks,
}

impl Area {
    /// The area of an endpoint.
    fn of(function: &str) -> Self {
        match function.split_once('-') {
            Some(("records", _)) => Self::Records,
            Some(("invitations", _)) => Self::Invitations,
            Some(("mail", _)) => Self::Templates,
            Some(("passkeys", _)) => Self::Passkeys,
            Some(("email" | "magic", _)) => Self::Mails,
            Some(("register" | "verify", _) | ("password", "forgot" | "reset")) => Self::Proofs,
            None if function == "reauthenticate" => Self::Proofs,
            Some(("mfa", _) | ("users", "mfa")) => Self::Factors,
            Some(("users", _)) => Self::Users,
            Some(("oauth" | "accounts" | "providers", _)) => Self::Providers,
            Some(("service" | "auth", _)) => Self::Services,
            Some(("api" | "audit" | "settings", _)) => Self::Keys,
            Some(("webhooks" | "deliveries" | "triggers", _)) => Self::Webhooks,
            _ => Self::Accounts,
        }
    }
}

/// Whether a fault can happen to a request of this kind.
fn fits(fault: &Fault, action: &str, table: &str) -> bool {
    match fault {
        // No transaction ever writes it, nor the kept names, which the row of feedback updates.
        Fault::Conflict if table == "_throttle" => false,
        Fault::Conflict if (action, table) == ("UpdateItem", "feedback") => false,
        Fault::Conflict => matches!(action, "PutItem" | "UpdateItem"),
        Fault::Unprocessed => action == "BatchGetItem",
        _ => true,
    }
}

/// 503 with `Retry-After`, in the error shape and with its usual sentence.
#[track_caller]
fn assert_unavailable(reply: &Reply, what: &str) {
    assert_eq!(reply.status, 503, "{what}: {}", reply.text());
    assert_eq!(reply.header("retry-after"), Some("1"), "{what}");
    let expected = json!({ "error": { "code": "common/unavailable", "requestId": reply.header("x-request-id"),
        "message": "The service is busy; try again in a moment." } });
    // An endpoint that speaks OAuth says it in those words.
    let in_oauth = json!({ "error": "temporarily_unavailable",
        "error_description": "The service is busy; try again in a moment." });
    let expected = match reply.json()["error"].is_string() {
        true => in_oauth,
        false => expected,
    };
    assert_eq!(reply.json(), expected, "{what}");
}

/// One target through every fault, once and for all attempts; the time that each took.
fn suffer(world: &World<'_>, row: &Row, times: &Mutex<BTreeMap<String, Duration>>) {
    let Row {
        function,
        action,
        table,
        after,
        name: act,
        ..
    } = *row;
    let mut faulty = None;
    for (name, fault) in faults()
        .into_iter()
        .filter(|(_, fault)| fits(fault, action, table))
    {
        for always in [false, true] {
            let admin_email = fresh_email();
            if row.is_fresh || faulty.is_none() {
                // A cost that no stored hash has, so that a login renews it.
                let env = [
                    ("BAKEND_ADMIN_EMAIL", admin_email.as_str()),
                    ("BAKEND_AUTH_BCRYPT_COST", "5"),
                ];
                let env = if function == "login" {
                    &env[..]
                } else {
                    &env[..1]
                };
                let env = [env, row.variables].concat();
                faulty = Some(world.apart.function(function, "faulty", &env));
            }
            let instance = faulty.as_ref().expect("an instance");
            let extent = if always { "always" } else { "once" };
            let what = format!("{function} {act}, {action} on {table} {name} {extent}");

            let act = (row.arrange)(world, &admin_email);
            let rule = Rule::new(fault.clone())
                .key(&instance.key)
                .action(action)
                .table(table)
                .after(after);
            world
                .apart
                .proxy
                .fault(if always { rule } else { rule.times(1) });
            let start = Instant::now();
            let (reply, calls) = world.apart.measure(instance, &act.event);
            let took = start.elapsed();
            world.apart.proxy.clear(&instance.key);

            // DynamoDB's own retries do not go for a single write that meets a transaction; ours do for records.
            let ours = [
                "register",
                "me-update",
                "me-terms",
                "me-delete",
                "me-restore",
                "mfa-confirm",
                "sessions-end-others",
                "password-change",
            ];
            let begins_or_ends = ["users-session-end", "users-impersonate"].contains(&function);
            let of_accounts = function.starts_with("users-") && !begins_or_ends;
            let administers = of_accounts || function.starts_with("service-");
            // The notice of a wrong code that locks is a single write.
            let is_notice = function == "me-restore" && table == "_mail";
            let retried = function.starts_with("records-")
                || administers
                || ours.contains(&function) && !is_notice;
            let may_fail = always || (!retried && matches!(fault, Fault::Conflict));
            // A login has succeeded before its hash is renewed, and before its attempt is given back; a deletion before
            // its tombstone is removed.
            let forgiven = (function, action, table) == ("login", "UpdateItem", "_users")
                || (action, table) == ("DeleteItem", "_throttle")
                || (function.starts_with("records-") && action == "DeleteItem")
                    && (after == 1 || table == "notes");
            if reply.status == act.status && (!always || forgiven) {
                // A late call is in the ledger only when its reply has left.
                let waited = took >= Duration::from_secs(1);
                assert!(calls.len() > 1 || waited, "{what}: nothing went wrong");
            } else {
                assert!(may_fail, "{what}: {}", reply.text());
                assert_unavailable(&reply, &what);
            }
            (act.look)(&reply);
            let mut times = times.lock().unwrap();
            let slowest = times.entry(format!("{name}, {extent}")).or_default();
            *slowest = took.max(*slowest);
        }
    }
}

/// Every row of an area, some at a time; in the end the users are whole.
fn suffer_all(world: &World<'_>, area: Area, rows: &[Row]) {
    let ours = PAGE.iter().filter(|entry| Area::of(entry.name) == area);
    for entry in ours.filter(|entry| entry.touches_tables()) {
        // The settings are read when a function starts; see below. The API key is read before the handler, everywhere
        // in the same way.
        let elsewhere = |granted: &(Action, Table)| {
            granted.1 == Table::Settings || *granted == (Action::BatchGetItem, Table::ApiKeys)
        };
        for (action, _) in entry.granted().filter(|granted| !elsewhere(granted)) {
            let covered = rows
                .iter()
                .any(|row| row.function == entry.name && row.action == action.as_str());
            assert!(
                covered,
                "nothing goes wrong with {} of {}: add it to the rows of {area:?}",
                action.as_str(),
                entry.name
            );
        }
    }
    let (times, next) = (&Mutex::default(), &AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(move || {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    suffer(world, row, times);
                }
            });
        }
    });
    println!("slowest reply by fault:");
    for (fault, time) in times.lock().unwrap().iter() {
        println!("{:6} ms  {fault}", time.as_millis());
    }
    assert_every_user_is_whole(world);
}

/// Every record that has the value reserved it, and nothing is reserved but by such a record.
fn assert_every_reservation_is_held(world: &World<'_>, collection: &str, field: &str) {
    let items = world.scan(collection);
    let starts = |item: &Value, prefix: &str| text(&item["id"]["S"]).starts_with(prefix);
    let holders = |item: &&Value| item["data"]["M"].get(field).is_some();
    let mut having: Vec<String> = items
        .iter()
        .filter(holders)
        .map(|item| text(&item["id"]["S"]))
        .collect();
    let mut holding: Vec<String> = items
        .iter()
        .filter(|item| starts(item, "unique#"))
        .map(|item| text(&item["record"]["S"]))
        .collect();
    having.sort();
    holding.sort();
    assert_eq!(having, holding);
    println!(
        "{} values of {collection}.{field}, all reserved once",
        having.len()
    );
}

/// Every identity has its user, every user the identity of its address, its username, its second factor and a session, and
/// admins are counted.
fn assert_every_user_is_whole(world: &World<'_>) {
    let items = world.scan("_users");
    let id = |item: &Value| text(&item["id"]["S"]);
    let (identities, rest): (Vec<_>, Vec<_>) = items
        .iter()
        .partition(|item| id(item).starts_with("email#"));
    let (usernames, rest): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|item| id(item).starts_with("username#"));
    let (passkeys, rest): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|item| id(item).starts_with("passkey#"));
    let (counters, rest): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|item| id(item) == "#admins");
    let (factors, rest): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|item| id(item).starts_with("totp#"));
    let (providers, rest): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|item| id(item).starts_with("provider#"));
    // A service account has no address, and perhaps no session.
    let (_, rest): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|item| item["service"].is_object());
    // The tombstone of a removed user is none.
    let (tombstones, users): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|item| item["auth_version"].is_null());
    assert!(
        tombstones
            .iter()
            .all(|item| item["deleted_at"].is_object() && item["profile"].is_null())
    );
    let keys: BTreeSet<(String, String)> = passkeys
        .iter()
        .chain(&providers)
        .map(|item| (id(item), text(&item["user_id"]["S"])))
        .collect();
    let methods = users.iter().flat_map(|item| {
        let methods = item["methods"]["M"].as_object().into_iter().flatten();
        methods.map(|(key, _)| (key.clone(), id(item)))
    });
    assert_eq!(keys, methods.collect());
    let held = |items: &[&Value]| -> BTreeSet<(String, String)> {
        items
            .iter()
            .map(|item| (id(item), text(&item["user_id"]["S"])))
            .collect()
    };
    // An anonymous account has no address.
    let addressed = users.iter().filter(|item| item["role"]["S"] != "anonymous");
    let exists: BTreeSet<(String, String)> = addressed
        .map(|item| (format!("email#{}", text(&item["email"]["S"])), id(item)))
        .collect();
    assert_eq!(held(&identities), exists);
    assert_eq!(identities.len(), exists.len());
    let named = users
        .iter()
        .filter(|item| item["profile"]["M"]["username"].is_object());
    let named: BTreeSet<(String, String)> = named
        .map(|item| {
            (
                format!("username#{}", text(&item["profile"]["M"]["username"]["S"])),
                id(item),
            )
        })
        .collect();
    assert_eq!(held(&usernames), named);
    // A secret that waits for its first code is none.
    let confirmed = factors
        .iter()
        .filter(|item| item["pending_until"].is_null());
    let confirmed: BTreeSet<String> = confirmed.map(|item| text(&item["user_id"]["S"])).collect();
    let factored = users.iter().filter(|item| item["mfa"].is_object());
    let factored: BTreeSet<String> = factored.map(|item| id(item)).collect();
    assert_eq!(confirmed, factored);
    let sessions: BTreeSet<String> = world
        .scan("_sessions")
        .iter()
        .map(|item| text(&item["user_id"]["S"]))
        .collect();
    // Some sessions of users who were deleted at once stay, which no caller can use.
    assert!(sessions.is_superset(&users.iter().map(|item| id(item)).collect()));
    let admins = users
        .iter()
        .filter(|item| item["role"]["S"] == "admin")
        .count();
    assert_eq!(text(&counters[0]["count"]["N"]), admins.to_string());
    println!(
        "{} users, {} usernames, {} sessions, {admins} admins, all whole",
        users.len(),
        usernames.len(),
        sessions.len()
    );
}

#[test]
fn a_function_that_starts_while_dynamodb_fails_recovers() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for (name, fault) in faults()
        .into_iter()
        .filter(|(_, fault)| fits(fault, "GetItem", "_settings"))
    {
        let apart = Apart::new(inside);
        let key = "register~storm";
        let table = |action: &str| {
            Rule::new(fault.clone())
                .key(key)
                .action(action)
                .table("_settings")
        };
        // Attempts enough for the start and the first request; then the first secret is lost on its way as well.
        apart.proxy.fault(table("GetItem").times(6));
        apart.proxy.fault(table("UpdateItem").times(1));
        let register = apart.signed_as(
            "register",
            "storm",
            Some(key),
            &[("BAKEND_AUTH_JWT_SECRET", "")],
        );
        let first = apart.ask(&register, &credentials("register", &fresh_email()));
        assert!(
            [201, 503].contains(&first.status),
            "{name}: {}",
            first.text()
        );
        apart.proxy.clear(key);
        let reply = apart
            .ask(&register, &credentials("register", &fresh_email()))
            .expect(201)
            .json();
        // The stored secret is the one that signed the token.
        let list = apart.function("records-list", "storm", &[("BAKEND_AUTH_JWT_SECRET", "")]);
        let notes = Event::new("GET", "/api/notes").token(&text(&reply["accessToken"]));
        let _ = apart.ask(&list, &notes).expect(200);
    }
}
