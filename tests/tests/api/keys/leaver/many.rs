//! Admins with more keys than one transaction can delete.

use super::*;
use crate::auth::items;

/// As many keys as there may be.
const MOST: usize = 100;

/// Gives the maker of a key so many more that there are the most, made of the item of that key.
fn copies(world: &World<'_>, maker: &Maker) {
    let endpoint = world.apart.dynamo.endpoint();
    let table = items::api_keys(&endpoint);
    let key = |id: &str| json!({ "kind": { "S": "api-key" }, "id": { "S": id } });
    let item = table.get(&key(&maker.key_id));
    for number in 1..MOST {
        let mut copy = item.clone();
        let start = &maker.key_id[..maker.key_id.len() - 3];
        copy["id"] = json!({ "S": format!("{start}{number:03x}") });
        table.put(&copy);
    }
}

fn standing(world: &World<'_>, maker: &Maker) -> usize {
    let listed = world.listed(&format!("?createdBy={}", maker.id));
    listed.expect(200).json()["items"]
        .as_array()
        .map_or(0, Vec::len)
}

#[test]
fn the_last_admin_stays_and_so_does_every_key() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let maker = world.maker();
    copies(&world, &maker);
    let before = standing(&world, &maker);
    assert!((MOST - 1..=MOST).contains(&before), "{before}");
    // The other admin goes, and the maker of the keys is the last one.
    let me = world.apart.function("me-delete", "leaver", &[]);
    let event = Event::new("DELETE", "/api/auth/me").token(&world.admin);
    let event = event.json(&json!({ "password": PASSWORD }));
    let _ = world.apart.ask(&me, &event).expect(204);
    let world = World {
        admin: maker.token.clone(),
        ..world
    };
    for way in WAYS {
        let reply = world.leaves(&maker, way, "?apiKeys=delete");
        refused(&reply, 409, "users/last-admin");
        assert_eq!(standing(&world, &maker), before, "{way:?}");
    }
}

#[test]
fn every_key_goes_and_each_names_the_admin_who_has_asked() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let maker = world.maker();
    copies(&world, &maker);
    let made = standing(&world, &maker);
    let reply = world.leaves(&maker, Way::Deleted, "?apiKeys=delete");
    let reply = reply.expect(204);
    assert_eq!(standing(&world, &maker), 0);
    let endpoint = world.apart.dynamo.endpoint();
    let all = items::api_keys(&endpoint).query("kind", "api-key");
    let tombstones: Vec<&Value> = all
        .iter()
        .filter(|item| item["deleted_at"].is_object())
        .collect();
    assert_eq!(tombstones.len(), made);
    for tombstone in tombstones {
        let change = &tombstone["change"]["M"];
        assert_eq!(change["reason"]["S"], "leave", "{tombstone}");
        let request = reply.header("x-request-id");
        assert_eq!(change["request_id"]["S"].as_str(), request, "{tombstone}");
        assert!(tombstone["hash"].is_null(), "{tombstone}");
    }
    // There is room for new ones.
    let _ = world.makes(&world.admin, "users:read").expect(201);
}
