//! `cargo admin api-keys`.

use super::*;

const PATH: &str = "/api/admin/api-keys";

#[test]
fn api_keys_are_listed_without_their_secrets_and_revoked() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, &[("events", &[])]);
    assert_says(&world, &["api-keys"], "There is no API key.");
    let other = Member::new(&world, "admin");
    let token = other.signs_in(&world);
    let make = |name: &str| {
        let body =
            json!({ "name": name, "type": "secret", "scopes": ["posts:read", "users:list"] });
        Event::new("POST", PATH).json(&body)
    };
    let mine = world.ask("api-keys-create", make("ci"), 201);
    let others = world.send(
        "api-keys-create",
        &make("web\u{202e}[2J").token(&token),
        201,
    );
    let (mine_id, others_id) = (text(&mine["id"]), text(&others["id"]));
    let (done, listed) = admin(&world, &["api-keys"]);
    assert!(done && !listed.contains("sk_live_"), "{listed}");
    assert_eq!(
        ids(&listed),
        BTreeSet::from([mine_id.clone(), others_id.clone()])
    );
    assert!(
        listed.contains(" secret ci: posts:read users:list, made "),
        "{listed}"
    );
    assert!(listed.contains(" secret web\\u{202e}[2J: "), "{listed}");
    let root = text(&world.admin["user"]["email"]);
    let (_, of_root) = admin(&world, &["api-keys", "--made-by", &root]);
    assert_eq!(ids(&of_root), BTreeSet::from([mine_id.clone()]));
    let (_, of_other) = admin(&world, &["api-keys", "--made-by", &other.id]);
    assert_eq!(ids(&of_other), BTreeSet::from([others_id]));

    let key = text(&mine["key"]);
    let list = Event::new("GET", "/api/users").key(&key);
    let _ = world.send("users-list", &list, 200);
    let revoked = format!("The API key {mine_id} is deleted; it holds on the next request.");
    assert_says(&world, &["api-keys", "revoke", &mine_id], &revoked);
    let refused = world.send("users-list", &list, 401);
    assert_eq!(refused["error"]["code"], "auth/invalid-api-key");
    let gone =
        format!("there is no API key {mine_id}; `cargo admin api-keys` lists those there are");
    assert_refused(&world, &["api-keys", "revoke", &mine_id], &gone);
    assert_eq!(told_by_cli(&world, &mine_id, 1), ["key.deleted"]);
}
