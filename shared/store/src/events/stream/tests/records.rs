//! Writes of records, and the events that each must and must not make.

use super::*;

#[test]
fn a_record_makes_an_event_for_each_revision() {
    let key = json!({ "shard": 0, "id": id(5) });
    let actor = json!({ "request_id": "r1", "user_id": id(1), "role": "editor" });
    let first = with(
        &key,
        json!({ "created_at": AT, "updated_at": AT, "rev": "a", "actor": actor, "owner": id(1),
        "created_by": id(1), "data": { "title": "x", "undeclared": "secret" }, "by.title": "bytes:c2VjcmV0" }),
    );
    let second = with(&first, json!({ "rev": "b", "data": { "title": "y" } }));
    let same = with(&first, json!({ "rev": "b" }));
    let gone = with(
        &first,
        json!({ "rev": "c", "deleted_at": AT, "expires_at": 1, "data": null, "owner": null }),
    );
    let filled = with(&first, json!({ "indexed": ["by.title"] }));
    let restored = with(&first, json!({ "restored": true }));
    let none = Value::Null;
    for (old, new, expected, changed) in [
        (&none, &restored, vec![], none.clone()),
        (&restored, &second, vec!["record.updated"], json!(["title"])),
        (
            &none,
            &first,
            vec!["record.created"],
            json!(["title", "user_id"]),
        ),
        (&first, &second, vec!["record.updated"], json!(["title"])),
        (&first, &same, vec!["record.updated"], json!([])),
        (
            &first,
            &gone,
            vec!["record.deleted"],
            json!(["title", "user_id"]),
        ),
        (&first, &filled, vec![], none.clone()),
        (&first, &first, vec![], none.clone()),
        (&gone, &none, vec![], none.clone()),
        (&first, &none, vec![], none.clone()),
    ] {
        let found = events("posts", &key, old, new);
        assert_eq!(kinds(&found), expected, "{old} {new}");
        assert_eq!(json!(found)[0]["data"]["changed"], changed);
    }
    let deleted = json!(events("posts", &key, &second, &gone))[0].clone();
    assert_eq!(deleted["data"]["record"], none);
    assert_eq!(deleted["data"]["previousRev"], "b");
    assert_eq!(deleted["data"]["previous"]["user_id"], json!(id(1)));
    assert_eq!(deleted["subject"]["owner"], json!(id(1)));
    assert_eq!(deleted["actor"]["role"], "editor");
    for (shard, id) in [(256, "unique#title#x"), (300, "key#x"), (512, "#kept")] {
        let key = json!({ "shard": shard, "id": id });
        assert_eq!(
            events("posts", &key, &none, &with(&key, json!({ "record": "x" }))),
            vec![]
        );
    }
}
