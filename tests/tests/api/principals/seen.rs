//! Anonymous accounts as admins see them, and their ends.

use blackbox::{Event, stack};
use serde_json::json;

use super::*;

#[test]
fn an_admin_sees_an_anonymous_account_and_gives_it_no_role() {
    let (admin, nobody) = (stack().admin(), stack().nobody());
    let path = format!("/api/users/{}", nobody.id());
    let seen = admin.get(&path).expect(200).json();
    assert_eq!(
        (&seen["email"], &seen["role"]),
        (&json!(null), &json!("anonymous"))
    );
    let listed = || {
        let page = admin
            .get("/api/users?role=anonymous&limit=100")
            .expect(200)
            .json();
        let items = page["items"].as_array().unwrap().clone();
        assert!(items.iter().all(|user| user["role"] == "anonymous"));
        items.iter().any(|user| user["id"] == nobody.user["id"])
    };
    crate::records::shop::settles(&true, "the list follows", listed);
    for role in ["editor", "authenticated", "anonymous"] {
        let refused = admin.patch(&path, &json!({ "role": role })).expect(400);
        assert_eq!(refused.json()["error"]["details"][0]["field"], "role");
    }
    let member = stack().member();
    let path_of_member = format!("/api/users/{}", member.id());
    let refused = admin
        .patch(&path_of_member, &json!({ "role": "anonymous" }))
        .expect(400);
    assert_eq!(
        refused.json()["error"]["details"][0]["code"],
        "unknown-role"
    );
    let body = json!({ "email": blackbox::fresh_email(), "role": "anonymous" });
    let _ = admin.post("/api/users", &body).expect(400);
    // The profile and the switch are changed as any user's.
    let changed = admin.patch(&path, &json!({ "name": "Nobody", "disabled": true }));
    assert_eq!(changed.expect(200).json()["name"], "Nobody");
    assert_eq!(
        nobody.get("/api/auth/me").expect(401).code(),
        "auth/session-revoked"
    );
}

#[test]
fn an_anonymous_account_that_is_deleted_is_gone_at_once() {
    let (admin, nobody) = (stack().admin(), stack().nobody());
    let headers = [("content-type", "application/json")];
    let gone = nobody.send("DELETE", "/api/auth/me", &headers, Some(b"{}"));
    let _ = gone.expect(204);
    let path = format!("/api/users/{}", nobody.id());
    assert_eq!(admin.get(&path).expect(404).code(), "users/not-found");
    assert_eq!(
        nobody.get("/api/auth/me").expect(401).code(),
        "auth/session-revoked"
    );
    let other = stack().nobody();
    let _ = admin
        .delete(&format!("/api/users/{}", other.id()))
        .expect(204);
    let _ = other.get("/api/auth/me").expect(401);
}

#[test]
fn an_invitation_is_for_an_address_and_opens_to_none_without() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let by = [("BAKEND_AUTH_INVITATIONS_BY", "authenticated")];
    let world = MailWorld::new(inside, &by);
    let access = token(&nobody(&world));
    let body = json!({ "email": blackbox::fresh_email() });
    let event = Event::new("POST", "/api/auth/invitations").json(&body);
    let refused = ask(&world, &access, "invitations-create", event).expect(403);
    assert_eq!(refused.code(), "auth/forbidden");
}
