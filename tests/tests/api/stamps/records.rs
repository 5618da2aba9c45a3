//! The actor of a record, with and without `events.recordAddresses`.

use super::*;

/// The actor of a post.
fn actor(world: &World<'_>, id: &str) -> Map<String, Value> {
    let scan = json!({ "TableName": "local-posts" });
    let found = world.apart.dynamo.engine().call("Scan", &scan).unwrap();
    let items = found["Items"].as_array().cloned().unwrap_or_default();
    let item = items.into_iter().find(|item| item["id"]["S"] == *id);
    plain(&item.unwrap_or_default()["actor"])
}

#[test]
fn a_record_keeps_the_address_where_the_setting_says_so() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (member, _) = world.registers();
    let body = json!({ "title": "a" });
    for (setting, ip) in [("false", None), ("true", Some(ADDRESS))] {
        let variable = ("BAKEND_EVENTS_RECORD_ADDRESSES", setting);
        for (writer, role) in [(&member, None), (&world.admin, Some("admin"))] {
            let event = post("/api/posts", &body).token(&writer.access);
            let reply = world.ask_told("records-create", variable, event);
            let id = text(&reply.expect(201).json()["id"]);
            let mut seen = actor(&world, &id);
            assert!(seen.remove("request_id").is_some_and(|id| id.is_string()));
            let mut expected = json!({ "user_id": writer.id, "role": role, "ip": ip });
            let expected = expected.as_object_mut().unwrap();
            expected.retain(|_, value| !value.is_null());
            assert_eq!(seen, *expected, "{setting}");
        }
    }
}
