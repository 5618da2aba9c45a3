//! `cargo admin audit export`: every entry of a time, the oldest first.

use blackbox::{Apart, Inside, stack};
use local::dynamo::Dynamo;
use serde_json::{Value, json};

use crate::admin::{admin_on, said};

/// The first bytes of the ids: 28 November 2026, 11:05, and the same a minute later.
const TIMES: [&str; 2] = ["01a221d4-6f60", "01a221d5-59c0"];

/// An item of the log. Its partition follows from the last digit of its id.
fn item(id: &str, user_agent: &str, changed: &str) -> Value {
    let last = id.chars().last().unwrap().to_digit(16).unwrap();
    json!({ "shard": { "S": (last % 4).to_string() }, "id": { "S": id }, "type": { "S": "user.updated" },
        "collection": { "S": "users" }, "subject": { "S": "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b" },
        "user_agent": { "S": user_agent }, "changed": { "L": [{ "S": changed }] },
        "expires_at": { "N": "99999999999" } })
}

fn put(dynamo: &Dynamo, items: &[Value]) {
    for items in items.chunks(25) {
        let puts: Vec<Value> = items
            .iter()
            .map(|item| json!({ "PutRequest": { "Item": item } }))
            .collect();
        let batch = json!({ "RequestItems": { "local-_audit": puts } });
        let left = dynamo.engine().call("BatchWriteItem", &batch).unwrap();
        assert_eq!(left["UnprocessedItems"], json!({}));
    }
}

/// The standard output of an export that ends well, and its sentence.
fn export(inside: &Inside, apart: &Apart<'_>, arguments: &[&str]) -> (String, String) {
    let arguments = [&["audit", "export"], arguments].concat();
    let output = admin_on(inside, &apart.dynamo.endpoint(), &arguments);
    assert!(output.status.success(), "{:?}", said(&output));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

fn ids(lines: &str) -> Vec<String> {
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines
        .map(|entry: Value| entry["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn all_partitions_come_in_the_order_of_time() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    // One partition has more than two queries give; the others end before it, or have nothing.
    let changed = "x".repeat(400);
    let id = |time: &str, number: u32, last: char| {
        format!("{time}-7000-8000-00000000{:03x}{last}", number)
    };
    let mut items: Vec<Value> = (0..3000)
        .map(|number| item(&id(TIMES[0], number, '1'), "curl/8.0", &changed))
        .collect();
    items.extend((0..40).map(|number| item(&id(TIMES[0], number * 7, '6'), "a", "b")));
    items.push(item(&id(TIMES[1], 0, '3'), "a", "b"));
    put(&apart.dynamo, &items);
    let mut expected: Vec<String> = items
        .iter()
        .map(|item| item["id"]["S"].as_str().unwrap().to_owned())
        .collect();
    expected.sort();
    let (lines, sentence) = export(inside, &apart, &[]);
    assert!(ids(&lines) == expected, "{}", ids(&lines).len());
    assert_eq!(sentence, "3041 entries written to the standard output.\n");

    for (arguments, count) in [
        (&["--from", "2026-11-28", "--to", "2026-11-29"][..], 3041),
        (&["--to", "2026-11-28"], 0),
        (&["--from", "2026-11-29"], 0),
        (&["--to", "2026-11-28T11:06:00Z"], 3040),
        (&["--from", "2026-11-28T12:06:00+01:00"], 1),
    ] {
        let (lines, _) = export(inside, &apart, arguments);
        assert_eq!(lines.lines().count(), count, "{arguments:?}");
    }
}

#[test]
fn both_forms_hold_what_the_log_holds_and_no_cell_is_a_formula() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let id = format!("{}-7000-8000-000000000002", TIMES[0]);
    let user_agent = "=HYPERLINK(\"https://evil.example\", \"x\")";
    put(&apart.dynamo, &[item(&id, user_agent, "name")]);
    let subject = "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b";
    let (lines, _) = export(inside, &apart, &["--format", "jsonl"]);
    let entry: Value = serde_json::from_str(&lines).unwrap();
    let expected = json!({ "id": id, "type": "user.updated", "at": "2026-11-28T11:05:00.000Z", "actor": null,
        "subject": { "collection": "users", "id": subject, "owner": null }, "requestId": null, "ip": null,
        "userAgent": user_agent, "changed": ["name"], "reason": null, "role": null });
    assert_eq!(entry, expected);

    let (csv, sentence) = export(inside, &apart, &["--format", "csv"]);
    let names = "id,type,at,actorType,actorId,actorRole,actorKeyId,actorImpersonator,actorTrigger,subjectCollection,\
        subjectId,subjectOwner,requestId,ip,userAgent,changed,reason,roleFrom,roleTo";
    let line = format!(
        "{id},user.updated,2026-11-28T11:05:00.000Z,,,,,,,users,{subject},,,,\"'=HYPERLINK(\"\"https://evil.example\"\", \
         \"\"x\"\")\",name,,,"
    );
    assert_eq!(csv, format!("{names}\r\n{line}\r\n"));
    assert_eq!(sentence, "1 entries written to the standard output.\n");
}

#[test]
fn an_entry_that_is_broken_ends_the_export_with_its_reason() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let mut broken = item(&format!("{}-7000-8000-000000000002", TIMES[0]), "a", "b");
    broken.as_object_mut().unwrap().remove("type");
    put(&apart.dynamo, &[broken]);
    let output = admin_on(inside, &apart.dynamo.endpoint(), &["audit", "export"]);
    let (done, text) = said(&output);
    assert_eq!(
        (done, &*text),
        (false, "cargo admin: _audit item without a proper `type`\n")
    );
}
