//! Events, the audit log and the notice of an admin who acts as a user.

use blackbox::{Event, fresh_email, stack};
use serde_json::{Value, json};

use super::*;
use crate::proofs::changing::{change, confirm};
use crate::proofs::world::code;

const REASON: &str = "the order of Änne cannot be seen";

fn entries(world: &MailWorld<'_>, query: &str, count: usize) -> Vec<Value> {
    let event = || get(&format!("/api/admin/audit?{query}"));
    let found = || {
        let page = world.ask("audit-list", event(), 200);
        page["items"].as_array().unwrap().clone()
    };
    world.until(found, |entries| entries.len() >= count)
}

/// Acts as a user, and returns the access token.
fn act(world: &MailWorld<'_>, user: &Value, reason: &str) -> String {
    let path = format!("/api/users/{}/impersonate", id(user));
    let event = Event::new("POST", &path).json(&json!({ "reason": reason }));
    let event = event
        .source_ip("203.0.113.9")
        .header("user-agent", "acting/1");
    token(&world.ask("users-impersonate", event, 201))
}

#[test]
fn the_user_hears_of_it_by_mail() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::with(inside, &["events"], &[]);
    let email = fresh_email();
    let user = world.register(&email);
    let _verification = world.mail(&email, 1);
    let _ = act(&world, &user, REASON);
    let mail = world.mail(&email, 2);
    assert_eq!(mail.kind, "impersonated");
    assert_eq!((&mail.code, &mail.link), (&None, &None));
    assert!(!mail.text.contains(REASON), "{}", mail.text);
}

#[test]
fn records_events_and_the_audit_log_have_both_ids() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let quiet = [("BAKEND_MAIL_NOTICES_IMPERSONATED", "false")];
    let world = MailWorld::with(inside, &["events"], &quiet);
    let email = fresh_email();
    let user = world.register(&email);
    let access = act(&world, &user, REASON);
    let (user_id, admin_id) = (&user["user"]["id"], &world.admin["user"]["id"]);
    let of_user = format!("subject={}&type=auth.impersonated", id(&user));
    let entry = entries(&world, &of_user, 1).remove(0);
    let actor = &entry["actor"];
    assert_eq!(
        (&actor["id"], &actor["impersonator"]),
        (admin_id, &Value::Null)
    );
    assert_eq!(
        (&actor["role"], &entry["reason"]),
        (&json!("admin"), &json!(REASON))
    );
    assert_eq!(entry["subject"]["id"], *user_id);
    assert_eq!(
        (&entry["ip"], &entry["userAgent"]),
        (&json!("203.0.113.9"), &json!("acting/1"))
    );

    // Records of drafts are audited, and a user may create one.
    let body = json!({ "title": "a" });
    let made = world.post_as(&access, "records-create", "/api/wiki", &body);
    assert_eq!(made.expect(403).code(), "auth/forbidden");
    let editor = json!({ "role": "editor" });
    let path = format!("/api/users/{}", id(&user));
    let _ = world.ask(
        "users-update",
        Event::new("PATCH", &path).json(&editor),
        200,
    );
    let made = world.post_as(&access, "records-create", "/api/wiki", &body);
    let record = made.expect(201).json();
    let of_record = format!("subject={}", record["id"].as_str().unwrap());
    let entry = entries(&world, &of_record, 1).remove(0);
    let actor = &entry["actor"];
    assert_eq!((&actor["id"], &actor["impersonator"]), (user_id, admin_id));
    // The end of the session is the acting admin's.
    let out = ask(
        &world,
        &access,
        "logout",
        Event::new("POST", "/api/auth/logout").json(&json!({})),
    );
    let _ = out.expect(204);
    let ended = format!("subject={}&type=auth.logout", id(&user));
    let entry = entries(&world, &ended, 1).remove(0);
    let actor = &entry["actor"];
    assert_eq!((&actor["id"], &actor["impersonator"]), (user_id, admin_id));
    for item in world.scan("local-_audit") {
        assert!(item.to_string().len() < 1024, "{item}");
    }
    assert!(
        world
            .mailbox
            .messages_to(&email)
            .iter()
            .all(|mail| mail.kind != "impersonated")
    );
    assert_eq!(world.flow.apart.proxy.denied(), []);
}

#[test]
fn the_audit_log_has_the_first_200_bytes_of_the_reason() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::with(inside, &["events"], &[]);
    let user = world.register(&fresh_email());
    let _ = act(&world, &user, &"ü".repeat(200));
    let of_user = format!("subject={}&type=auth.impersonated", id(&user));
    let entry = entries(&world, &of_user, 1).remove(0);
    assert_eq!(entry["reason"], json!("ü".repeat(100)));
}

#[test]
fn an_upgrade_is_told_with_the_role_before() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::with(inside, &["events"], &[]);
    let (made, email) = (nobody(&world), fresh_email());
    let access = token(&made);
    change(&world, &access, &email);
    let body = json!({ "code": code(&world.mail(&email, 1)) });
    let _ = confirm(&world, &access, &body).expect(200);
    let told = entries(&world, &format!("subject={}", id(&made)), 5);
    let mut types: Vec<&str> = told.iter().filter_map(|it| it["type"].as_str()).collect();
    types.sort_unstable();
    let expected = [
        "auth.email.changed",
        "auth.email.verified",
        "auth.register",
        "auth.session.ended",
        "user.updated",
    ];
    assert_eq!(types, expected);
    let updated = told.iter().find(|it| it["type"] == "user.updated").unwrap();
    let role = json!({ "from": "anonymous", "to": "authenticated" });
    assert_eq!(
        (&updated["role"], &updated["changed"]),
        (&role, &json!(["role"]))
    );
    // There was no address before that could read of it.
    assert_eq!(world.mail(&email, 1).kind, "email-change");
}
