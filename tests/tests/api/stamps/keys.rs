//! The last change of an API key.

use super::*;

#[test]
fn every_change_of_a_key_is_stamped_and_the_last_one_leaves_no_secret() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let by = |reason: &str| json!({ "by": "user", "user": world.admin.id, "role": "admin", "reason": reason });
    let (made, reply) = world.makes_key("secret");
    let id = text(&made["id"]);
    changed("create", &world.key(&id), told(&reply, by("create")));

    let path = format!("/api/admin/api-keys/{id}");
    let event = Event::new("POST", &format!("{path}/rotate")).token(&world.admin.access);
    let reply = world.ask("api-keys-rotate", event);
    changed("rotate", &world.key(&id), told(&reply, by("rotate")));
    let shown = reply.json();
    let list = || {
        let event = Event::new("GET", "/api/admin/api-keys").token(&world.admin.access);
        let mut items = world.ask("api-keys-list", event).json()["items"].take();
        items.as_array_mut().cloned().unwrap_or_default()
    };
    // The reply is the key as it is kept.
    let listed = &list()[0];
    for name in [
        "id",
        "name",
        "scopes",
        "createdBy",
        "createdAt",
        "rotatedAt",
    ] {
        assert_eq!(shown[name], listed[name], "{name}");
    }

    let event = Event::new("DELETE", &path).token(&world.admin.access);
    let reply = world.ask("api-keys-delete", event);
    let tombstone = world.key(&id);
    changed("delete", &tombstone, told(&reply, by("delete")));
    let names: Vec<&String> = tombstone.as_object().unwrap().keys().collect();
    let kept = [
        "change",
        "deleted_at",
        "gone_at",
        "id",
        "kind",
        "name",
        "scopes",
        "type",
    ];
    assert_eq!(names, kept);
    let number = |name: &str| text(&tombstone[name]["N"]).parse::<u64>().unwrap();
    assert_eq!(number("gone_at"), number("deleted_at") / 1000, "seconds");

    assert_eq!(list(), Vec::<Value>::new());
    for (function, method, path) in [
        ("api-keys-delete", "DELETE", path.clone()),
        ("api-keys-rotate", "POST", format!("{path}/rotate")),
    ] {
        let event = Event::new(method, &path).token(&world.admin.access);
        let again = &world.functions.borrow()[function];
        let reply = world.apart.ask(again, &event);
        assert_eq!(reply.code(), "keys/not-found", "{function}");
    }
    let get = world.apart.function("records-list", "stamps", &[]);
    let event = Event::new("GET", "/api/posts").key(&text(&shown["key"]));
    let reply = world.apart.ask(&get, &event);
    assert_eq!(reply.code(), "auth/invalid-api-key");
    assert_eq!(world.key(&id), tombstone, "it stays as it is");
}
