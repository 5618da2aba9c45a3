//! `/api/admin/triggers`: the list as callers get it.

use blackbox::project::tested;
use blackbox::stack;
use serde_json::{Value, json};

use super::PATH;

/// An item of the list, for the trigger at this place of the project's file.
fn item(at: usize, waiting: u32, failures: u32) -> Value {
    let trigger = &tested().project.triggers[at];
    json!({ "name": trigger.name, "on": trigger.on, "collections": trigger.collections,
        "waiting": waiting, "failures": failures })
}

#[test]
fn an_admin_lists_the_triggers_in_the_order_of_their_file() {
    let stack = stack();
    let admin = stack.admin();
    let page = admin.get(PATH).expect(200).json();
    let listed = page["items"].as_array().unwrap();
    assert_eq!(listed.len(), tested().project.triggers.len());
    for (at, found) in listed.iter().enumerate() {
        for name in ["name", "on", "collections"] {
            assert_eq!(found[name], item(at, 0, 0)[name], "{page}");
        }
        assert!(found["waiting"].is_u64() && found["failures"].is_u64());
    }
    let refused = stack.stranger().get(PATH).expect(401);
    assert_eq!(refused.code(), "auth/authentication-required");
    let refused = stack.member().get(PATH).expect(403);
    assert_eq!(refused.code(), "auth/forbidden");
    let refused = admin.get(&format!("{PATH}?limit=1")).expect(400).json();
    assert_eq!(refused["error"]["details"][0]["field"], "limit");
}

#[test]
fn what_waits_for_a_trigger_is_counted_and_what_has_failed_of_it() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let name = &tested().project.triggers[2].name;
    // Two wait for the first attempt and one for another; what is parked or has arrived waits no more.
    for (number, state, attempts) in [
        (1, "p#9990000000000#", 0),
        (2, "p#9990000000000#", 0),
        (3, "p#9990000000001#", 7),
        (4, "k#", 8),
        (5, "d#", 2),
    ] {
        let id = format!("{state}01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3b{number:02x}");
        let item = json!({ "consumer": { "S": format!("trigger:{name}") }, "id": { "S": id },
            "type": { "S": "record.created" }, "attempts": { "N": attempts.to_string() },
            "due": { "N": "9990000000000" }, "expires_at": { "N": "99999999999" } });
        let put = json!({ "TableName": "local-_deliveries", "Item": item });
        inside.dynamo.engine().call("PutItem", &put).unwrap();
    }
    let page = stack().admin().get(PATH).expect(200).json();
    let count = tested().project.triggers.len();
    let items = (0..count).map(|place| {
        if place == 2 {
            item(2, 3, 1)
        } else {
            item(place, 0, 0)
        }
    });
    let items: Vec<Value> = items.collect();
    assert_eq!(page, json!({ "items": items }));
}
