//! What every request costs: the DynamoDB requests of each endpoint, how often it has to wait for one, and the units,
//! against the table that the design allows.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use blackbox::{Apart, Event, Instance, PASSWORD, Reply, fresh_email, stack};
use local::proxy::{Call, hops};
use serde_json::{Value, json};

/// How long every reply of DynamoDB is held back: longer than two requests sent together are apart.
const DELAY: Duration = Duration::from_millis(60);

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

/// What a line has to be: requests, hops, read and write units.
type Expected<'a> = (&'a str, usize, f64, f64);

struct Ledger<'a> {
    apart: Apart<'a>,
    rows: Vec<Row>,
    wrong: String,
}

/// Somebody signed in on the tables of this test.
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

    /// Asks, and writes a line for what that cost; `design` is what the table of the design says, and why if it says
    /// something else.
    #[track_caller]
    fn row(
        &mut self,
        function: (&'static str, &Instance<'_>),
        variant: impl Into<String>,
        (event, status): (&Event, u16),
        expected: Expected<'_>,
        design: &'static str,
    ) -> Reply {
        let (reply, calls) = self.apart.measure(function.1, event);
        assert_eq!(reply.status, status, "{}", reply.text());
        let units = |of: fn(&Call) -> f64| calls.iter().map(of).fold(0.0, |sum, units| sum + units);
        let row = Row {
            endpoint: function.0,
            variant: variant.into(),
            requests: requests(&calls),
            hops: hops(&calls),
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
        reply
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
    users(&mut ledger, &owner);
    touches_nothing(&mut ledger);

    let table = ledger.table();
    println!("ledger:\n{table}");
    assert!(
        ledger.wrong.is_empty(),
        "the cost has changed:\n{}",
        ledger.wrong
    );
    compare_with_document(&table);
}

fn accounts(ledger: &mut Ledger<'_>, register: &Instance<'_>, admin_email: &str) -> Member {
    const COUNT: &str = "PutItem _throttle";
    const MAKE: &str = "TransactWriteItems PutItem _sessions, PutItem _users";
    let (path, email) = ("/api/auth/register", fresh_email());
    let by = ("register", register);
    let made = format!("{COUNT} → {MAKE}");
    let from = |event: Event, n: u8| event.source_ip(&format!("198.51.100.{n}"));
    let body = from(post(path, &credentials(&email, PASSWORD)), 1);
    let design = "w → hash → T: 2 hops, 0 / 8";
    let owner = member(&ledger.row(by, "member", (&body, 201), (&made, 2, 0.0, 8.0), design));
    let counted = format!("{COUNT} (refused) → UpdateItem _throttle");
    let second = fresh_email();
    let another = from(post(path, &credentials(&second, PASSWORD)), 1);
    let expected = (&*format!("{counted} → {MAKE}"), 3, 0.0, 9.0);
    let why = "w more: the source has registered within the hour";
    let _ = ledger.row(
        by,
        "member, from the same source",
        (&another, 201),
        expected,
        why,
    );
    let taken = from(post(path, &credentials(&email, PASSWORD)), 2);
    let refused = format!("{made} (refused)");
    let design = "as a success: a refusal costs its WRU";
    let _ = ledger.row(
        by,
        "address taken",
        (&taken, 409),
        (&refused, 2, 0.0, 7.0),
        design,
    );
    let body = from(post(path, &credentials(admin_email, PASSWORD)), 3);
    let admin = format!(
        "{COUNT} → TransactWriteItems PutItem _sessions, PutItem _users, UpdateItem _users"
    );
    let _ = ledger.row(
        by,
        "admin",
        (&body, 201),
        (&admin, 2, 0.0, 10.0),
        "2 more than a member: admins are counted",
    );
    let body = post(path, &credentials("nobody", "short"));
    let _ = ledger.row(
        by,
        "bad fields",
        (&body, 400),
        ("none", 0, 0.0, 0.0),
        "nothing",
    );
    let strict = ledger.function("register", &[("BAKEND_AUTH_THROTTLE_REGISTRATIONS", "1")]);
    let _ = ledger.apart.ask(&strict, &another).expect(409);
    let expected = (&*format!("{COUNT} (refused)"), 1, 0.0, 1.0);
    let _ = ledger.row(
        ("register", &strict),
        "throttled",
        (&another, 429),
        expected,
        "refused w",
    );

    logins(ledger, [&email, &second]);
    owner
}

fn logins(ledger: &mut Ledger<'_>, [email, other]: [&str; 2]) {
    const COUNT: &str = "GetItem _users ∥ PutItem _throttle ∥ PutItem _throttle";
    const AGAIN: &str =
        "GetItem _users ∥ PutItem _throttle (refused) ∥ PutItem _throttle (refused)";
    const MORE: &str = "UpdateItem _throttle ∥ UpdateItem _throttle";
    const BACK: &str = "DeleteItem _throttle ∥ DeleteItem _throttle ∥ PutItem _sessions";
    let login = ledger.function("login", &[]);
    let by = ("login", &login);
    let from = |email: &str, password: &str, n: u8| {
        post("/api/auth/login", &credentials(email, password)).source_ip(&format!("198.51.100.{n}"))
    };
    let right = from(email, PASSWORD, 1);
    let begun = format!("{COUNT} → GetItem _users → {BACK}");
    let design = "(r ∥ count) → (hash ∥ r) → (w ∥ count back): 3 hops, 2 / 1 + 2 × 2";
    let _ = ledger.row(by, "right", (&right, 200), (&begun, 3, 2.0, 5.0), design);

    let unknown = fresh_email();
    let read = format!("{COUNT} → GetItem _users");
    let wrong = from(email, "wrong password", 2);
    let design = "(r ∥ count) → (hash ∥ r): 2 hops, 2 / 2";
    let _ = ledger.row(
        by,
        "wrong password",
        (&wrong, 401),
        (&read, 2, 2.0, 2.0),
        design,
    );
    let nobody = from(&unknown, PASSWORD, 3);
    let _ = ledger.row(
        by,
        "unknown address",
        (&nobody, 401),
        (&read, 2, 2.0, 2.0),
        "as a wrong password",
    );
    let more = format!("{AGAIN} → {MORE} → GetItem _users");
    let why = "a hop more where account and source have failed of late";
    let _ = ledger.row(
        by,
        "wrong password again",
        (&wrong, 401),
        (&more, 3, 2.0, 4.0),
        why,
    );
    let _ = ledger.row(
        by,
        "unknown address again",
        (&nobody, 401),
        (&more, 3, 2.0, 4.0),
        "as a wrong password",
    );
    let why = "the same, and what was counted is given back beside the session";
    let expected = (
        &*format!("{more} → PutItem _sessions ∥ {MORE}"),
        4,
        2.0,
        7.0,
    );
    let _ = ledger.row(
        by,
        "right after wrong",
        (&from(email, PASSWORD, 2), 200),
        expected,
        why,
    );
    let strict = ledger.function(
        "login",
        &[
            ("BAKEND_AUTH_THROTTLE_ATTEMPTS", "2"),
            ("BAKEND_AUTH_THROTTLE_ACCOUNT_ATTEMPTS", "4"),
        ],
    );
    let _ = ledger.apart.ask(&strict, &wrong);
    let back = format!("{AGAIN} → UpdateItem _throttle → UpdateItem _throttle");
    let why = "refused by the account: the source gets its count back";
    let _ = ledger.row(
        ("login", &strict),
        "locked",
        (&wrong, 429),
        (&back, 3, 1.0, 4.0),
        why,
    );
    let dearer = ledger.function("login", &[("BAKEND_AUTH_BCRYPT_COST", "5")]);
    let renewed = format!("{begun} → UpdateItem _users");
    let why = "w more: once, when the hash is of another cost or form";
    let _ = ledger.row(
        ("login", &dearer),
        "right, hash renewed",
        (&from(other, PASSWORD, 4), 200),
        (&renewed, 4, 2.0, 6.0),
        why,
    );
}

fn own_account(ledger: &mut Ledger<'_>, register: &Instance<'_>) {
    let email = fresh_email();
    let someone = |ledger: &Ledger<'_>, email: &str, n: u8| {
        let body = post("/api/auth/register", &credentials(email, PASSWORD))
            .source_ip(&format!("198.51.101.{n}"));
        member(&ledger.apart.ask(register, &body))
    };
    let own = someone(ledger, &email, 1);
    let on =
        |method: &str, path: &str, member: &Member| Event::new(method, path).token(&member.access);
    let from = |event: Event, n: u8| event.source_ip(&format!("198.51.101.{n}"));
    let (me, sessions) = ("/api/auth/me", "/api/auth/sessions");

    let get = ledger.function("me-get", &[]);
    let design = "the session check itself: 1 hop, 2 / 0";
    let _ = ledger.row(
        ("me-get", &get),
        "right",
        (&on("GET", me, &own), 200),
        (CHECK, 1, 2.0, 0.0),
        design,
    );
    let update = ledger.function("me-update", &[]);
    let by = ("me-update", &update);
    let change = |body: Value| on("PATCH", me, &own).json(&body);
    let (bio, named) = (
        change(json!({ "bio": "x" })),
        change(json!({ "username": "ledger" })),
    );
    let renamed = change(json!({ "username": "ledger.too" }));
    let expected = (&*format!("{CHECK} → UpdateItem _users"), 2, 2.0, 2.0);
    let design = "session check → w: 2 hops, 2 / 1, the same for the index";
    let _ = ledger.row(by, "plain field", (&bio, 200), expected, design);
    let _ = ledger.row(
        by,
        "nothing new",
        (&bio, 200),
        (CHECK, 1, 2.0, 0.0),
        "session check",
    );
    let expected = (
        &*format!("{CHECK} → TransactWriteItems PutItem _users, UpdateItem _users"),
        2,
        2.0,
        5.0,
    );
    let _ = ledger.row(
        by,
        "first username",
        (&named, 200),
        expected,
        "session check → T: 2 a unique value taken",
    );
    let moved = format!(
        "{CHECK} → TransactWriteItems DeleteItem _users, PutItem _users, UpdateItem _users"
    );
    let why = "2 more: the old one is given up";
    let _ = ledger.row(
        by,
        "another username",
        (&renamed, 200),
        (&moved, 2, 2.0, 7.0),
        why,
    );

    let public = ledger.function("users-public", &[]);
    let by = ("users-public", &public);
    const FOUND: Expected<'_> = ("GetItem _users → GetItem _users", 2, 2.0, 0.0);
    let of = |name: &str| Event::new("GET", &format!("/api/users/public/{name}"));
    let _ = ledger.row(
        by,
        "known",
        (&of("ledger.too"), 200),
        FOUND,
        "r → r: 2 hops, 2 / 0",
    );
    let _ = ledger.row(by, "unknown", (&of("ledger"), 404), FOUND, "as a known one");

    let list = ledger.function("sessions-list", &[]);
    let expected = (&*format!("{CHECK} → Query _sessions"), 2, 3.0, 0.0);
    let design = "session check → 1 query: by size + 2";
    let event = on("GET", sessions, &own);
    let page = ledger
        .row(
            ("sessions-list", &list),
            "one",
            (&event, 200),
            expected,
            design,
        )
        .json();
    let others = ledger.function("sessions-end-others", &[]);
    let expected = (
        &*format!("{CHECK} → TransactWriteItems UpdateItem _sessions, UpdateItem _users"),
        2,
        2.0,
        7.0,
    );
    let design = "session check → T: user, identity and session";
    let event = on("DELETE", sessions, &own);
    let _ = ledger.row(
        ("sessions-end-others", &others),
        "right",
        (&event, 204),
        expected,
        design,
    );

    let (password, path) = (
        ledger.function("password-change", &[]),
        "/api/auth/password/change",
    );
    let by = ("password-change", &password);
    const NEW: &str = "another battery, less correct";
    let changed = |current: &str| {
        on("POST", path, &own).json(&json!({ "currentPassword": current, "newPassword": NEW }))
    };
    const COUNT: &str = "GetItem _users ∥ PutItem _throttle ∥ PutItem _throttle";
    let raised = "TransactWriteItems UpdateItem _sessions, UpdateItem _users";
    let back = "DeleteItem _throttle ∥ DeleteItem _throttle";
    let expected = (
        &*format!("{CHECK} → {COUNT} → {back} ∥ {raised}"),
        3,
        3.0,
        11.0,
    );
    let design = "session check → (r ∥ w ∥ w) → hash → (T ∥ what was counted is given back)";
    let _ = ledger.row(
        by,
        "right",
        (&from(changed(PASSWORD), 2), 204),
        expected,
        design,
    );
    let expected = (&*format!("{CHECK} → {COUNT}"), 2, 3.0, 2.0);
    let _ = ledger.row(
        by,
        "wrong password",
        (&from(changed(PASSWORD), 3), 400),
        expected,
        "as far as the hash",
    );
    let end = ledger.function("sessions-end", &[]);
    let one = format!(
        "{sessions}/{}",
        page["items"][0]["id"].as_str().unwrap_or_default()
    );
    let expected = (&*format!("{CHECK} → UpdateItem _sessions"), 2, 2.0, 1.0);
    let design = "session check → w: 2 hops, 2 / 1";
    let _ = ledger.row(
        ("sessions-end", &end),
        "right",
        (&on("DELETE", &one, &own), 204),
        expected,
        design,
    );

    let email = fresh_email();
    let own = someone(ledger, &email, 4);
    let delete = ledger.function("me-delete", &[]);
    let gone = from(
        on("DELETE", me, &own).json(&json!({ "password": PASSWORD })),
        5,
    );
    let expected = (
        &*format!("{CHECK} → {COUNT} → {back} ∥ TransactWriteItems UpdateItem _users"),
        3,
        3.0,
        9.0,
    );
    let design = "session check → (r ∥ w ∥ w) → hash → (T ∥ what was counted is given back)";
    let _ = ledger.row(
        ("me-delete", &delete),
        "right",
        (&gone, 204),
        expected,
        design,
    );
    let restore = ledger.function("me-restore", &[]);
    let by = ("me-restore", &restore);
    let of = |email: &str, password: &str, n: u8| {
        from(
            post("/api/auth/me/restore", &credentials(email, password)),
            n,
        )
    };
    let read = format!("{COUNT} → GetItem _users");
    let wrong = (&*read, 2, 2.0, 2.0);
    let _ = ledger.row(
        by,
        "wrong password",
        (&of(&email, "wrong", 6), 401),
        wrong,
        "as a login",
    );
    let _ = ledger.row(
        by,
        "unknown address",
        (&of(&fresh_email(), PASSWORD, 7), 401),
        wrong,
        "as a login",
    );
    let email = fresh_email();
    let _ = someone(ledger, &email, 8);
    let _ = ledger.row(
        by,
        "not deleted",
        (&of(&email, PASSWORD, 9), 401),
        wrong,
        "as a login",
    );
    let email = fresh_email();
    let own = someone(ledger, &email, 12);
    let _ = ledger.apart.ask(
        &delete,
        &from(
            on("DELETE", me, &own).json(&json!({ "password": PASSWORD })),
            10,
        ),
    );
    let expected = (
        &*format!("{read} → {back} ∥ TransactWriteItems PutItem _sessions, UpdateItem _users"),
        3,
        2.0,
        11.0,
    );
    let design = "as a login, but T: user, identity and session";
    let _ = ledger.row(
        by,
        "right",
        (&of(&email, PASSWORD, 11), 200),
        expected,
        design,
    );
}

fn sessions(ledger: &mut Ledger<'_>, register: &Instance<'_>) {
    let someone = |ledger: &Ledger<'_>| {
        let body = post("/api/auth/register", &credentials(&fresh_email(), PASSWORD));
        member(&ledger.apart.ask(register, &body))
    };
    let refresh = ledger.function("refresh", &[]);
    let by = ("refresh", &refresh);
    let with = |token: &str| post("/api/auth/refresh", &json!({ "refreshToken": token }));
    let key = |event: Event| event.header("idempotency-key", "a-key-of-its-own-0");
    const DONE: &str = "GetItem _users ∥ UpdateItem _sessions";
    const REFUSED: &str = "GetItem _users ∥ UpdateItem _sessions (refused)";

    let first = someone(ledger);
    let right = (&with(&first.refresh), 200);
    let second = member(&ledger.row(
        by,
        "right",
        right,
        (DONE, 1, 1.0, 1.0),
        "(w ∥ r): 1 hop, 1 / 1",
    ));
    let again = (&with(&first.refresh), 401);
    let _ = ledger.row(
        by,
        "within the grace",
        again,
        (REFUSED, 1, 1.0, 1.0),
        "as a success: a refusal costs its WRU",
    );
    let _ = ledger
        .apart
        .ask(&refresh, &with(&second.refresh))
        .expect(200);
    let reused = format!("{REFUSED} → UpdateItem _sessions");
    let why = "w more: the session ends";
    let _ = ledger.row(
        by,
        "reuse",
        (&with(&first.refresh), 401),
        (&reused, 2, 1.0, 2.0),
        why,
    );
    let busy = someone(ledger);
    let busy = member(&ledger.apart.ask(&refresh, &with(&busy.refresh)));
    let why = "w more: counted within the minute";
    let again = (&with(&busy.refresh), 200);
    let busy = member(&ledger.row(
        by,
        "right, again within the minute",
        again,
        (&reused, 2, 1.0, 2.0),
        why,
    ));
    let strict = ledger.function("refresh", &[("BAKEND_AUTH_THROTTLE_REFRESHES", "2")]);
    let throttled = (&with(&busy.refresh), 429);
    let _ = ledger.row(
        ("refresh", &strict),
        "throttled",
        throttled,
        (REFUSED, 1, 1.0, 1.0),
        "refused w",
    );
    let one = someone(ledger);
    let _ = ledger
        .apart
        .ask(&refresh, &key(with(&one.refresh)))
        .expect(200);
    let lost = (&key(with(&one.refresh)), 200);
    let _ = ledger.row(
        by,
        "lost reply, with key",
        lost,
        (REFUSED, 1, 1.0, 1.0),
        "1 hop, 1 / 1",
    );
    let _ = ledger.row(
        by,
        "garbage",
        (&with("garbage"), 401),
        ("none", 0, 0.0, 0.0),
        "nothing: the tag tells",
    );

    let logout = ledger.function("logout", &[]);
    let by = ("logout", &logout);
    let with = |token: &str| post("/api/auth/logout", &json!({ "refreshToken": token }));
    let bearer = |token: &str| Event::new("POST", "/api/auth/logout").token(token);
    const END: Expected<'_> = ("UpdateItem _sessions", 1, 0.0, 1.0);
    let (one, two) = (someone(ledger), someone(ledger));
    let _ = ledger.row(
        by,
        "refresh token",
        (&with(&one.refresh), 204),
        END,
        "w: 1 hop, 0 / 1",
    );
    let _ = ledger.row(
        by,
        "access token",
        (&bearer(&two.access), 204),
        END,
        "w: 1 hop, 0 / 1",
    );
    let ended = ("UpdateItem _sessions (refused)", 1, 0.0, 1.0);
    let _ = ledger.row(
        by,
        "ended before",
        (&bearer(&two.access), 204),
        ended,
        "as a success: a refusal costs its WRU",
    );
    let _ = ledger.row(
        by,
        "garbage",
        (&with("garbage"), 204),
        ("none", 0, 0.0, 0.0),
        "nothing: the tag tells",
    );
    let _ = ledger.row(
        by,
        "garbage access token",
        (&bearer("a.b.c"), 401),
        ("none", 0, 0.0, 0.0),
        "nothing",
    );
}

fn lists(ledger: &mut Ledger<'_>, owner: &Member) {
    let create = ledger.function("records-create", &[]);
    let list = ledger.function("records-list", &[]);
    let by = ("records-list", &list);
    for (size, bytes, units) in SIZES {
        for path in ["/api/posts", "/api/notes"] {
            for _ in 0..4 {
                let _ = ledger
                    .apart
                    .ask(&create, &post(path, &title(bytes)).token(&owner.access))
                    .expect(201);
            }
        }
        // A query asks for one record more than the page holds.
        let posts = Event::new("GET", "/api/posts?limit=3");
        let design = "1 query: by size, 1 RRU per 4 KB";
        let expected = ("Query posts", 1, units, 0.0);
        let _ = ledger.row(
            by,
            format!("posts, no token, page of 3 × {size}"),
            (&posts, 200),
            expected,
            design,
        );
        let expected = (&*format!("{CHECK} ∥ Query posts"), 1, units + 2.0, 0.0);
        let posts = posts.token(&owner.access);
        let design = "1 query ∥ session check: by size + 2";
        let _ = ledger.row(
            by,
            format!("posts, token, page of 3 × {size}"),
            (&posts, 200),
            expected,
            design,
        );
        let notes = Event::new("GET", "/api/notes?limit=3").token(&owner.access);
        let expected = (
            &*format!("{CHECK} ∥ Query notes/by_owner"),
            1,
            units / 2.0 + 2.0,
            0.0,
        );
        let design = "1 query ∥ session check: an index is read at half the price";
        let _ = ledger.row(
            by,
            format!("notes, by owner, page of 3 × {size}"),
            (&notes, 200),
            expected,
            design,
        );
    }
    let _ = ledger.row(
        by,
        "notes, no token",
        (&Event::new("GET", "/api/notes"), 401),
        ("none", 0, 0.0, 0.0),
        "nothing: refused by the rule alone",
    );
    set_role(&ledger.apart, &owner.id, "admin");
    let notes = Event::new("GET", "/api/notes?limit=3").token(&owner.access);
    let twice = format!("{CHECK} ∥ Query notes/by_owner → Query notes");
    let design = "1 query more: the list was begun as the token's role suggested";
    let promoted = "notes, promoted since the token, page of 3 × 4 KB";
    let _ = ledger.row(by, promoted, (&notes, 200), (&twice, 2, 8.0, 0.0), design);
    set_role(&ledger.apart, &owner.id, "authenticated");
    let trusting = ledger.function("records-list", &[("BAKEND_AUTH_SESSION_CHECK", "expiry")]);
    let expected = ("Query notes/by_owner", 1, 2.0, 0.0);
    let design = "no session check with sessionCheck \"expiry\"";
    let by = ("records-list", &trusting);
    let _ = ledger.row(
        by,
        "notes, by owner, page of 3 × 4 KB, expiry",
        (&notes, 200),
        expected,
        design,
    );
}

fn records(ledger: &mut Ledger<'_>, owner: &Member, another: &Member) {
    let create = ledger.function("records-create", &[]);
    let get = ledger.function("records-get", &[]);
    let update = ledger.function("records-update", &[]);
    let delete = ledger.function("records-delete", &[]);
    let (creates, gets) = (("records-create", &create), ("records-get", &get));
    let (updates, deletes) = (("records-update", &update), ("records-delete", &delete));
    let checked = |request: &str| format!("{CHECK} → {request}");

    let nowhere = Event::new("DELETE", "/api/posts/no-id").token(&owner.access);
    let design = "session check: 2 / 0";
    let _ = ledger.row(
        deletes,
        "session check alone",
        (&nowhere, 404),
        (CHECK, 1, 2.0, 0.0),
        design,
    );

    for (collection, held) in [("posts", 1.0), ("notes", 2.0)] {
        let path = format!("/api/{collection}");
        for (size, bytes, units) in SIZES {
            let name = |what: &str| format!("{collection}, {size}{what}");
            let write_units = units * held;
            let body = post(&path, &title(bytes)).token(&owner.access);
            let expected = (
                &*checked(&format!("PutItem {collection}")),
                2,
                2.0,
                write_units,
            );
            let design = match collection {
                "posts" => "session check → w: 2 hops, 2 / 1 per KB",
                _ => "session check → w: 2 hops, 2 / 1 per KB, the same for by_owner",
            };
            let record = ledger
                .row(creates, name(", token"), (&body, 201), expected, design)
                .json();
            let path = format!("{path}/{}", record["id"].as_str().unwrap_or_default());

            let read = format!("{CHECK} ∥ GetItem {collection}");
            let event = Event::new("GET", &path);
            if collection == "posts" {
                let expected = ("GetItem posts", 1, 1.0, 0.0);
                let _ = ledger.row(
                    gets,
                    name(", no token"),
                    (&event, 200),
                    expected,
                    "r: 1 hop, 1 / 0",
                );
            }
            let mine = event.clone().token(&owner.access);
            let design = "r ∥ session check: 1 hop, 1 (+2) / 0";
            let _ = ledger.row(
                gets,
                name(", token"),
                (&mine, 200),
                (&read, 1, 3.0, 0.0),
                design,
            );
            if collection == "notes" {
                let theirs = event.token(&another.access);
                let _ = ledger.row(
                    gets,
                    name(", not the owner"),
                    (&theirs, 404),
                    (&read, 1, 3.0, 0.0),
                    design,
                );
            }

            let status = if collection == "posts" { 403 } else { 404 };
            let write = checked(&format!("UpdateItem {collection}"));
            let refused = checked(&format!("UpdateItem {collection} (refused)"));
            for (by, event) in [
                (updates, Event::new("PATCH", &path).json(&title(bytes))),
                (deletes, Event::new("DELETE", &path)),
            ] {
                let theirs = event.clone().token(&another.access);
                let expected = (refused.as_str(), 2, 2.0, units);
                let design = "session check → refused w: the table's WRU, none of an index";
                let _ = ledger.row(
                    by,
                    name(", not the owner"),
                    (&theirs, status),
                    expected,
                    design,
                );
                let status = if by.0 == "records-delete" { 204 } else { 200 };
                let expected = (write.as_str(), 2, 2.0, write_units);
                let design = "session check → w: as create";
                let _ = ledger.row(
                    by,
                    name(", owner"),
                    (&event.token(&owner.access), status),
                    expected,
                    design,
                );
            }
            let gone = Event::new("GET", &path).token(&owner.access);
            let _ = ledger.apart.ask(&get, &gone).expect(404);
        }
    }

    // An id that no record has, in the one shard there is: of another, nothing is read.
    let nothing = |path: &str| format!("{path}/{}00{}", &owner.id[..16], &owner.id[18..]);
    let missing = Event::new("PATCH", &nothing("/api/notes"))
        .json(&title(1))
        .token(&owner.access);
    let refused = checked("UpdateItem notes (refused)");
    let design = "as a refused condition: 1 WRU";
    let _ = ledger.row(
        updates,
        "notes, no such record",
        (&missing, 404),
        (&refused, 2, 2.0, 1.0),
        design,
    );
    let missing = Event::new("GET", &nothing("/api/posts"));
    let _ = ledger.row(
        gets,
        "posts, no such record",
        (&missing, 404),
        ("GetItem posts", 1, 1.0, 0.0),
        "as a record",
    );

    let open = post("/api/feedback", &json!({ "message": "x".repeat(500) }));
    let expected = ("PutItem feedback", 1, 0.0, 1.0);
    let _ = ledger.row(
        creates,
        "feedback, 1 KB, no token",
        (&open, 201),
        expected,
        "w: 1 hop, 0 / 1",
    );
    let foreign = post(
        "/api/posts",
        &json!({ "title": "x", "user_id": another.id }),
    )
    .token(&owner.access);
    let design = "session check alone";
    let _ = ledger.row(
        creates,
        "posts, for another owner",
        (&foreign, 403),
        (CHECK, 1, 2.0, 0.0),
        design,
    );
    let bad = post("/api/notes", &json!({ "nope": 1 })).token(&owner.access);
    let _ = ledger.row(
        creates,
        "notes, bad fields",
        (&bad, 400),
        (CHECK, 1, 2.0, 0.0),
        design,
    );
    let bad = Event::new("PATCH", &nothing("/api/notes"))
        .json(&json!({ "nope": 1 }))
        .token(&owner.access);
    let _ = ledger.row(
        updates,
        "notes, bad fields",
        (&bad, 400),
        (CHECK, 1, 2.0, 0.0),
        design,
    );
    let related = post(
        "/api/notes",
        &json!({ "title": "x", "assignee": another.id }),
    )
    .token(&owner.access);
    let expected = (
        &*checked("TransactWriteItems ConditionCheckItem _users, PutItem notes"),
        2,
        2.0,
        5.0,
    );
    let design = "T: record, check: 2 × (1 + 1), and 1 for by_owner";
    let _ = ledger.row(
        creates,
        "notes, 1 KB, relation to a user",
        (&related, 201),
        expected,
        design,
    );
    for (by, method) in [(creates, "POST"), (updates, "PATCH"), (deletes, "DELETE")] {
        let path = if method == "POST" {
            "/api/notes".to_owned()
        } else {
            nothing("/api/notes")
        };
        let event = if method == "DELETE" {
            Event::new(method, &path)
        } else {
            Event::new(method, &path).json(&title(1))
        };
        let design = "nothing: refused by the rule alone";
        let _ = ledger.row(
            by,
            "notes, no token",
            (&event, 401),
            ("none", 0, 0.0, 0.0),
            design,
        );
    }
}

/// What indexes, unique values, relations and keys add.
fn in_depth(ledger: &mut Ledger<'_>, owner: &Member) {
    let instances = [
        "create", "list", "count", "spec", "bulk", "get", "update", "delete",
    ]
    .map(|verb| ledger.function(&format!("records-{verb}"), &[]));
    let [create, list, count, spec, bulk, get, update, delete] = &instances;
    let (creates, lists, counts) = (
        ("records-create", create),
        ("records-list", list),
        ("records-count", count),
    );
    let (bulks, gets, updates, deletes) = (
        ("records-bulk", bulk),
        ("records-get", get),
        ("records-update", update),
        ("records-delete", delete),
    );
    let id = |reply: &Reply| reply.json()["id"].as_str().unwrap_or_default().to_owned();
    let mine = |method: &str, path: &str| Event::new(method, path).token(&owner.access);

    let event = mine("GET", "/api/products/spec");
    let _ = ledger.row(
        ("records-spec", spec),
        "any",
        (&event, 200),
        (CHECK, 1, 2.0, 0.0),
        "session check: 2 / 0",
    );

    // A product is in four indexes and has a unique value.
    let product = |sku: &str| json!({ "name": "x".repeat(100), "sku": sku, "price": 5 });
    let event = mine("POST", "/api/products").json(&product("LEDGER-1"));
    let expected = (
        &*format!("{CHECK} → TransactWriteItems PutItem products"),
        2,
        2.0,
        8.0,
    );
    let design = "T: record, reservation: 2 × (1 + 1), and 4 indexes";
    let first = id(&ledger.row(
        creates,
        "products, 1 KB, unique value",
        (&event, 201),
        expected,
        design,
    ));
    let path = format!("/api/products/{first}");
    let expected = (
        &*format!("{CHECK} → TransactWriteItems PutItem products (refused)"),
        2,
        2.0,
        4.0,
    );
    let design = "a refusal costs the table's units";
    let _ = ledger.row(
        creates,
        "products, value taken",
        (&event, 409),
        expected,
        design,
    );

    let event =
        mine("POST", "/api/orders").json(&json!({ "product": first, "note": "x".repeat(300) }));
    let expected = (
        &*format!("{CHECK} → TransactWriteItems ConditionCheckItem products, PutItem orders"),
        2,
        2.0,
        8.0,
    );
    let design = "T: record, check: 2 × (1 + 1), and 4 indexes";
    let order = id(&ledger.row(
        creates,
        "orders, 1 KB, relation",
        (&event, 201),
        expected,
        design,
    ));
    let event = mine("POST", "/api/posts")
        .json(&title(500))
        .header("idempotency-key", "a-key-of-its-own-1");
    let expected = (
        &*format!("{CHECK} → TransactWriteItems PutItem posts"),
        2,
        2.0,
        4.0,
    );
    let design = "T: record, key: 2 × (1 + 1)";
    let _ = ledger.row(
        creates,
        "posts, 1 KB, Idempotency-Key",
        (&event, 201),
        expected,
        design,
    );
    let expected = (
        &*format!("{CHECK} → TransactWriteItems PutItem posts (refused) → GetItem posts"),
        3,
        3.0,
        4.0,
    );
    let design = "refused T → r";
    let _ = ledger.row(
        creates,
        "posts, 1 KB, Idempotency-Key again",
        (&event, 201),
        expected,
        design,
    );

    let event = mine("PATCH", &path).json(&json!({ "homepage": "https://example.com/" }));
    let expected = (&*format!("{CHECK} → UpdateItem products"), 2, 2.0, 5.0);
    let design = "session check → w: the record and 4 indexes";
    let _ = ledger.row(
        updates,
        "products, 1 KB, no index's field",
        (&event, 200),
        expected,
        design,
    );
    let event = mine("PATCH", &path).json(&json!({ "price": 6 }));
    let expected = (
        &*format!("{CHECK} ∥ GetItem products → UpdateItem products"),
        2,
        3.0,
        8.0,
    );
    let design = "session check ∥ r → w: an index whose key changes twice";
    let _ = ledger.row(
        updates,
        "products, 1 KB, a field of 3 of 4 indexes",
        (&event, 200),
        expected,
        design,
    );
    let event = mine("PATCH", &path).json(&json!({ "sku": "LEDGER-2" }));
    let expected = (
        &*format!(
            "{CHECK} ∥ GetItem products → TransactWriteItems DeleteItem products, PutItem products, UpdateItem products"
        ),
        2,
        3.0,
        10.0,
    );
    let design = "session check ∥ r → T: 2 × (1 + 1 + 1), and 4 indexes";
    let _ = ledger.row(
        updates,
        "products, 1 KB, unique value",
        (&event, 200),
        expected,
        design,
    );
    let stale = event.header("if-match", "\"stale\"");
    let expected = (&*format!("{CHECK} ∥ GetItem products"), 1, 3.0, 0.0);
    let _ = ledger.row(
        updates,
        "products, stale If-Match",
        (&stale, 412),
        expected,
        "the read tells",
    );

    let operations: Vec<Value> = (0..10).map(|_| json!({ "create": title(500) })).collect();
    let event = mine("POST", "/api/posts/bulk").json(&json!({ "operations": operations }));
    let expected = (
        &*format!("{CHECK} → TransactWriteItems PutItem posts"),
        2,
        2.0,
        20.0,
    );
    let _ = ledger.row(
        bulks,
        "posts, 10 creates of 1 KB",
        (&event, 200),
        expected,
        "session check → T: 2 / 2 each",
    );
    let operations = json!({ "operations": [{ "update": { "id": first, "price": 7 } }] });
    let event = mine("POST", "/api/products/bulk").json(&operations);
    let expected = (
        &*format!("{CHECK} ∥ BatchGetItem products → UpdateItem products"),
        2,
        3.0,
        8.0,
    );
    let design = "one write alone is no transaction";
    let _ = ledger.row(
        bulks,
        "products, 1 update of 1 KB",
        (&event, 200),
        expected,
        design,
    );

    let event = mine("GET", &format!("/api/orders/{order}?expand=product"));
    let expected = (
        &*format!("{CHECK} ∥ GetItem orders → BatchGetItem products"),
        2,
        4.0,
        0.0,
    );
    let design = "r ∥ session check → r: 1 more each record inlined, one hop a level";
    let _ = ledger.row(
        gets,
        "orders, product inlined",
        (&event, 200),
        expected,
        design,
    );
    let reply = ledger.apart.ask(get, &Event::new("GET", &path)).expect(200);
    let event =
        Event::new("GET", &path).header("if-none-match", reply.header("etag").unwrap_or_default());
    let _ = ledger.row(
        gets,
        "products, unchanged",
        (&event, 304),
        ("GetItem products", 1, 1.0, 0.0),
        "as a record",
    );

    for n in 0..8 {
        let event = mine("POST", "/api/products").json(&product(&format!("LEDGER-LIST-{n}")));
        let _ = ledger.apart.ask(create, &event).expect(201);
    }
    const SHARDS: &str = "Query products ∥ Query products";
    const INDEX: &str = "Query products/by.price ∥ Query products/by.price";
    let event = Event::new("GET", "/api/products?limit=3");
    let design = "1 query a shard: by size";
    let _ = ledger.row(
        lists,
        "products of 2 shards, page of 3 × 1 KB",
        (&event, 200),
        (SHARDS, 1, 2.0, 0.0),
        design,
    );
    let event = Event::new("GET", "/api/products?sort=price&limit=3");
    let ready = format!("{SHARDS} ∥ {INDEX}");
    let design = "once an instance: 1 query a shard more, whether the index is ready";
    let _ = ledger.row(
        lists,
        "products by price, first time",
        (&event, 200),
        (&ready, 1, 3.0, 0.0),
        design,
    );
    let design = "1 query a shard: an index is read at half the price";
    let _ = ledger.row(
        lists,
        "products by price",
        (&event, 200),
        (INDEX, 1, 1.0, 0.0),
        design,
    );
    let event = mine("GET", "/api/orders?sort=-total&note=none");
    let _ = ledger.apart.ask(list, &event).expect(200);
    let expected = (&*format!("{CHECK} ∥ Query orders/own.total"), 1, 2.5, 0.0);
    let design = "1 query ∥ session check: what is read counts, not what is found";
    let _ = ledger.row(
        lists,
        "orders, by owner and total, none fits",
        (&event, 200),
        expected,
        design,
    );
    let event = mine("GET", "/api/orders/count");
    let expected = (&*format!("{CHECK} → Query orders/by_owner"), 2, 2.5, 0.0);
    let design = "session check → 1 query: by size";
    let _ = ledger.row(counts, "orders, by owner", (&event, 200), expected, design);

    let event = mine("DELETE", &path);
    let expected = (
        &*format!(
            "{CHECK} ∥ GetItem products → TransactWriteItems DeleteItem products, UpdateItem products"
        ),
        2,
        3.0,
        8.0,
    );
    let design = "session check ∥ r → T: 2 × (1 + 1), and 4 indexes";
    let _ = ledger.row(
        deletes,
        "products, 1 KB, unique value",
        (&event, 204),
        expected,
        design,
    );
}

/// API keys: how they are managed, and what one adds to a request.
/// Articles are in two indexes, have a unique value, and row filters say who sees them.
fn row_filters(ledger: &mut Ledger<'_>, owner: &Member) {
    let [create, list, update, delete] = ["create", "list", "update", "delete"]
        .map(|verb| ledger.function(&format!("records-{verb}"), &[]));
    let (creates, lists) = (("records-create", &create), ("records-list", &list));
    let (updates, deletes) = (("records-update", &update), ("records-delete", &delete));
    let mine = |method: &str, path: &str| Event::new(method, path).token(&owner.access);
    let article = |see: &Value| json!({ "title": "a", "status": "published", "see": see });

    let event = mine("POST", "/api/articles").json(&article(&Value::Null));
    let expected = (&*format!("{CHECK} → PutItem articles"), 2, 2.0, 3.0);
    let reply = ledger.row(
        creates,
        "articles, 1 KB",
        (&event, 201),
        expected,
        "session check → w, and 2 indexes",
    );
    let first = reply.json()["id"].clone();
    let event = mine("POST", "/api/articles").json(&article(&first));
    let pinned = "TransactWriteItems ConditionCheckItem articles, PutItem articles";
    let expected = (
        &*format!("{CHECK} → BatchGetItem articles → {pinned}"),
        3,
        3.0,
        6.0,
    );
    let design = "session check → r → T: the target is looked at first";
    let second = ledger
        .row(
            creates,
            "articles, relation to what may be hidden",
            (&event, 201),
            expected,
            design,
        )
        .json();
    let missing = mine("POST", "/api/articles")
        .json(&article(&json!("01890000-0000-7000-8000-000000000000")));
    let expected = (
        &*format!("{CHECK} → BatchGetItem articles → {pinned} (refused)"),
        3,
        3.0,
        4.0,
    );
    let _ = ledger.row(
        creates,
        "articles, relation to nothing",
        (&missing, 400),
        expected,
        "as to what is hidden",
    );

    let path = format!(
        "/api/articles/{}",
        second["id"].as_str().unwrap_or_default()
    );
    let event = mine("PATCH", &path).json(&json!({ "body": "b" }));
    let expected = (
        &*format!("{CHECK} ∥ GetItem articles → UpdateItem articles"),
        2,
        3.0,
        3.0,
    );
    let design = "session check ∥ r → w: the record is looked at first";
    let _ = ledger.row(updates, "articles, 1 KB", (&event, 200), expected, design);
    let event = mine("GET", "/api/articles?limit=3");
    let expected = (&*format!("{CHECK} ∥ Query articles"), 1, 3.0, 0.0);
    let _ = ledger.row(
        lists,
        "articles, several filters",
        (&event, 200),
        expected,
        "1 query ∥ session check: by size",
    );
    let event = mine("DELETE", &path);
    let expected = (
        &*format!("{CHECK} ∥ GetItem articles → UpdateItem articles"),
        2,
        3.0,
        3.0,
    );
    let _ = ledger.row(deletes, "articles, 1 KB", (&event, 204), expected, design);
}

fn api_keys(ledger: &mut Ledger<'_>, admin: &Member, user: &Member) {
    const PATH: &str = "/api/admin/api-keys";
    const KEY: &str = "BatchGetItem _api_keys";
    let instances = ["create", "list", "rotate", "delete"]
        .map(|verb| ledger.function(&format!("api-keys-{verb}"), &[]));
    let [create, list, rotate, delete] = &instances;
    let asked = |kind: &str| json!({ "name": "a", "type": kind, "scopes": ["*:*"] });
    let make = |kind: &str| post(PATH, &asked(kind)).token(&admin.access);
    let text =
        |reply: &Reply, name: &str| reply.json()[name].as_str().unwrap_or_default().to_owned();

    let _ = ledger.apart.ask(create, &make("secret")).expect(201);
    let expected = (
        &*format!(
            "{CHECK} → Query _api_keys → TransactWriteItems PutItem _api_keys, UpdateItem _api_keys"
        ),
        3,
        3.0,
        4.0,
    );
    let design =
        "session check → r → T: the key, and the count that nobody else has changed: 2 × (1 + 1)";
    let secret = ledger.row(
        ("api-keys-create", create),
        "few keys",
        (&make("secret"), 201),
        expected,
        design,
    );
    let publishable = text(
        &ledger.apart.ask(create, &make("publishable")).expect(201),
        "key",
    );
    let event = Event::new("GET", PATH).token(&admin.access);
    let expected = (&*format!("{CHECK} → Query _api_keys"), 2, 3.0, 0.0);
    let design = "session check → 1 query: by size, 1 RRU per 4 KB";
    let _ = ledger.row(
        ("api-keys-list", list),
        "few keys",
        (&event, 200),
        expected,
        design,
    );
    let event = post(
        &format!("{PATH}/{}/rotate", text(&secret, "id")),
        &json!({}),
    )
    .token(&admin.access);
    let expected = (
        &*format!("{CHECK} ∥ GetItem _api_keys → UpdateItem _api_keys"),
        2,
        3.0,
        1.0,
    );
    let rotated = ledger.row(
        ("api-keys-rotate", rotate),
        "any",
        (&event, 200),
        expected,
        "session check ∥ r → w",
    );
    let (old, secret) = (text(&secret, "key"), text(&rotated, "key"));

    let get = ledger.function("records-get", &[]);
    let records_create = ledger.function("records-create", &[]);
    let (gets, creates) = (("records-get", &get), ("records-create", &records_create));
    let made = ledger
        .apart
        .ask(
            &records_create,
            &post("/api/posts", &title(1)).token(&user.access),
        )
        .expect(201);
    let path = format!("/api/posts/{}", text(&made, "id"));
    let event = || Event::new("GET", &path);
    let expected = (
        "BatchGetItem _api_keys, _sessions, _users ∥ GetItem posts",
        1,
        4.0,
        0.0,
    );
    let design = "a key adds 1 RRU and no request";
    let keyed = event().token(&user.access).key(&publishable);
    let _ = ledger.row(
        gets,
        "posts, 1 KB, token and publishable key",
        (&keyed, 200),
        expected,
        design,
    );
    let expected = (&*format!("{KEY} ∥ GetItem posts"), 1, 2.0, 0.0);
    let design = "r ∥ key: 1 hop, 2 / 0";
    let _ = ledger.row(
        gets,
        "posts, 1 KB, publishable key",
        (&event().key(&publishable), 200),
        expected,
        design,
    );
    let _ = ledger.row(
        gets,
        "posts, 1 KB, secret key",
        (&event().key(&secret), 200),
        expected,
        design,
    );
    let unknown = crate::keys::nobodys("sk_live_");
    for (name, key) in [
        ("posts, key of another secret", &old),
        ("posts, key of an unknown id", &unknown),
    ] {
        let event = post("/api/posts", &title(1)).key(key);
        let _ = ledger.row(
            creates,
            name,
            (&event, 401),
            (KEY, 1, 1.0, 0.0),
            "one as the other",
        );
    }
    let _ = ledger.row(
        gets,
        "posts, garbage key",
        (&event().key("garbage"), 401),
        ("none", 0, 0.0, 0.0),
        "nothing",
    );
    let event = post("/api/posts", &title(1)).key(&secret);
    let expected = (&*format!("{KEY} → PutItem posts"), 2, 1.0, 1.0);
    let _ = ledger.row(
        creates,
        "posts, 1 KB, secret key",
        (&event, 201),
        expected,
        "key → w: 2 hops, 1 / 1",
    );
    let bad = post("/api/posts?x", &json!({ "nope": 1 })).key(&secret);
    let list = ledger.function("records-list", &[]);
    let event = Event::new("GET", "/api/feedback?limit=1").key(&secret);
    let expected = (&*format!("{KEY} → Query feedback"), 2, 2.0, 0.0);
    let design = "key → 1 query: nothing is read for a key that nobody knows";
    let _ = ledger.row(
        ("records-list", &list),
        "feedback, secret key",
        (&event, 200),
        expected,
        design,
    );
    let event = Event::new("GET", "/api/feedback?limit=1").key(&unknown);
    let _ = ledger.row(
        ("records-list", &list),
        "feedback, unknown key",
        (&event, 401),
        (KEY, 1, 1.0, 0.0),
        design,
    );
    let event = Event::new("GET", "/api/posts?limit=1").key(&secret);
    let expected = (&*format!("{KEY} ∥ Query posts"), 1, 2.0, 0.0);
    let _ = ledger.row(
        ("records-list", &list),
        "posts, secret key",
        (&event, 200),
        expected,
        "1 query ∥ key",
    );
    let _ = ledger.row(
        creates,
        "posts, bad fields, secret key",
        (&bad, 400),
        (KEY, 1, 1.0, 0.0),
        "key alone",
    );

    let refresh = ledger.function("refresh", &[]);
    let event = post(
        "/api/auth/refresh",
        &json!({ "refreshToken": user.refresh }),
    )
    .key(&publishable);
    let expected = (
        &*format!("{KEY} → GetItem _users ∥ UpdateItem _sessions"),
        2,
        2.0,
        1.0,
    );
    let design = "the key is judged before the token is spent: a hop more";
    let _ = ledger.row(
        ("refresh", &refresh),
        "right, API key",
        (&event, 200),
        expected,
        design,
    );

    let event =
        Event::new("DELETE", &format!("{PATH}/{}", text(&rotated, "id"))).token(&admin.access);
    let expected = (
        &*format!("{CHECK} → TransactWriteItems DeleteItem _api_keys"),
        2,
        2.0,
        2.0,
    );
    let design = "session check → T: a retry is known as one: 2 × 1";
    let _ = ledger.row(
        ("api-keys-delete", delete),
        "any",
        (&event, 204),
        expected,
        design,
    );
}

/// What admins do with users.
fn users(ledger: &mut Ledger<'_>, admin: &Member) {
    set_role(&ledger.apart, &admin.id, "admin");
    let on = |method: &str, path: &str| Event::new(method, path).token(&admin.access);
    let with = |method: &str, path: &str, body: &Value| on(method, path).json(body);
    let [list, create, get, update, delete, password] =
        ["list", "create", "get", "update", "delete", "password"]
            .map(|verb| ledger.function(&format!("users-{verb}"), &[]));
    let [sessions, end_all, end_one] = ["sessions-list", "sessions-end", "session-end"]
        .map(|verb| ledger.function(&format!("users-{verb}"), &[]));

    let by = ("users-list", &list);
    let queried = format!("{CHECK} → Query _users/by_kind");
    let design = "session check → 1 query: an index is read at half the price";
    let _ = ledger.row(
        by,
        "page of 3",
        (&on("GET", "/api/users?limit=3"), 200),
        (&queried, 2, 2.5, 0.0),
        design,
    );
    let event = on("GET", "/api/users?limit=3&search=nobody%20has%20this");
    let design = "the same: at most 4 queries and 1 MB";
    let _ = ledger.row(
        by,
        "search, none fits",
        (&event, 200),
        (&queried, 2, 2.5, 0.0),
        design,
    );

    let by = ("users-create", &create);
    let body = json!({ "email": fresh_email() });
    let expected = format!("{CHECK} → TransactWriteItems PutItem _users");
    let design = "session check → T: 2 × 2, and the index";
    let event = with("POST", "/api/users", &body);
    let user = ledger
        .row(
            by,
            "without a password",
            (&event, 201),
            (&expected, 2, 2.0, 5.0),
            design,
        )
        .json();
    let body = json!({ "email": fresh_email(), "password": PASSWORD, "role": "admin", "username": "ledger" });
    let expected = format!("{CHECK} → TransactWriteItems PutItem _users, UpdateItem _users");
    let design = "2 more for the username, 2 for the number of admins";
    let event = with("POST", "/api/users", &body);
    let other = ledger
        .row(
            by,
            "admin with a username",
            (&event, 201),
            (&expected, 2, 2.0, 9.0),
            design,
        )
        .json();

    let path = |user: &Value| format!("/api/users/{}", user["id"].as_str().unwrap_or_default());
    let (user, other) = (path(&user), path(&other));
    let read = format!("{CHECK} ∥ GetItem _users");
    let event = on("GET", &user);
    let _ = ledger.row(
        ("users-get", &get),
        "any",
        (&event, 200),
        (&read, 1, 3.0, 0.0),
        "session check ∥ r",
    );

    let by = ("users-update", &update);
    let one = format!("{read} → UpdateItem _users");
    let event = with("PATCH", &user, &json!({ "role": "editor" }));
    let design = "session check ∥ r → w and the index";
    let _ = ledger.row(by, "role", (&event, 200), (&one, 2, 3.0, 2.0), design);
    let event = with("PATCH", &user, &json!({ "role": "editor" }));
    let _ = ledger.row(
        by,
        "nothing",
        (&event, 200),
        (&read, 1, 3.0, 0.0),
        "session check ∥ r",
    );
    let both = format!("{read} → TransactWriteItems UpdateItem _users");
    let event = with("PATCH", &user, &json!({ "disabled": true }));
    let design = "session check ∥ r → T: 2 × (user, identity), and the index";
    let _ = ledger.row(by, "disabled", (&event, 200), (&both, 2, 3.0, 5.0), design);
    let event = with("PATCH", &other, &json!({ "role": "editor" }));
    let design = "T: 2 × (user, number of admins), and the index";
    let _ = ledger.row(
        by,
        "admin no more",
        (&event, 200),
        (&both, 2, 3.0, 5.0),
        design,
    );

    let by = ("users-password", &password);
    let event = with(
        "POST",
        &format!("{user}/password"),
        &json!({ "password": PASSWORD }),
    );
    let design = "session check ∥ r → hash → T: 2 × (user, identity), and the index";
    let _ = ledger.row(by, "any", (&event, 204), (&both, 2, 3.0, 5.0), design);
    let by = ("users-sessions-end", &end_all);
    let event = on("DELETE", &format!("{user}/sessions"));
    let design = "session check ∥ r → T, however many there are";
    let _ = ledger.row(by, "any", (&event, 204), (&both, 2, 3.0, 5.0), design);
    let by = ("users-sessions-list", &sessions);
    let event = on("GET", &format!("/api/users/{}/sessions", admin.id));
    let expected = format!("{read} → Query _sessions");
    let page = ledger
        .row(
            by,
            "any",
            (&event, 200),
            (&expected, 2, 4.0, 0.0),
            "session check ∥ r → 1 query",
        )
        .json();
    assert!(!page["items"].as_array().is_none_or(Vec::is_empty));
    let by = ("users-session-end", &end_one);
    let event = on("DELETE", &format!("{user}/sessions/{}", admin.id));
    let expected = format!("{read} → UpdateItem _sessions (refused)");
    let _ = ledger.row(
        by,
        "not there",
        (&event, 404),
        (&expected, 2, 3.0, 1.0),
        "session check ∥ r → w",
    );

    let by = ("users-delete", &delete);
    let expected = format!("{read} → TransactWriteItems DeleteItem _users");
    let design =
        "session check ∥ r → T: 2 × (user, identity), and the index; 2 more for each unique value";
    let _ = ledger.row(
        by,
        "any",
        (&on("DELETE", &user), 204),
        (&expected, 2, 3.0, 5.0),
        design,
    );
    set_role(&ledger.apart, &admin.id, "authenticated");
}

fn touches_nothing(ledger: &mut Ledger<'_>) {
    let health = ledger.function("health", &[]);
    let fallback = ledger.function("fallback", &[]);
    let nothing: Expected<'_> = ("none", 0, 0.0, 0.0);
    let event = Event::new("GET", "/api/health");
    let _ = ledger.row(
        ("health", &health),
        "any",
        (&event, 200),
        nothing,
        "nothing",
    );
    let event = Event::new("GET", "/api/nowhere");
    let _ = ledger.row(
        ("fallback", &fallback),
        "unknown path",
        (&event, 404),
        nothing,
        "nothing",
    );
    let event = Event::new("DELETE", "/api/auth/login");
    let _ = ledger.row(
        ("fallback", &fallback),
        "other method",
        (&event, 405),
        nothing,
        "nothing",
    );
}

pub(crate) fn set_role(apart: &Apart<'_>, user: &str, role: &str) {
    let update = json!({ "TableName": "local-_users", "Key": { "id": { "S": user } },
        "UpdateExpression": "SET #r = :r", "ConditionExpression": "attribute_exists(#r)",
        "ExpressionAttributeNames": { "#r": "role" }, "ExpressionAttributeValues": { ":r": { "S": role } } });
    apart
        .dynamo
        .database()
        .update_item(serde_json::from_value(update).unwrap())
        .unwrap();
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
