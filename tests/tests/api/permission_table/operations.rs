//! Every operation of the table.

use super::*;

/// The same refusal of the only operation of a bulk write, or the write is done.
#[track_caller]
fn is_in_bulk(caller: &Caller, collection: &str, operation: &Value, cell: &str, column: &str) {
    let reply = caller.post(
        &format!("/api/{collection}/bulk"),
        &json!({ "operations": [operation] }),
    );
    let what = format!("bulk {operation} in {collection}");
    let said: u16 = cell.parse().expect("a status");
    let code = match (said, column) {
        (401, "disabled" | "ended") => "auth/session-revoked",
        (401, _) => "auth/authentication-required",
        (403, "sk else") => "auth/scope-insufficient",
        (403, _) => "auth/forbidden",
        (404, _) => "data/record-not-found",
        _ => "",
    };
    let expected = (if said < 300 { 200 } else { said }, code);
    assert_eq!(
        (reply.status, reply.code().as_str()),
        expected,
        "{what} ({column}): {}",
        reply.text()
    );
}

/// How many records have this text.
fn count(collection: &str, text: &str) -> Value {
    let field = fields(collection).0;
    cast()
        .admin
        .get(&format!("/api/{collection}/count?{field}={text}"))
        .expect(200)
        .json()["count"]
        .clone()
}

fn creates(heading: &str, name_the_owner: bool) {
    for row in table(heading) {
        has_the_rule(&row, "create");
        let (collection, marker) = (row.collection.as_str(), fresh_sku());
        let (_, owner_field) = fields(collection);
        let mut done = 0;
        let (callers, _keys) = callers(&row, "create");
        for ((column, caller, _), cell) in callers.iter().zip(&row.cells) {
            let what = format!("{heading} in {collection}");
            let one = || {
                let mut body = body(collection, &marker);
                if name_the_owner {
                    body[owner_field.expect("an owner field")] = json!(cast().owner.id());
                }
                body
            };
            let reply = caller.post(&format!("/api/{collection}"), &one());
            is_in_bulk(
                caller,
                collection,
                &json!({ "create": one() }),
                cell,
                column,
            );
            if !is(&reply, cell, 201, column, &what) {
                continue;
            }
            done += 2;
            // Strangers and keys are no users.
            let id = Some(caller.id()).filter(|id| !id.is_empty());
            let made = reply.json();
            assert_eq!(made["createdBy"], json!(id), "{what} ({column})");
            if let Some(field) = owner_field {
                let owner = if name_the_owner {
                    Some(cast().owner.id())
                } else {
                    id
                };
                assert_eq!(
                    made.get(field),
                    owner.map(|id| json!(id)).as_ref(),
                    "{what} ({column}): {made}"
                );
            }
        }
        settles(&json!(done), collection, || count(collection, &marker));
    }
}

#[test]
fn create() {
    creates("create", false);
}

#[test]
fn create_for_the_owner() {
    creates("create for the owner", true);
}

#[test]
fn read() {
    plays("read", "read", |row, column, caller, owner, cell| {
        let record = made(&row.collection, owner, "read me");
        let reply = caller.get(&path(&row.collection, &record));
        if is(&reply, cell, 200, column, &row.collection) {
            assert_eq!(reply.json(), record, "{} ({column})", row.collection);
        }
    });
}

#[test]
fn list() {
    for row in table("list") {
        has_the_rule(&row, "list");
        let (collection, marker) = (row.collection.as_str(), fresh_sku());
        let cast = cast();
        let owners = [
            &cast.owner,
            &cast.another,
            &cast.editor,
            &cast.own_editor,
            &cast.disabled,
            &cast.ended[1],
            &cast.admin,
        ];
        let records: Vec<Value> = owners
            .iter()
            .map(|owner| made(collection, owner, &marker))
            .collect();
        let ids = |records: &[Value]| {
            records
                .iter()
                .map(|record| text(record, "id"))
                .collect::<Vec<_>>()
        };
        let filter = format!("{}={marker}", fields(collection).0);
        let (callers, _keys) = callers(&row, "list");
        for ((column, caller, _), cell) in callers.iter().zip(&row.cells) {
            let mut expected: Vec<String> = match cell.as_str() {
                "all" => ids(&records),
                "own" => {
                    let own = owners.iter().position(|owner| owner.id() == caller.id());
                    own.map(|own| ids(&records[own..=own])).unwrap_or_default()
                }
                refusal => {
                    for path in ["?limit=5", "/count", "/spec"] {
                        let path = format!("/api/{collection}{path}");
                        assert!(!is(&caller.get(&path), refusal, 200, column, &path));
                    }
                    continue;
                }
            };
            expected.sort_by(|one, two| two.cmp(one));
            let what = format!("{column} lists {collection}");
            settles(&expected, &what, || {
                ids(&walk(caller, collection, &filter, 100))
            });
            let counted = || {
                caller
                    .get(&format!("/api/{collection}/count?{filter}"))
                    .expect(200)
                    .json()["count"]
                    .clone()
            };
            settles(&json!(expected.len()), &what, counted);
            let spec = caller
                .get(&format!("/api/{collection}/spec"))
                .expect(200)
                .json();
            assert_eq!(spec["name"], collection);
        }
    }
}

#[test]
fn update() {
    plays("update", "update", |row, column, caller, owner, cell| {
        let (collection, field) = (row.collection.as_str(), fields(&row.collection).0);
        let mut record = made(collection, owner, "before");
        let one = path(collection, &record);
        let mut full = body(collection, "put");
        if collection == "products" {
            full["sku"] = record["sku"].clone();
        }
        let replies = [
            ("patched", caller.patch(&one, &json!({ field: "patched" }))),
            ("put", caller.put(&one, &full)),
        ];
        for (text, reply) in replies {
            if is(
                &reply,
                cell,
                200,
                column,
                &format!("{text} in {collection}"),
            ) {
                assert_eq!(reply.json()[field], text, "{collection} ({column})");
                record = reply.json();
            }
        }
        is_in_bulk(
            caller,
            collection,
            &json!({ "update": { "id": record["id"], field: "in bulk" } }),
            cell,
            column,
        );
        let after = now(&cast().admin, collection, &record);
        if cell == "200" {
            assert_eq!(after[field], "in bulk", "{collection} ({column})");
        } else {
            assert_eq!(
                after, record,
                "{collection} ({column}): a refusal changes nothing"
            );
        }
    });
}

#[test]
fn give_away() {
    plays("give away", "update", |row, column, caller, owner, cell| {
        let (collection, field) = (
            row.collection.as_str(),
            fields(&row.collection).1.expect("an owner field"),
        );
        let record = made(collection, owner, "mine");
        let reply = caller.patch(
            &path(collection, &record),
            &json!({ field: cast().member.id() }),
        );
        let gift = json!({ "update": { "id": record["id"], field: cast().member.id() } });
        if is(
            &reply,
            cell,
            200,
            column,
            &format!("give away in {collection}"),
        ) {
            assert_eq!(
                now(&cast().admin, collection, &record)[field],
                cast().member.id()
            );
        } else {
            is_in_bulk(caller, collection, &gift, cell, column);
            if cell == "403" && column != "sk else" {
                let message = format!("`{field}` is the record's owner: only an admin may set it.");
                if row.read.as_deref() == Some("public") && caller.id() == owner.id() {
                    refused_with(&reply, 403, "auth/forbidden", &message);
                }
            }
            assert_eq!(
                now(&cast().admin, collection, &record),
                record,
                "{collection} ({column})"
            );
        }
    });
}

#[test]
fn delete() {
    plays("delete", "delete", |row, column, caller, owner, cell| {
        let collection = row.collection.as_str();
        let [alone, in_bulk] = ["alone", "in bulk"].map(|text| made(collection, owner, text));
        let reply = caller.delete(&path(collection, &alone));
        let done = is(
            &reply,
            cell,
            204,
            column,
            &format!("delete in {collection}"),
        );
        is_in_bulk(
            caller,
            collection,
            &json!({ "delete": { "id": in_bulk["id"] } }),
            cell,
            column,
        );
        for record in [alone, in_bulk] {
            if done {
                refused(
                    &cast().admin.get(&path(collection, &record)),
                    404,
                    "data/record-not-found",
                );
            } else {
                assert_eq!(
                    now(&cast().admin, collection, &record),
                    record,
                    "{collection} ({column})"
                );
            }
        }
    });
}
