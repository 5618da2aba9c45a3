//! Users, and the events of their writes.

use super::*;

#[test]
fn users_make_the_events_of_their_reasons() {
    let (user, none) = (user(), Value::Null);
    let changed = |reason: &str, members: Value| {
        with(
            &with(
                &user,
                json!({ "change": change(reason, "user"), "auth_version": 1 }),
            ),
            members,
        )
    };
    let verified = with(&user, json!({ "email_verified_at": AT }));
    let deleted =
        json!({ "deleted_at": AT, "expires_at": AT / 1000 + 60, "auth_version": 2, "kind": null });
    let deleted = changed("delete", deleted);
    let tombstone = json!({ "id": id(1), "role": "authenticated", "deleted_at": AT + 5, "expires_at": AT / 1000,
        "change": with(&change("delete", "user"), json!({ "at": AT + 5 })) });
    for (old, new, expected) in [
        (&none, user.clone(), vec!["auth.register"]),
        (
            &none,
            changed("invitation", json!({})),
            vec!["auth.register"],
        ),
        (
            &none,
            changed("magic-link", json!({})),
            vec!["auth.register"],
        ),
        (&none, changed("create", json!({})), vec!["user.created"]),
        (&none, changed("import", json!({})), vec!["user.created"]),
        (
            &none,
            with(&user, json!({ "change": null })),
            vec!["user.created"],
        ),
        (&user, user.clone(), vec![]),
        (
            &user,
            changed("update", json!({ "role": "editor" })),
            vec!["user.updated"],
        ),
        (
            &user,
            changed("update", json!({ "profile": { "bio": "y" } })),
            vec!["user.updated"],
        ),
        (
            &user,
            changed("update", json!({ "profile": { "bio": "x" } })),
            vec![],
        ),
        (
            &user,
            changed("update", json!({ "disabled": true, "auth_version": 2 })),
            vec!["user.updated", "auth.session.ended"],
        ),
        (
            &user,
            changed("password-change", json!({ "auth_version": 2 })),
            vec!["auth.password.changed", "auth.session.ended"],
        ),
        (
            &user,
            changed("password-set", json!({ "auth_version": 2 })),
            vec!["auth.password.changed", "auth.session.ended"],
        ),
        (
            &user,
            with(&user, json!({ "auth_version": 2 })),
            vec!["auth.session.ended"],
        ),
        (
            &user,
            changed("verify-email", json!({ "email_verified_at": AT })),
            vec!["auth.email.verified"],
        ),
        (
            &user,
            changed(
                "verify-email",
                json!({ "email_verified_at": AT, "role": "admin" }),
            ),
            vec!["auth.email.verified", "user.updated"],
        ),
        (
            &user,
            changed(
                "password-reset",
                json!({ "email_verified_at": AT, "auth_version": 2 }),
            ),
            vec![
                "auth.password.changed",
                "auth.email.verified",
                "auth.session.ended",
            ],
        ),
        (
            &user,
            changed(
                "password-removed",
                json!({ "email_verified_at": AT, "auth_version": 2 }),
            ),
            vec![
                "auth.password.changed",
                "auth.email.verified",
                "auth.session.ended",
            ],
        ),
        (
            &verified,
            changed(
                "email-change",
                json!({ "email": "ada@example.org", "email_verified_at": AT + 1 }),
            ),
            vec!["auth.email.changed"],
        ),
        (
            &user,
            changed(
                "mail-failed",
                json!({ "mail_failed": { "complaint": false, "at": AT } }),
            ),
            vec![],
        ),
        (
            &user,
            changed(
                "terms",
                json!({ "terms": { "version": "2", "accepted_at": AT } }),
            ),
            vec!["user.updated"],
        ),
        (
            &user,
            changed("update", json!({ "locale": "de" })),
            vec!["user.updated"],
        ),
        (
            &user,
            changed("sessions-end", json!({ "auth_version": 2 })),
            vec!["auth.session.ended"],
        ),
        (
            &user,
            deleted.clone(),
            vec!["user.deleted", "auth.session.ended"],
        ),
        (
            &user,
            tombstone.clone(),
            vec!["user.deleted", "auth.session.ended"],
        ),
        (&deleted, tombstone.clone(), vec!["user.deleted"]),
        (
            &deleted,
            changed("restore", json!({ "auth_version": 2 })),
            vec!["user.restored"],
        ),
        (
            &tombstone,
            with(&user, json!({ "change": change("import", "cli") })),
            vec!["user.purged", "user.created"],
        ),
        (&tombstone, Value::Null, vec!["user.purged"]),
        (&user, Value::Null, vec!["user.purged"]),
    ] {
        let found = events("_users", &json!({ "id": id(1) }), old, &new);
        assert_eq!(kinds(&found), expected, "{old} {new}");
    }
    let one = |old: &Value, new: &Value| {
        json!(events("_users", &json!({ "id": id(1) }), old, new))[0].clone()
    };
    let moved = one(
        &verified,
        &changed("email-change", json!({ "email": "ada@example.org" })),
    );
    assert_eq!(moved["data"]["previousEmail"], "ada@example.com");
    assert_eq!(moved["data"]["user"]["email"], "ada@example.org");
    let told = one(
        &user,
        &changed("update", json!({ "role": "editor", "locale": "de" })),
    );
    assert_eq!(told["data"]["changed"], json!(["locale", "role"]));
    assert_eq!(told["data"]["previous"], json!({ "role": "authenticated" }));
    for (reason, method) in [
        ("register", "password"),
        ("invitation", "invitation"),
        ("magic-link", "magic-link"),
    ] {
        let made = one(&none, &changed(reason, json!({})));
        assert_eq!(made["data"]["method"], method);
    }
    for key in ["email#a@b", "username#ada", "unique#x#y", "#admins"] {
        let item = json!({ "id": key, "user_id": id(1), "password_hash": "secret" });
        assert_eq!(
            events("_users", &json!({ "id": key }), &none, &item),
            vec![]
        );
    }
}
