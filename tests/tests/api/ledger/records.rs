//! Records and lists of them.

use super::*;

pub(super) fn lists(ledger: &mut Ledger<'_>, owner: &Member) {
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

/// Records of users with a proven address.
pub(super) fn votes(ledger: &mut Ledger<'_>, owner: &Member) {
    let [create, list] = ["records-create", "records-list"].map(|name| ledger.function(name, &[]));
    let first = post("/api/votes", &title(500)).token(&owner.access);
    let refused = (CHECK, 1, 2.0, 0.0);
    let by = ("records-create", &create);
    let design = "session check alone";
    let _ = ledger.row(
        by,
        "votes, address not proven",
        (&first, 403),
        refused,
        design,
    );
    prove_address(&ledger.apart, &owner.id);
    let _ = ledger.apart.ask(&create, &first).expect(201);
    let expected = (&*format!("{CHECK} → PutItem votes"), 2, 2.0, 1.0);
    let design = "session check → w: the check reads the proof";
    let _ = ledger.row(
        by,
        "votes, 1 KB, address proven",
        (&first, 201),
        expected,
        design,
    );
    let event = Event::new("GET", "/api/votes?limit=1").token(&owner.access);
    let expected = (&*format!("{CHECK} ∥ Query votes"), 1, 3.0, 0.0);
    let design = "1 query ∥ session check, which reads the proof";
    let by = ("records-list", &list);
    let _ = ledger.row(by, "votes, address proven", (&event, 200), expected, design);
}

/// Counts the address of a user as proven, as the proof itself would.
fn prove_address(apart: &Apart<'_>, user: &str) {
    let update = json!({ "TableName": "local-_users", "Key": { "id": { "S": user } },
        "UpdateExpression": "SET #p = :p", "ConditionExpression": "attribute_exists(#id)",
        "ExpressionAttributeNames": { "#p": "email_verified_at", "#id": "id" },
        "ExpressionAttributeValues": { ":p": { "N": "1790000000000" } } });
    let _ = apart.dynamo.engine().call("UpdateItem", &update).unwrap();
}

pub(super) fn records(ledger: &mut Ledger<'_>, owner: &Member, another: &Member) {
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
                let removed = format!("{write} → DeleteItem {collection}");
                let (status, expected, design) = if by.0 == "records-delete" {
                    let design = "session check → w → the tombstone is removed: 1 WRU";
                    (204, (removed.as_str(), 3, 2.0, write_units + 1.0), design)
                } else {
                    let expected = (write.as_str(), 2, 2.0, write_units);
                    (200, expected, "session check → w: as create")
                };
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
    let first = ledger.function("records-create", &[]);
    ledger.first_row(
        ("records-create", &first),
        "feedback, first write of an instance to it",
        (&open, 201),
        ("GetItem feedback → PutItem feedback", 2, 1.0, 1.0),
        "r → w: once an instance and collection, on create, update and bulk; 1 w more if indexes were removed",
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
