//! The code of `docs/events.md` does as the document says: each block is taken out of it and run with the signature that
//! the document shows.

#![allow(clippy::expect_used, reason = "a test that cannot go on has to stop")]

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use api::event::{Kind, example};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use infra::plans::root;
use ring::hmac;
use serde_json::{Value, json};

/// The time of the attempt that the document shows.
const SENT: u64 = 1_790_000_000;

fn is_genuine(secret: &str, id: &str, sent: &str, given: &str, body: &[u8], now: u64) -> bool {
    let fresh = sent.parse().is_ok_and(|sent| now.abs_diff(sent) <= 300);
    let Ok(key) = STANDARD.decode(secret.trim_start_matches("whsec_")) else {
        return false;
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = [id.as_bytes(), sent.as_bytes(), body].join(&b'.');
    let is_right = |tag: &str| {
        STANDARD
            .decode(tag)
            .is_ok_and(|tag| hmac::verify(&key, &signed, &tag).is_ok())
    };
    let mut tags = given.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    fresh && tags.any(is_right)
}

fn page() -> String {
    fs::read_to_string(root().join("docs/events.md")).expect("docs/events.md")
}

/// The only block of a language.
fn block(language: &str) -> String {
    let page = page();
    let start = format!("\n```{language}\n");
    let mut blocks = page.split(&start).skip(1);
    let block = blocks.next().and_then(|rest| rest.split("\n```").next());
    assert_eq!(blocks.count(), 0, "two blocks of {language}");
    format!("{}\n", block.expect("a block"))
}

/// A value of the document's table.
fn value(name: &str) -> String {
    let page = page();
    let start = format!("\n| {name} | `");
    let row = page.split(&start).nth(1);
    let value = row.and_then(|rest| rest.split("` |").next());
    value.expect("a row").to_owned()
}

/// Deliveries, and whether each is genuine: secret, id, timestamp, signature, body and the receiver's time.
fn deliveries() -> Vec<(Value, bool)> {
    let genuine = json!({
        "secret": value("secret"),
        "id": value("`webhook-id`"),
        "sent": value("`webhook-timestamp`"),
        "given": value("`webhook-signature`"),
        "body": value("body"),
        "now": SENT,
    });
    assert_eq!(genuine["sent"], json!(SENT.to_string()));
    let other = "v1,AAAAlhtpLXyJdXsx+1zPeN3Ep1zHpwt5X0OpHttClvo=";
    let given = genuine["given"].as_str().expect("a text");
    let with = |name: &str, value: Value| {
        let mut delivery = genuine.clone();
        delivery[name] = value;
        delivery
    };
    vec![
        (genuine.clone(), true),
        (with("now", json!(SENT + 300)), true),
        (with("now", json!(SENT - 300)), true),
        (with("given", json!(format!("{other} {given}"))), true),
        (with("given", json!(format!("{given} {other}"))), true),
        (with("now", json!(SENT + 301)), false),
        (with("now", json!(SENT - 301)), false),
        (with("given", json!(other)), false),
        (with("given", json!("")), false),
        (with("given", json!("v1,")), false),
        (with("given", json!("v1,ä")), false),
        (with("given", json!(given.replace("v1,", "v2,"))), false),
        (with("given", json!(given.replace("v1,", ""))), false),
        (with("sent", json!("")), false),
        (with("sent", json!("soon")), false),
        (with("sent", json!((SENT + 1).to_string())), false),
        (
            with("id", json!("01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4c")),
            false,
        ),
        (with("body", json!("{}")), false),
        (with("body", json!(value("body") + " ")), false),
        (with("secret", json!("whsec_AAAA")), false),
    ]
}

/// Runs code that reads deliveries as JSON and prints the verdicts as JSON; `None` where the language is not there.
fn verdicts(command: &str, arguments: &[&str], input: &Value) -> Option<Value> {
    let mut child = match Command::new(command)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        child => child.expect("started"),
    };
    let mut stdin = child.stdin.take().expect("an input");
    stdin.write_all(input.to_string().as_bytes()).expect("read");
    drop(stdin);
    let output = child.wait_with_output().expect("ended");
    assert!(output.status.success(), "{command} failed");
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

fn input() -> (Value, Value) {
    let (deliveries, verdicts): (Vec<_>, Vec<_>) = deliveries().into_iter().unzip();
    (json!(deliveries), json!(verdicts))
}

#[test]
fn the_rust_block_is_the_function_that_is_tested_here() {
    let (uses, function) = block("rust")
        .split_once("\n\n")
        .map(|(uses, function)| (uses.to_owned(), function.to_owned()))
        .expect("uses and a function");
    let here = include_str!("receivers.rs");
    assert!(uses.lines().all(|line| here.contains(line)), "{uses}");
    assert!(here.contains(&function), "{function}");
    for (delivery, genuine) in deliveries() {
        let text = |name: &str| delivery[name].as_str().expect("a text");
        let now = delivery["now"].as_u64().expect("a time");
        let [secret, id, sent, given] = ["secret", "id", "sent", "given"].map(text);
        let found = is_genuine(secret, id, sent, given, text("body").as_bytes(), now);
        assert_eq!(found, genuine, "{delivery}");
    }
}

#[test]
fn the_python_block_tells_genuine_deliveries() {
    let code = block("python")
        + r#"
import json, sys
names = {"webhook-id": "id", "webhook-timestamp": "sent", "webhook-signature": "given"}
print(json.dumps([
    is_genuine(it["secret"], {header: it[name] for header, name in names.items()}, it["body"].encode(), it["now"])
    for it in json.load(sys.stdin)
] + [is_genuine("whsec_AAAA", {}, b"")]))
"#;
    let (input, mut expected) = input();
    expected.as_array_mut().expect("a list").push(json!(false));
    let found = verdicts("python3", &["-c", &code], &input);
    assert_eq!(found.expect("python3 is needed to build"), expected);
}

#[test]
fn the_javascript_block_tells_genuine_deliveries() {
    let code = block("js")
        + r#"
import { readFileSync } from "node:fs";
const verdicts = JSON.parse(readFileSync(0)).map((it) => isGenuine(it.secret, {
  "webhook-id": it.id, "webhook-timestamp": it.sent, "webhook-signature": it.given,
}, Buffer.from(it.body), it.now));
console.log(JSON.stringify([...verdicts, isGenuine("whsec_AAAA", {}, Buffer.alloc(0))]));
"#;
    let (input, mut expected) = input();
    expected.as_array_mut().expect("a list").push(json!(false));
    let arguments = ["--input-type=module", "--eval", &code];
    match verdicts("node", &arguments, &input) {
        Some(found) => assert_eq!(found, expected),
        None => eprintln!("node is not here: the block was not run"),
    }
}

#[test]
fn the_rule_of_event_bridge_picks_the_example_and_its_function_runs() {
    let yours: Value = serde_yaml_ng::from_str(&block("yaml")).expect("YAML");
    let of = &yours["Resources"]["OrderCreated"]["Properties"];
    let rule = &of["Events"]["Created"]["Properties"];
    let kind: Kind = rule["Pattern"]["detail-type"][0]
        .as_str()
        .and_then(|kind| kind.parse().ok())
        .expect("a type");
    let mut event = json!(example::of(kind));
    event["subject"]["collection"] = rule["Pattern"]["detail"]["subject"]["collection"][0].clone();
    assert!(event["subject"]["collection"].is_string());

    // The function by the code in the template, with the message as EventBridge wraps it.
    let code = of["InlineCode"].as_str().expect("code").to_owned()
        + "\nimport os, sys\nout, sys.stdout = sys.stdout, open(os.devnull, 'w')\n\
           json.dump(handler(json.load(sys.stdin), None), out)\n";
    let message = json!({ "source": "bakend.shop", "detail-type": kind, "detail": event });
    let done = verdicts("python3", &["-c", &code], &message).expect("python3 is needed to build");
    assert_eq!(done["event"], event["id"]);
    assert_eq!(done["order"], event["subject"]["id"]);
    assert_eq!(done["createdAt"], event["data"]["record"]["createdAt"]);

    // The template takes the parts as they are.
    let folder = folder();
    fs::create_dir_all(folder.join("infra")).expect("a folder");
    fs::write(folder.join("infra/yours.yaml"), block("yaml")).expect("written");
    let yours = infra::template::Yours::read(&folder);
    fs::remove_dir_all(&folder).expect("removed");
    let project = infra::plans::project().expect("a project");
    let [(_, template), ..] = infra::plans::draw(&project, &yours.expect("read")).expect("drawn");
    let template: Value = serde_yaml_ng::from_str(&template).expect("YAML");
    assert!(template["Parameters"]["EventBusName"].is_object());
    assert_eq!(&template["Resources"]["OrderCreated"]["Properties"], of);
}

/// A folder of this test's own.
fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("bakend-receivers-{}", std::process::id()))
}
