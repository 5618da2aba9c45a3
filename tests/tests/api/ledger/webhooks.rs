//! Webhooks and their deliveries.

use super::*;

pub(super) fn webhooks(ledger: &mut Ledger<'_>, admin: &Member) {
    const PATH: &str = "/api/admin/webhooks";
    let text =
        |reply: &Reply, name: &str| reply.json()[name].as_str().unwrap_or_default().to_owned();
    let asked = json!({ "name": "a", "url": "http://127.0.0.1:1024/", "events": ["*"] });
    let make = || post(PATH, &asked).token(&admin.access);
    let create = ledger.function("webhooks-create", &[]);
    let _ = ledger.apart.ask(&create, &make()).expect(201);
    let expected = (
        &*format!(
            "{CHECK} → Query _deliveries → TransactWriteItems PutItem _deliveries, UpdateItem _deliveries"
        ),
        3,
        3.0,
        4.0,
    );
    let made = ledger.row(
        ("webhooks-create", &create),
        "few webhooks",
        (&make(), 201),
        expected,
        "session check → r → T: the webhook, the count that nobody else has changed: 2 × 2",
    );
    let own = format!("{PATH}/{}", text(&made, "id"));
    let on = |ledger: &mut Ledger<'_>,
              name: &'static str,
              (event, status): (Event, u16),
              (requests, hops, read, write): (&str, usize, f64, f64),
              design| {
        let function = ledger.function(name, &[]);
        let event = event.token(&admin.access);
        let requests = format!("{CHECK}{requests}");
        let expected = (&*requests, hops, read, write);
        let _ = ledger.row((name, &function), "any", (&event, status), expected, design);
    };
    let changed = json!({ "name": "b" });
    on(
        ledger,
        "webhooks-list",
        (Event::new("GET", PATH), 200),
        (" → Query _deliveries", 2, 3.0, 0.0),
        "session check → 1 query: by size, 1 RRU per 4 KB",
    );
    on(
        ledger,
        "webhooks-get",
        (Event::new("GET", &own), 200),
        (
            " → GetItem _deliveries ∥ GetItem _deliveries ∥ Query _deliveries",
            2,
            4.0,
            0.0,
        ),
        "session check → r ∥ r/2 ∥ 1 query: webhook, lease, count of what waits",
    );
    on(
        ledger,
        "webhooks-update",
        (Event::new("PATCH", &own).json(&changed), 200),
        (
            " ∥ GetItem _deliveries → UpdateItem _deliveries",
            2,
            3.0,
            1.0,
        ),
        "session check ∥ r → w",
    );
    on(
        ledger,
        "webhooks-rotate",
        (post(&format!("{own}/rotate"), &json!({})), 200),
        (
            " ∥ GetItem _deliveries → UpdateItem _deliveries",
            2,
            3.0,
            1.0,
        ),
        "session check ∥ r → w",
    );
    on(
        ledger,
        "webhooks-test",
        (post(&format!("{own}/test"), &json!({})), 200),
        (" ∥ GetItem _deliveries", 1, 3.0, 0.0),
        "session check ∥ r → the receiver",
    );
    let triggers = blackbox::project::tested().project.triggers.len();
    on(
        ledger,
        "triggers-list",
        (Event::new("GET", "/api/admin/triggers"), 200),
        (
            &format!(" → {}", vec!["Query _deliveries"; triggers].join(" ∥ ")),
            2,
            2.0 + 0.5 * f64::from(u8::try_from(triggers).unwrap()),
            0.0,
        ),
        "session check → 1 query a trigger ∥: by size, half a unit each at least",
    );
    let deliveries = format!("/api/admin/consumers/{}/deliveries", text(&made, "id"));
    on(
        ledger,
        "deliveries-list",
        (Event::new("GET", &deliveries), 200),
        (" → GetItem _deliveries ∥ Query _deliveries", 2, 3.5, 0.0),
        "session check → r ∥ 1 query: by size, 0.5 RRU per 4 KB",
    );
    let event = "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b";
    let item = json!({ "id": { "S": event }, "type": { "S": "auth.login" }, "body": { "S": "{}" },
        "expires_at": { "N": "99999999999" } });
    let put = json!({ "TableName": "local-_events", "Item": item });
    ledger.apart.dynamo.engine().call("PutItem", &put).unwrap();
    on(
        ledger,
        "deliveries-redeliver",
        (
            post(&format!("{deliveries}/{event}/redeliver"), &json!({})),
            202,
        ),
        (
            " → GetItem _deliveries ∥ GetItem _events → TransactWriteItems DeleteItem _deliveries, PutItem _deliveries",
            3,
            4.0,
            4.0,
        ),
        "session check → r ∥ r → T: 2 × 2; then an invocation of the worker",
    );
    on(
        ledger,
        "webhooks-delete",
        (Event::new("DELETE", &own), 204),
        (" → TransactWriteItems UpdateItem _deliveries", 2, 2.0, 4.0),
        "session check → T: the tombstone, and the lease by which its queue is found: 2 × 2",
    );
}
