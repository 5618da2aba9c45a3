//! Rows of other systems as bodies of records.

use std::path::Path;

use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const USER: &str = "0197a3b0-0000-7000-8000-000000000001";

fn definition() -> &'static Definition {
    let definition = json!({ "name": "things", "shards": 2, "fields": [
        { "name": "title", "type": "string" }, { "name": "count", "type": "integer" }, { "name": "due", "type": "date" },
        { "name": "author", "type": "relation", "collection": "users" },
        { "name": "parent", "type": "relation", "collection": "things" },
        { "name": "readers", "type": "array", "items": { "type": "relation", "collection": "users" } },
        { "name": "in", "type": "object", "fields": [{ "name": "post", "type": "relation", "collection": "posts" }] },
        { "name": "tags", "type": "array", "items": { "type": "string" } },
        { "name": "user_id", "type": "string" } ] });
    Box::leak(Box::new(
        serde_json::from_value(definition).expect("a definition"),
    ))
}

fn ids() -> Ids {
    let mut ids = Ids::open(Path::new("no-such-ids.jsonl"), true).expect("none");
    let user = USER.parse().expect("an id");
    ids.note("users", "u1", user, None).expect("noted");
    ids.note("users", "12", user, None).expect("noted");
    ids
}

fn moved(row: Value, ids: &Ids) -> Result<Moved, Unmoved> {
    let Value::Object(fields) = row else {
        panic!("an object")
    };
    let mut reading = Reading::new(definition());
    let old = reading.name(&fields);
    reading.moved(&old, fields, ids, NOW)
}

#[test]
fn a_row_of_another_system_has_the_ids_that_its_users_have_here() {
    let row = json!({ "id": "r4nd0m", "collectionId": "x", "created": "2023-01-15 12:34:56.789Z", "updated": "", "title": "A",
        "count": "7", "due": "", "author": "u1", "readers": ["u1", USER], "user_id": "u1", "in": {}, "createdBy": "u1" });
    let moved = moved(row.clone(), &ids()).expect("moved");
    assert_eq!(moved.old, "r4nd0m");
    assert_eq!(
        moved.id.created_at().to_string(),
        "2023-01-15T12:34:56.789Z"
    );
    assert!(moved.is_noted && moved.id.shard() < 2);
    assert_eq!(moved.created_by, USER.parse().ok());
    let body = json!({ "title": "A", "count": 7, "author": USER, "readers": [USER, USER], "user_id": USER, "in": {} });
    assert_eq!(Value::Object(moved.body.clone()), body);
    // Another run finds the same id, also by the file of ids alone.
    assert_eq!(
        super::tests::moved(row.clone(), &ids()).expect("moved").id,
        moved.id
    );
    let mut noted = ids();
    let other: Id = "0197a3b0-0000-7000-8000-000000000002"
        .parse()
        .expect("an id");
    let told = noted.note("things", "r4nd0m", other, None);
    told.expect("noted");
    let again = super::tests::moved(row, &noted).expect("moved");
    assert_eq!((again.id, again.is_noted), (other, false));
}

#[test]
fn a_row_that_has_the_id_of_another_row_is_told_from_it() {
    let row = json!({ "id": "r4nd0m", "updated": "2023-01-15 12:34:56Z", "title": "A" });
    let first = moved(row.clone(), &ids()).expect("moved");
    assert!(first.is_noted && !first.is_other);
    let mut noted = ids();
    let told = noted.note("things", "r4nd0m", first.id, Some(&first.row));
    told.expect("noted");
    let mut later = row.clone();
    later["updated"] = json!("2024-01-15 12:34:56Z");
    for same in [row.clone(), later] {
        let again = moved(same, &noted).expect("moved");
        assert!(!again.is_noted && !again.is_other);
    }
    let mut other = row;
    other["title"] = json!("B");
    let other = moved(other, &noted).expect("moved");
    assert_eq!(other.id, first.id);
    assert!(other.is_other && other.is_noted && other.row != first.row);
}

#[test]
fn a_creator_is_found_by_a_text_or_a_number_and_is_nothing_else() {
    let of = |creator: Value| moved(json!({ "createdBy": creator }), &ids());
    let found = |creator: Value| of(creator).expect("moved").created_by;
    for creator in [
        json!("12"),
        json!(12),
        json!({ "$numberInt": "12" }),
        json!({ "$oid": "u1" }),
    ] {
        assert_eq!(found(creator.clone()), USER.parse().ok(), "{creator}");
    }
    assert_eq!((found(json!(null)), found(json!(""))), (None, None));
    for (creator, reason) in [
        (json!(13), "`createdBy` is 13 of users"),
        (json!(["u1"]), "`createdBy` must be the id of a user."),
        (
            json!({ "id": "u1" }),
            "`createdBy` must be the id of a user.",
        ),
        (json!(true), "`createdBy` must be the id of a user."),
    ] {
        match of(creator.clone()) {
            Err(Unmoved::Wrong(told)) => assert!(told.contains(reason), "{creator}: {told}"),
            other => panic!("{creator}: {other:?}"),
        }
    }
}

#[test]
fn an_id_of_this_system_stays_where_it_fits() {
    let id = Id::in_shard(NOW, [1; 10], 1).to_string();
    for (row, stays) in [
        (json!({ "id": id }), true),
        (json!({ "id": id, "createdAt": NOW }), true),
        (
            json!({ "id": id, "createdAt": "2020-01-01T00:00:00Z" }),
            false,
        ),
        (json!({ "id": Id::in_shard(NOW, [1; 10], 2) }), false),
        (
            json!({ "id": Id::in_shard(Timestamp::from_millis(1_790_000_000_001), [1; 10], 1) }),
            false,
        ),
        (
            json!({ "id": { "$oid": "63c3f2f0a1b2c3d4e5f60718" } }),
            false,
        ),
    ] {
        let moved = moved(row.clone(), &ids()).expect("moved");
        assert_eq!(
            (moved.id.to_string() == moved.old, !moved.is_noted),
            (stays, stays),
            "{row}"
        );
        assert!(moved.id.shard() < 2);
    }
    // An id of MongoDB tells its time.
    let row = json!({ "_id": { "$oid": "63c3f2f0a1b2c3d4e5f60718" } });
    let moved = moved(row, &ids()).expect("moved");
    assert_eq!(
        moved.id.created_at().to_string(),
        "2023-01-15T12:34:56.000Z"
    );
}

#[test]
fn rows_without_an_id_are_told_by_their_content_and_their_place() {
    let mut reading = Reading::new(definition());
    let mut name = |row: Value| reading.name(row.as_object().expect("an object"));
    let (one, other) = (json!({ "title": "A" }), json!({ "title": "B" }));
    let (first, second) = (name(one.clone()), name(one));
    assert_ne!(first, second);
    assert_eq!(&first[..first.len() - 1], &second[..second.len() - 1]);
    assert_ne!(name(other), first);
    assert_eq!(name(json!({ "_id": 7 })), "7");
}

#[test]
fn an_id_that_is_not_known_waits_for_its_own_collection_and_is_wrong_in_another() {
    let of = |row: Value| moved(row, &ids()).expect_err("unmoved");
    let told = "is p of things, which no-such-ids.jsonl does not have and no row has made: it is missing, refused, or points \
                back here. Where records point to each other, leave it out, and set it afterwards.";
    let waits = of(json!({ "parent": "p" }));
    assert_eq!(waits, Unmoved::Waits(format!("`parent` {told}")));
    for (row, reason) in [
        (json!({ "author": "u2" }), "`author` is u2 of users"),
        (
            json!({ "readers": ["u1", "u2"] }),
            "`readers[1]` is u2 of users",
        ),
        (json!({ "in": { "post": "p" } }), "`in.post` is p of posts"),
        (json!({ "user_id": "u2" }), "`user_id` is u2 of users"),
        (json!({ "createdBy": "u2" }), "`createdBy` is u2 of users"),
        (
            json!({ "parent": "p", "author": "u2" }),
            "`author` is u2 of users",
        ),
        (
            json!({ "id": "p", "parent": "p" }),
            "`parent` points to the record itself",
        ),
        (
            json!({ "tags": "{a,b}" }),
            "`tags` is an array of Postgres: select to_json(tags) AS tags",
        ),
        (
            json!({ "createdAt": "soon" }),
            "`createdAt` must be a time that has been.",
        ),
    ] {
        match of(row.clone()) {
            Unmoved::Wrong(told) => assert!(told.contains(reason), "{row}: {told}"),
            Unmoved::Waits(told) => panic!("{row}: {told}"),
        }
    }
}
