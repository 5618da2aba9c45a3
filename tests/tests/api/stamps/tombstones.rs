//! The tombstone of a user who was removed: it reads as absent everywhere.

use super::*;
use crate::admin::{admin_on, said};

/// The ways in which a user is removed at once.
#[derive(Clone, Copy, Debug)]
enum Way {
    Admin,
    AdminWithinTheGrace,
    User,
}

fn removes(world: &World<'_>, member: &Member, way: Way) {
    let path = format!("/api/users/{}", member.id);
    let own = || {
        let event = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
        event.token(&member.access)
    };
    if let Way::AdminWithinTheGrace = way {
        let _ = world.ask("me-delete", own());
    }
    let _ = match way {
        Way::User => {
            let variable = ("BAKEND_AUTH_DELETION_GRACE", "0s");
            world.ask_told("me-delete", variable, own()).expect(204)
        }
        _ => {
            let event = Event::new("DELETE", &path).token(&world.admin.access);
            world.ask("users-delete", event)
        }
    };
}

#[test]
fn a_removed_user_leaves_a_tombstone_that_nobody_sees() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let endpoint = world.apart.dynamo.endpoint();
    let admin = || &world.admin.access;
    for way in [Way::Admin, Way::AdminWithinTheGrace, Way::User] {
        let (member, _) = world.registers();
        removes(&world, &member, way);
        let tombstone = world.user(&member.id);
        let names: Vec<&String> = tombstone.as_object().unwrap().keys().collect();
        let kept = ["change", "deleted_at", "expires_at", "id", "role"];
        assert_eq!(names, kept, "{way:?}");
        let number = |name: &str| text(&tombstone[name]["N"]).parse::<u64>().unwrap();
        assert_eq!(number("expires_at"), number("deleted_at") / 1000, "{way:?}");
        let identity = items::users(&endpoint).get(&items::identity_key(&member.email));
        assert!(identity.is_null(), "{way:?}");

        let path = format!("/api/users/{}", member.id);
        let sessions = format!("{path}/sessions");
        let mine = credentials(&member.email);
        let related = json!({ "title": "a", "assignee": member.id });
        for (function, event, code) in [
            (
                "users-get",
                Event::new("GET", &path).token(admin()),
                "users/not-found",
            ),
            (
                "users-update",
                Event::new("PATCH", &path)
                    .json(&json!({ "role": "editor" }))
                    .token(admin()),
                "users/not-found",
            ),
            (
                "users-delete",
                Event::new("DELETE", &path).token(admin()),
                "users/not-found",
            ),
            (
                "users-sessions-list",
                Event::new("GET", &sessions).token(admin()),
                "users/not-found",
            ),
            (
                "users-sessions-end",
                Event::new("DELETE", &sessions).token(admin()),
                "users/not-found",
            ),
            (
                "users-password",
                post(
                    &format!("{path}/password"),
                    &json!({ "password": PASSWORD }),
                )
                .token(admin()),
                "users/not-found",
            ),
            (
                "me-get",
                Event::new("GET", "/api/auth/me").token(&member.access),
                "auth/session-revoked",
            ),
            (
                "login",
                post("/api/auth/login", &mine),
                "auth/invalid-credentials",
            ),
            (
                "me-restore",
                post("/api/auth/me/restore", &mine),
                "auth/invalid-credentials",
            ),
            (
                "refresh",
                post(
                    "/api/auth/refresh",
                    &json!({ "refreshToken": member.refresh }),
                ),
                "auth/invalid-refresh-token",
            ),
            (
                "records-create",
                post("/api/notes", &related).token(admin()),
                "common/validation-failed",
            ),
        ] {
            let instance = world.apart.function(function, "tombstones", &[]);
            let reply = world.apart.ask(&instance, &event);
            assert_eq!(reply.code(), code, "{way:?} {function}");
        }
        let event = Event::new("GET", "/api/users").token(admin());
        let listed = world.ask("users-list", event).text();
        assert!(!listed.contains(&member.id), "{way:?} {listed}");
        let promoted = said(&admin_on(inside, &endpoint, &["promote", &member.email]));
        assert!(!promoted.0, "{way:?} {promoted:?}");
        let exported = said(&admin_on(inside, &endpoint, &["export"]));
        assert!(
            exported.0 && !exported.1.contains(&member.id),
            "{exported:?}"
        );
        assert_eq!(
            world.user(&member.id),
            tombstone,
            "{way:?}: it stays as it is"
        );

        // The id is free for an import, also while the clock of the import is behind.
        let later = json!({ "expires_at": { "N": "9999999999" } });
        items::users(&endpoint).set(&items::user_key(&member.id), &later);
        let path = local::root().join(format!(".bakend/tests/{}.jsonl", member.email));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let line = json!({ "email": member.email, "id": member.id });
        std::fs::write(&path, line.to_string()).unwrap();
        for arguments in [&["--dry-run"][..], &[]] {
            let import = ["import", path.to_str().unwrap()];
            let import = [&import[..], arguments].concat();
            let made = said(&admin_on(inside, &endpoint, &import));
            assert!(made.0 && made.1.contains("0 refused"), "{way:?} {made:?}");
        }
        std::fs::remove_file(&path).unwrap();
        let event = Event::new("GET", &format!("/api/users/{}", member.id)).token(admin());
        assert_eq!(world.ask("users-get", event).json()["email"], *member.email);
        let event = post("/api/notes", &related).token(admin());
        let _ = world.ask("records-create", event);
    }
}
