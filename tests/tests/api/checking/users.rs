//! Users, what they sign in by, and the number of admins.

use super::*;

const GONE: &str = "01940000-0000-7000-8000-000000000000";

#[test]
fn a_stack_that_was_only_used_has_no_contradiction() {
    let Some(scene) = Scene::open() else { return };
    let _ = scene.user(&json!({ "username": "ada", "badge": 7 }));
    let _ = scene.product("AAA-1", 3);
    scene.assert_clean(&[]);
    scene.assert_clean(&["--repair"]);
}

#[test]
fn users_get_back_the_reservations_that_they_lack() {
    let Some(scene) = Scene::open() else { return };
    let user = scene.user(&json!({ "username": "ada", "badge": 7 }));
    let (user, email) = (id(&user), email(&user));
    for item in scene.items("local-_users") {
        let key = text(&item["id"]["S"]);
        let is_reserved = ["username#", "unique#"]
            .iter()
            .any(|start| key.starts_with(start));
        if is_reserved || key == format!("email#{email}") {
            scene.delete("local-_users", &item, &["id"]);
        }
    }
    let lacks = |what: &str| format!("_users {user}: {what}");
    scene.assert_repaired(&[
        lacks("has an address without an identity: nobody signs in by it, and anybody can register it"),
        lacks("has a value of `badge` that is not reserved"),
        lacks("has a value of `username` that is not reserved"),
    ]);
    assert_eq!(scene.register(&email).0, 409);
    let other = scene.user(&json!({}));
    for profile in [json!({ "username": "ADA" }), json!({ "badge": 7 })] {
        let event = Event::new("PATCH", "/api/auth/me").json(&profile);
        let event = event.token(&text(&other["accessToken"]));
        let reply = scene.apart.ask(&scene.profile, &event).expect(409);
        assert_eq!(reply.code(), "users/unique-violation");
    }
}

#[test]
fn items_of_nobody_are_removed_and_free_what_they_held() {
    let Some(scene) = Scene::open() else { return };
    let (user, address) = (scene.user(&json!({})), fresh_email());
    let keys = [
        format!("email#{address}"),
        "username#grace".to_owned(),
        "passkey#x".to_owned(),
        "provider#own#7".to_owned(),
        format!("totp#{GONE}"),
    ];
    for key in &keys {
        let item =
            json!({ "id": { "S": key }, "user_id": { "S": GONE }, "auth_version": { "N": "1" } });
        scene.put("local-_users", &item);
    }
    let unnamed = json!({ "id": { "S": "passkey#y" }, "user_id": { "S": id(&user) } });
    scene.put("local-_users", &unnamed);
    assert_eq!(scene.register(&address).0, 409);
    let mut expected: Vec<String> = keys
        .iter()
        .map(|key| format!("_users {key}: belongs to user {GONE}, who is gone"))
        .collect();
    let unnamed = format!(
        "_users passkey#y: belongs to user {}, who does not have it",
        id(&user)
    );
    expected.push(unnamed);
    scene.assert_repaired(&expected);
    assert_eq!(scene.register(&address).0, 201);
}

#[test]
fn an_address_without_its_user_is_not_told_to_be_an_admin() {
    let Some(scene) = Scene::open() else { return };
    let user = scene.user(&json!({}));
    scene.users(|users| users.delete(&key(&id(&user))));
    let (done, lines) = scene.admin(&["promote", &email(&user)]);
    let line = format!(
        "cargo admin: {} belongs to a user who is gone: `cargo admin check` tells more",
        email(&user)
    );
    assert_eq!((done, lines), (false, vec![line]));
}

#[test]
fn the_number_of_admins_becomes_that_of_the_admins() {
    let Some(scene) = Scene::open() else { return };
    let wrong = json!({ "count": { "N": "3" } });
    scene.users(|users| users.set(&key("#admins"), &wrong));
    let what = "_users #admins: says 3, and there are 1 admins".to_owned();
    scene.assert_repaired(&[what]);
    scene.users(|users| users.delete(&key("#admins")));
    let what = "_users #admins: is missing, and there are 1 admins: the bootstrap address could make another";
    scene.assert_repaired(&[what.to_owned()]);
    scene.users(|users| assert_eq!(users.get(&key("#admins"))["count"]["N"], "1"));
}

#[test]
fn a_choice_is_left_to_the_operator_and_nothing_is_written() {
    let Some(scene) = Scene::open() else { return };
    let user = id(&scene.user(&json!({})));
    let method = json!({ "M": { "added_at": { "N": "1" }, "label": { "S": "one" } } });
    let changes = json!({ "methods": { "M": { "passkey#lost": method } }, "mfa": { "N": "1" },
        "auth_version": { "N": "4" } });
    scene.users(|users| users.set(&key(&user), &changes));
    let before = scene.items("local-_users");
    for arguments in [["--repair"].as_slice(), &[]] {
        let (done, mut lines) = scene.check(arguments);
        let end = lines.pop().unwrap();
        let expected = [
            "has another version than its identity: its password signs nobody in",
            "has a second factor that is not there: no sign-in ends",
            "names passkey#lost, which is not there",
        ];
        let expected = expected.map(|what| format!("_users {user}: {what}"));
        assert_eq!(lines, expected, "{end}");
        let start = "cargo admin: 3 contradictions in ";
        assert!(
            !done && end.starts_with(start) && end.ends_with(" items."),
            "{end}"
        );
    }
    assert_eq!(scene.items("local-_users"), before);
}
