//! Two restores of one export at once.

use std::thread;
use std::time::Duration;

use blackbox::stack;
use local::proxy::Rule;
use serde_json::json;

use super::{Place, Scraps};
use crate::admin::{admin_on, said};

const HOOK: &str = "0197a3b0-0000-7000-8000-000000000001";

#[test]
fn a_secret_that_another_restore_has_not_kept_is_told() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (one, two, scraps) = (Place::new(inside), Place::new(inside), Scraps::new());
    let hook = json!({ "consumer": { "S": "consumers" }, "id": { "S": format!("webhook:{HOOK}") }, "name": { "S": "hook" },
        "url": { "S": "http://127.0.0.1:1024/hook" }, "events": { "L": [{ "S": "*" }] }, "timeout": { "N": "10" },
        "concurrency": { "N": "1" }, "disabled": { "BOOL": false } });
    let put = json!({ "TableName": "local-_deliveries", "Item": hook });
    let _ = one.apart.dynamo.engine().call("PutItem", &put).unwrap();
    let folder = scraps.at("all");
    let (is_done, told) = one.run(&["export", "--all", &folder]);
    assert!(is_done, "{told}");

    let arguments = ["restore", folder.as_str()];
    let hold = |rule: Rule| rule.key("operator").action("PutItem").table("_deliveries");
    let held = two.apart.proxy.hold(hold);
    let endpoint = two.apart.proxy.endpoint();
    let (slower, faster) = thread::scope(|scope| {
        let slower = scope.spawn(|| said(&admin_on(inside, &endpoint, &arguments)));
        assert!(held.wait_for(1, Duration::from_secs(20)));
        let faster = two.run(&arguments);
        held.release();
        (slower.join().unwrap(), faster)
    });
    let lost = format!("webhook {HOOK}: this secret is not the one: another restore has kept");
    for ((is_done, told), is_lost) in [(slower, true), (faster, false)] {
        assert!(is_done && told.contains(" hook: whsec_"), "{told}");
        assert_eq!(told.contains(&lost), is_lost, "{told}");
    }
}
