//! The stack on which the run book is run, and what has to be there before some of its commands.

use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};

use api::Timestamp;
use blackbox::project::tested;
use blackbox::{ADMIN_EMAIL, Apart, Event, Inside, Instance, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use crate::admin::{play_sam, said};

/// The user whom the run book helps.
const GRACE: &str = "grace@example.com";

/// The id that stands for others in the run book.
const EXAMPLE: &str = "0197a3b0-1234-7000-8000-0000000000aa";

/// Settings of functions and commands. The table's secret signs, and a lock outlasts a slow machine.
const VARIABLES: [(&str, &str); 4] = [
    ("BAKEND_AUTH_JWT_SECRET", ""),
    ("BAKEND_AUTH_THROTTLE_ATTEMPTS", "5"),
    ("BAKEND_AUTH_THROTTLE_SOURCE_ATTEMPTS", "5"),
    ("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m"),
];

/// When each step of a rotation is due, counted from the first.
const STEPS: [&str; 3] = ["0s", "15m", "41m"];

/// A command, and what has to be done before it.
type Preparation = (&'static str, fn(&mut Scene));

/// Commands that need something before them.
pub(super) const PREPARED: &[Preparation] = &[
    (
        "cargo admin user grace@example.com",
        Scene::grace_is_locked_out,
    ),
    (
        "cargo admin user grace@example.com end-sessions 0197a3b0-1234-7000-8000-0000000000aa",
        Scene::a_session_is_named,
    ),
    (
        "cargo admin user grace@example.com demote",
        Scene::grace_makes_a_key,
    ),
    ("cargo admin api-keys", Scene::a_key_is_there),
    (
        "cargo admin throttle clear grace@example.com",
        Scene::a_source_is_locked_out,
    ),
    ("cargo admin keys rotate", Scene::a_step_is_due),
    ("cargo admin keys drop 1", Scene::mails_of_before_are_over),
];

/// Tables with an admin, a user and a webhook that has been failing for a week, and a folder with files to import. A program
/// in place of SAM's Python gives the answers of AWS.
pub(super) struct Scene {
    inside: &'static Inside,
    apart: Apart<'static>,
    login: Instance<'static>,
    make_key: Instance<'static>,
    admin_token: String,
    folder: PathBuf,
    /// How much later than now the next command runs.
    clock: &'static str,
    /// The id that the next command names.
    id: String,
    steps: usize,
}

impl Scene {
    /// `None` where the stack has no inside.
    pub(super) fn open() -> Option<Self> {
        let inside = stack().inside()?;
        let apart = Apart::new(inside);
        let start = |name: &str| {
            let own = [&VARIABLES[..], &[("BAKEND_ADMIN_EMAIL", ADMIN_EMAIL)]].concat();
            apart.function(name, "run-book", &own)
        };
        let register = start("register");
        let sign_up = |email: &str| {
            let body = json!({ "email": email, "password": PASSWORD });
            let event = Event::new("POST", "/api/auth/register").json(&body);
            apart.ask(&register, &event).expect(201).json()
        };
        let admin_token = text(&sign_up(ADMIN_EMAIL)["accessToken"]);
        let _ = sign_up(GRACE);
        let make = |function: &str, path: &str, body: &Value| {
            let event = Event::new("POST", path).json(body).token(&admin_token);
            let made = apart.ask(&start(function), &event);
            text(&made.expect(201).json()["id"])
        };
        let product = json!({ "name": "Lamp", "sku": "LAMP-1", "price": 5 });
        let _ = make("records-create", "/api/products", &product);
        let webhook = json!({ "name": "shop", "url": "http://127.0.0.1:1024/", "events": ["*"] });
        let webhook = make("webhooks-create", "/api/admin/webhooks", &webhook);
        let scene = Self {
            login: start("login"),
            make_key: start("api-keys-create"),
            folder: folder(),
            clock: "0s",
            id: EXAMPLE.to_owned(),
            steps: 0,
            inside,
            apart,
            admin_token,
        };
        scene.fail_for_a_week(&webhook);
        scene.put("local-_audit", &entry());
        Some(scene)
    }

    fn call(&self, action: &str, request: &Value) {
        let _ = self.apart.dynamo.engine().call(action, request).unwrap();
    }

    fn put(&self, table: &str, item: &Value) {
        self.call("PutItem", &json!({ "TableName": table, "Item": item }));
    }

    /// Has the webhook failing since a week ago, with a delivery that is parked.
    fn fail_for_a_week(&self, webhook: &str) {
        let consumer = format!("webhook:{webhook}");
        let since = (now() - 7 * 86_400) * 1_000;
        let update = json!({ "TableName": "local-_deliveries",
            "Key": { "consumer": { "S": "consumers" }, "id": { "S": consumer } },
            "UpdateExpression": "SET failing_since = :since",
            "ExpressionAttributeValues": { ":since": { "N": since.to_string() } } });
        self.call("UpdateItem", &update);
        let parked = json!({ "consumer": { "S": consumer },
            "id": { "S": "k#01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a01" }, "type": { "S": "auth.login" },
            "attempts": { "N": "8" }, "expires_at": { "N": "99999999999" } });
        self.put("local-_deliveries", &parked);
    }

    /// Runs a command of the document after its preparation: whether it succeeds, and its answer.
    pub(super) fn run(&mut self, line: &str) -> (bool, String) {
        self.clock = "0s";
        let prepared = PREPARED.iter().filter(|(named, _)| *named == line);
        for (_, prepare) in prepared {
            prepare(self);
        }
        let minute_ago = Timestamp::from_millis((now() - 60) * 1_000).to_string();
        let line = line
            .replace(EXAMPLE, &self.id)
            .replace("--at 2026-11-29T12:00:00Z", &format!("--at {minute_ago}"));
        assert!(!line.contains(['"', '\'', '$', '|']), "{line}");
        let (line, file) = match line.split_once(" > ") {
            Some((line, file)) => (line, Some(file)),
            None => (line.as_str(), None),
        };
        let arguments: Vec<&str> = line.split(' ').skip(2).collect();
        let mut output = self.admin(&arguments);
        if let Some(file) = file {
            let written = std::mem::take(&mut output.stdout);
            fs::write(self.folder.join(file), written).unwrap();
        }
        let (done, answer) = said(&output);
        // The document's stack has another name than the suite's.
        (done, answer.replace("local", "bakend"))
    }

    fn admin(&self, arguments: &[&str]) -> Output {
        let mut command = self.inside.command("admin");
        command
            .args(["--stack", "local"])
            .args(arguments)
            .current_dir(&self.folder)
            .env("AWS_ENDPOINT_URL_DYNAMODB", self.apart.dynamo.endpoint())
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "operator")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("BAKEND_TOOLS", &self.folder)
            .env("BAKEND_CLOCK_OFFSET", self.clock)
            .envs(VARIABLES);
        command.output().unwrap()
    }

    /// Looks whether the commands that write files have written them.
    pub(super) fn look_at_files(&self) {
        for (file, lines) in [
            ("november.jsonl", 1),
            ("entries.csv", 2),
            ("all-users.jsonl", 3),
            ("refused.txt", 0),
        ] {
            let text = fs::read_to_string(self.folder.join(file)).unwrap();
            assert_eq!(text.lines().count(), lines, "{file}: {text}");
        }
    }

    /// The reply to a login of the user, from a source address.
    fn signs_in(&self, password: &str, source: Option<&str>, status: u16) -> Value {
        let body = json!({ "email": GRACE, "password": password });
        let mut event = Event::new("POST", "/api/auth/login").json(&body);
        if let Some(source) = source {
            event = event.source_ip(source);
        }
        self.apart.ask(&self.login, &event).expect(status).json()
    }

    fn fails_from(&self, source: &str) {
        for _ in 0..5 {
            let _ = self.signs_in("another horse battery staple", Some(source), 401);
        }
    }

    fn grace_is_locked_out(&mut self) {
        let _ = self.signs_in(PASSWORD, None, 200);
        self.fails_from("203.0.113.9");
    }

    fn a_source_is_locked_out(&mut self) {
        self.fails_from("203.0.113.7");
    }

    /// The newest session, as the command lists it.
    fn a_session_is_named(&mut self) {
        let (done, listed) = said(&self.admin(&["user", GRACE, "sessions"]));
        let first = listed.split(' ').next().unwrap_or_default();
        assert!(done && first.len() == EXAMPLE.len(), "{listed}");
        first.clone_into(&mut self.id);
    }

    fn key(&self, name: &str, token: &str) -> String {
        let body = json!({ "name": name, "type": "secret", "scopes": ["posts:read"] });
        let event = Event::new("POST", "/api/admin/api-keys").json(&body);
        let made = self.apart.ask(&self.make_key, &event.token(token));
        text(&made.expect(201).json()["id"])
    }

    fn grace_makes_a_key(&mut self) {
        let token = text(&self.signs_in(PASSWORD, None, 200)["accessToken"]);
        let _ = self.key("ci", &token);
    }

    fn a_key_is_there(&mut self) {
        self.id = self.key("shop", &self.admin_token);
    }

    fn a_step_is_due(&mut self) {
        self.clock = STEPS[self.steps];
        self.steps += 1;
    }

    fn mails_of_before_are_over(&mut self) {
        self.clock = "10d";
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The time in seconds.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}

/// An entry of the audit log of 28 November 2026, 11:05.
fn entry() -> Value {
    json!({ "shard": { "S": "2" }, "id": { "S": "01a221d4-6f60-7000-8000-000000000002" },
        "type": { "S": "user.updated" }, "collection": { "S": "users" },
        "subject": { "S": "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b" }, "user_agent": { "S": "curl/8.0" },
        "changed": { "L": [{ "S": "name" }] }, "expires_at": { "N": "99999999999" } })
}

/// A folder with users to import, and with tools whose SAM has the answers of AWS.
fn folder() -> PathBuf {
    let folder = local::root().join(".bakend/tests").join(fresh_email());
    fs::create_dir_all(&folder).unwrap();
    let ada = json!({ "email": "ada@example.com", "role": "editor",
        "createdAt": "2020-02-29T12:00:00Z", "name": "Ada" });
    fs::write(folder.join("users.jsonl"), format!("{ada}\n")).unwrap();
    for (what, answer) in answers() {
        let file = folder.join(format!("{what}.json"));
        fs::write(file, answer.to_string()).unwrap();
    }
    // Its arguments are `-c`, the script of Python, and what is asked.
    let script = format!("#!/bin/sh\ncat \"{}/$3.json\"\n", folder.display());
    play_sam(&folder, &script);
    folder
}

/// The facts about a deployment that AWS knows, by what is asked.
fn answers() -> [(&'static str, Value); 3] {
    let mark = &tested().project.fingerprints.others;
    let alarm = |name: &str, state: &str| {
        json!({ "name": name, "state": state, "since": "2026-11-30T11:00:00+00:00",
            "about": "The API answers with 5xx." })
    };
    let status = json!({ "state": "UPDATE_COMPLETE", "changed": "2026-11-30T10:00:00+00:00",
        "functions": [{ "name": "local-login", "modified": "2026-11-30T09:58:11.000+0000", "fingerprint": mark }],
        "alarms": [alarm("FaultAlarm", "ALARM"), alarm("LostAlarm", "OK")] });
    let line = json!({ "level": "INFO", "code": "auth/invalid-credentials", "endpoint": "login", "status": 401 });
    let logs = json!([{ "at": 1_790_000_000_000_u64, "message": line.to_string() }]);
    let usage = json!({ "tables": [{ "name": "local-_users", "read": 8_000_000, "write": 2_000_000 }],
        "functions": [{ "name": "local-login", "invocations": 1_000_000, "milliseconds": 100_000_000, "memory": 1024 }],
        "requests": 1_000_000, "log_bytes": 2_000_000_000_u64 });
    [("status", status), ("logs", logs), ("usage", usage)]
}
