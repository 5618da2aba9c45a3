//! `cargo admin export --all` and `restore`: every request answers as before, over all collections of the suite.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use api::endpoints::PAGE;
use blackbox::provider::Provider;
use blackbox::{Event, Instance, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use super::{Place, Scraps};
use crate::auth::items::users;
use crate::keys::text;
use crate::mfa::code;
use crate::providers::set_up;

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// So many users and posts that a restore takes a while.
const MANY: usize = 1_500;

/// The collections of the suite, each with a record of it. An order has a product, and a comment has a post.
const RECORDS: [(&str, &str); 13] = [
    ("posts", r#"{"title":"A"}"#),
    (
        "products",
        r#"{"name":"Lamp","sku":"LAMP-1","price":19.5,"tags":["a"],"size":{"width":1}}"#,
    ),
    (
        "articles",
        r#"{"title":"A","slug":"a","status":"published","remarks":"x"}"#,
    ),
    ("assignments", r#"{"title":"A"}"#),
    ("comments", r#"{"post":"?posts","text":"x","likes":1}"#),
    ("drafts", r#"{"title":"A"}"#),
    ("feedback", r#"{"message":"A"}"#),
    (
        "notes",
        r#"{"title":"A","due":"1945-05-08","meta":{"a":null},"tags":[1,"2"]}"#,
    ),
    (
        "orders",
        r#"{"product":"?products","code":"one","total":2}"#,
    ),
    ("reports", r#"{"title":"A"}"#),
    ("visits", r#"{"title":"A"}"#),
    ("votes", r#"{"title":"A"}"#),
    ("wiki", r#"{"title":"A"}"#),
];

/// The tables that move.
const TABLES: [&str; 5] = [
    "_users",
    "_api_keys",
    "_configuration",
    "_invitations",
    "_deliveries",
];

/// Tables, functions that start when they are asked, and an admin's token.
struct Side<'a> {
    place: Place<'a>,
    functions: BTreeMap<&'static str, OnceLock<Instance<'a>>>,
    token: String,
}

impl<'a> Side<'a> {
    fn new(place: Place<'a>) -> Self {
        let names = PAGE.iter().map(|entry| (entry.name, OnceLock::new()));
        Self {
            place,
            functions: names.collect(),
            token: String::new(),
        }
    }

    fn reply(&self, function: &str, event: &Event) -> blackbox::Reply {
        let own = [("BAKEND_AUTH_PUBLIC_URL", "http://localhost:8080")];
        let start = || self.place.apart.function(function, "whole", &own);
        let function = self.functions[function].get_or_init(start);
        self.place.apart.ask(function, event)
    }

    fn ask(&self, function: &str, method: &str, path: &str, body: Option<&Value>) -> Value {
        let event = Event::new(method, path).token(&self.token);
        let event = match body {
            Some(body) => event.json(body),
            None => event,
        };
        let reply = self.reply(function, &event);
        assert!(
            (200..300).contains(&reply.status),
            "{method} {path}: {}",
            reply.json()
        );
        reply.json()
    }

    fn login(&self, email: &str, code: Option<&str>) -> blackbox::Reply {
        let mut body = json!({ "email": email, "password": PASSWORD });
        if let Some(code) = code {
            body["mfaCode"] = json!(code);
        }
        self.reply("login", &Event::new("POST", "/api/auth/login").json(&body))
    }

    /// The answers to requests of every kind that reads, by their paths.
    fn answers(&self) -> BTreeMap<String, Value> {
        let mut answers = BTreeMap::new();
        for (function, path) in [
            ("me-get", "/api/auth/me"),
            ("api-keys-list", "/api/admin/api-keys"),
            ("service-accounts-list", "/api/admin/service-accounts"),
            ("mail-templates-list", "/api/admin/mail-templates"),
            ("webhooks-list", "/api/admin/webhooks"),
        ] {
            answers.insert(path.to_owned(), self.ask(function, "GET", path, None));
        }
        let lists = RECORDS
            .iter()
            .map(|(name, _)| ("records-list", format!("/api/{name}?limit=100")));
        let users = [("users-list", "/api/users?limit=100".to_owned())];
        for (function, path) in lists.chain(users) {
            // A cursor is of the keys of its deployment, and so no two are alike.
            let (mut cursor, mut page, mut items) = (String::new(), 0, Vec::new());
            loop {
                let answer = self.ask(function, "GET", &format!("{path}{cursor}"), None);
                items.extend(answer["items"].as_array().unwrap().iter().cloned());
                page += 1;
                match answer["nextCursor"].as_str() {
                    Some(next) if page < 40 => cursor = format!("&cursor={next}"),
                    _ => break,
                }
            }
            if function == "records-list" {
                let (name, _) = path[5..].split_once('?').unwrap();
                for item in items.iter().take(3) {
                    let path = format!("/api/{name}/{}", text(&item["id"]));
                    answers.insert(path.clone(), self.ask("records-get", "GET", &path, None));
                }
                let count = format!("/api/{name}/count");
                answers.insert(
                    count.clone(),
                    self.ask("records-count", "GET", &count, None),
                );
            }
            answers.insert(path, json!(items));
        }
        for path in [
            "/api/products?sort=price&limit=100",
            "/api/orders?sort=state,total&limit=100",
            "/api/articles?sort=status,-createdAt&limit=100",
        ] {
            answers.insert(path.to_owned(), self.ask("records-list", "GET", path, None));
        }
        answers
    }

    /// The items of a table, by their keys, without what does not move.
    fn items(&self, table: &str) -> BTreeMap<String, Value> {
        let (mut items, mut request) = (
            BTreeMap::new(),
            json!({ "TableName": format!("local-{table}") }),
        );
        loop {
            let page = self
                .place
                .apart
                .dynamo
                .engine()
                .call("Scan", &request)
                .unwrap();
            for item in page["Items"].as_array().unwrap() {
                let mut item = item.as_object().unwrap().clone();
                let key = json!([item.get("consumer"), item.get("shard"), item["id"]]).to_string();
                let is_factor = key.contains("totp#");
                let is_configuration =
                    ["_configuration", "_deliveries", "_api_keys"].contains(&table);
                item.retain(|name, _| {
                    let sealed = ["secret", "secret_at"].contains(&name.as_str());
                    name != "restored"
                        && !(sealed && (is_configuration || is_factor))
                        && !(is_configuration && name == "change")
                        && !(is_factor
                            && ["used", "generation", "recovery_key", "last_step"]
                                .contains(&name.as_str()))
                });
                items.insert(key, Value::Object(item));
            }
            if page["LastEvaluatedKey"].is_null() {
                return items;
            }
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.inside.command("admin");
        command.args(["--stack", "local"]).args(arguments);
        command.env(
            "AWS_ENDPOINT_URL_DYNAMODB",
            self.place.apart.dynamo.endpoint(),
        );
        for (name, value) in [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "operator"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ] {
            command.env(name, value);
        }
        command
    }

    /// Kills a command as soon as something is so; whether it was still running then.
    fn kill_when(&self, arguments: &[&str], is_so: impl Fn() -> bool) -> bool {
        let mut command = self.command(arguments);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        while !is_so() {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(
                started.elapsed() < Duration::from_secs(120),
                "nothing happens"
            );
            thread::sleep(Duration::from_millis(2));
        }
        let was_running = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        was_running
    }
}

/// Fills tables with everything that moves.
fn fill(side: &mut Side<'_>, scraps: &Scraps, provider: &Provider) -> (String, String) {
    let email = fresh_email();
    let own = [("BAKEND_ADMIN_EMAIL", email.as_str())];
    let register = side.place.apart.function("register", "whole", &own);
    let body = json!({ "email": email, "password": PASSWORD });
    let event = Event::new("POST", "/api/auth/register").json(&body);
    let admin = side.place.apart.ask(&register, &event).expect(201).json();
    side.token = text(&admin["accessToken"]);

    let endpoint = side.place.apart.dynamo.endpoint();
    let hash = users(&endpoint).get(&json!({ "id": { "S": format!("email#{email}") } }));
    let hash = hash["password_hash"]["S"].clone();
    let mut lines: Vec<String> = (0..MANY)
        .map(|number| {
            let at = format!("2021-01-02T03:{:02}:{:02}.000Z", number / 60 % 60, number % 60);
            json!({ "email": format!("user-{number}@example.com"), "username": format!("user-{number}"), "badge": number + 1,
                "createdAt": at, "passwordHash": hash })
            .to_string()
        })
        .collect();
    lines.push(json!({ "email": "factor@example.com", "passwordHash": hash, "totpSecret": SECRET,
        "identities": [{ "provider": "google", "issuer": "https://accounts.google.com", "subject": "7" }] }).to_string());
    let file = scraps.write("users.jsonl", lines.join("\n"));
    let told = side.place.run(&["import", &file]);
    assert!(told.0, "{}", told.1);
    let posts: String = (0..MANY)
        .map(|number| {
            format!(
                "{{\"id\":{number},\"title\":\"Post {number}\",\"createdAt\":\"2021-01-02\"}}\n"
            )
        })
        .collect();
    let file = scraps.write("posts.jsonl", posts);
    let map = scraps.at("ids.jsonl");
    let told = side
        .place
        .run(&["records", "import", "posts", &file, "--map", &map]);
    assert!(told.0, "{}", told.1);

    let mut first = BTreeMap::new();
    for (name, record) in RECORDS {
        let mut record: Value = serde_json::from_str(record).unwrap();
        for value in record.as_object_mut().unwrap().values_mut() {
            if let Some(of) = value.as_str().and_then(|text| text.strip_prefix('?')) {
                *value = json!(first[of]);
            }
        }
        let made = side.ask(
            "records-create",
            "POST",
            &format!("/api/{name}"),
            Some(&record),
        );
        first.insert(name, text(&made["id"]));
    }
    let changed = format!("/api/articles/{}", first["articles"]);
    let _ = side.ask(
        "records-update",
        "PATCH",
        &changed,
        Some(&json!({ "title": "B" })),
    );
    let body = json!({ "name": "server", "type": "secret", "scopes": ["posts:*"] });
    let key = side.ask(
        "api-keys-create",
        "POST",
        "/api/admin/api-keys",
        Some(&body),
    );
    let body = json!({ "name": "billing", "role": "editor" });
    let _ = side.ask(
        "service-accounts-create",
        "POST",
        "/api/admin/service-accounts",
        Some(&body),
    );
    let body = json!({ "name": "hook", "url": "http://127.0.0.1:1024/hook", "events": ["*"] });
    let _ = side.ask(
        "webhooks-create",
        "POST",
        "/api/admin/webhooks",
        Some(&body),
    );
    let admin_token = side.token.clone();
    set_up(
        provider,
        &|function, event| side.reply(function, event),
        &admin_token,
    );
    // A passkey is an item that nothing seals.
    let passkey = json!({ "id": { "S": "passkey#x" }, "user_id": { "S": text(&admin["user"]["id"]) },
        "credential": { "B": "AQI=" }, "public_key": { "S": "k" }, "sign_count": { "N": "3" }, "transports": { "L": [] },
        "backup_eligible": { "BOOL": true }, "backed_up": { "BOOL": false }, "aaguid": { "S": "a" }, "name": { "S": "Key" },
        "added_at": { "N": "1790000000000" } });
    users(&endpoint).put(&passkey);
    (email, text(&key["key"]))
}

#[test]
fn a_stack_goes_out_and_into_an_empty_one_although_interrupted() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let scraps = Scraps::new();
    let provider = Provider::start();
    let mut one = Side::new(Place::new(inside));
    let (email, key) = fill(&mut one, &scraps, &provider);
    let folder = scraps.at("all");
    let is_begun =
        || std::fs::metadata(format!("{folder}/_users.jsonl")).is_ok_and(|data| data.len() > 0);
    let _ = one.kill_when(&["export", "--all", &folder], is_begun);
    let (is_done, told) = one.place.run(&["export", "--all", &folder]);
    if is_done {
        assert!(told.contains(" items written to "), "{told}");
    } else {
        // The command was faster than its end.
        assert!(
            told.contains("has an export already: name another folder"),
            "{told}"
        );
    }
    let again = one.place.run(&["export", "--all", &folder]);
    assert!(
        !again.0 && again.1.contains("has an export already"),
        "{}",
        again.1
    );
    let all: String = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert!(all.contains(SECRET));
    for (file, id) in [
        ("_configuration", "provider#google"),
        ("_deliveries", "webhook:"),
    ] {
        let text = std::fs::read_to_string(format!("{folder}/{file}.jsonl")).unwrap();
        let items: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let is_one = |item: &Value| item["id"]["S"].as_str().unwrap().starts_with(id);
        assert!(items.iter().any(is_one), "{file}: {text}");
        for item in &items {
            for name in ["secret", "secret_at", "previous_secret", "previous_until"] {
                assert_eq!(item.get(name), None, "{file}: {item}");
            }
        }
    }

    let mut two = Side::new(Place::new(inside));
    let arguments = ["restore", &folder];
    let mut interrupted = 0;
    for (table, count) in [("_users", 500), ("_users", 2_500), ("posts", 300)] {
        interrupted += usize::from(two.kill_when(&arguments, || two.items(table).len() >= count));
    }
    assert_eq!(interrupted, 3);
    let (is_done, told) = two.place.run(&arguments);
    assert!(is_done, "{told}");
    assert!(
        told.contains("items restored, ") && told.contains("there already."),
        "{told}"
    );
    assert!(
        told.contains(" hook: whsec_"),
        "the new secret of the webhook: {told}"
    );
    assert!(
        told.contains("Set the client secrets of these providers again: google."),
        "{told}"
    );
    let (is_done, told) = two.place.run(&arguments);
    assert!(
        is_done && told.contains("is restored already; nothing was done."),
        "{told}"
    );

    for table in TABLES.iter().chain(RECORDS.iter().map(|(name, _)| name)) {
        let (here, there) = (two.items(table), one.items(table));
        for (key, item) in &there {
            assert_eq!(here.get(key), Some(item), "{table} {key}");
        }
        assert_eq!(here.len(), there.len(), "{table}");
    }
    let signed_in = two.login(&email, None).expect(200).json();
    two.token = text(&signed_in["accessToken"]);
    let (here, there) = (two.answers(), one.answers());
    for (path, answer) in &there {
        assert_eq!(&here[path], answer, "{path}");
    }
    let by_key = Event::new("GET", "/api/posts?limit=1").key(&key);
    let _ = two.reply("records-list", &by_key).expect(200);
    let waits = two.login("factor@example.com", None);
    assert_eq!(waits.code(), "auth/mfa-required");
    let _ = two
        .login("factor@example.com", Some(&code(SECRET, 0)))
        .expect(200);
    let _ = two.login("user-7@example.com", None).expect(200);
    // A later write meets the restored values.
    let event = Event::new("POST", "/api/products").token(&two.token);
    let event = event.json(&json!({ "name": "Copy", "sku": "LAMP-1" }));
    assert_eq!(
        two.reply("records-create", &event).code(),
        "data/unique-violation"
    );
}

#[test]
fn a_restore_needs_an_empty_stack_and_an_export_as_it_was() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let scraps = Scraps::new();
    let (one, two) = (Place::new(inside), Place::new(inside));
    let file = scraps.write("users.jsonl", "{\"email\":\"ada@example.com\"}\n");
    assert!(one.run(&["import", &file]).0);
    let folder = scraps.at("all");
    let (is_done, told) = one.run(&["export", "--all", &folder]);
    assert!(is_done, "{told}");
    let (is_done, told) = one.run(&["restore", &folder]);
    let reason = "the table _users is not empty: restore into a new stack, before anybody uses it";
    assert!(
        !is_done && told.contains(reason) && told.lines().count() == 1,
        "{told}"
    );
    let posts = scraps.write("posts.jsonl", "{\"id\":\"1\",\"title\":\"A\"}\n");
    let map = scraps.at("ids.jsonl");
    assert!(
        two.run(&["records", "import", "posts", &posts, "--map", &map])
            .0
    );
    let (is_done, told) = two.run(&["restore", &folder]);
    assert!(
        !is_done && told.contains("the table posts is not empty"),
        "{told}"
    );

    let three = Place::new(inside);
    let path = format!("{folder}/_users.jsonl");
    let users = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, users.replace("ada@", "eve@")).unwrap();
    let (is_done, told) = three.run(&["restore", &folder]);
    assert!(
        !is_done && told.contains("_users.jsonl is not as it was exported: export again"),
        "{told}"
    );
    std::fs::write(&path, &users).unwrap();
    let (is_done, told) = three.run(&["restore", &folder]);
    assert!(is_done && told.contains("items restored"), "{told}");
    let other = scraps.at("other");
    assert!(three.run(&["export", "--all", &other]).0);
    let (is_done, told) = three.run(&["restore", &other]);
    assert!(
        !is_done && told.contains("another export was restored into this stack"),
        "{told}"
    );
}
