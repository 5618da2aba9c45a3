//! There is always an admin.

use std::thread;

use blackbox::{Apart, Event, Inside, Instance, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::look::path;
use crate::auth::items::users;

/// Empty tables with some admins, and what changes them.
struct World<'a> {
    apart: Apart<'a>,
    /// Each answers one request at a time.
    update: [Instance<'a>; 2],
    delete: Instance<'a>,
    get: Instance<'a>,
    /// Their ids and access tokens.
    admins: Vec<(String, String)>,
}

impl<'a> World<'a> {
    fn new(inside: &'a Inside, admins: usize) -> Self {
        let apart = Apart::new(inside);
        let email = fresh_email();
        let register = apart.function("register", "last", &[("BAKEND_ADMIN_EMAIL", &email)]);
        let [create, login, delete, get] = ["users-create", "login", "users-delete", "users-get"]
            .map(|it| apart.function(it, "last", &[]));
        let update = ["one", "two"].map(|label| apart.function("users-update", label, &[]));
        let signed_in = |reply: &Reply| {
            let body = reply.json();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&body["user"]["id"]), text(&body["accessToken"]))
        };
        let credentials = |email: &str| json!({ "email": email, "password": PASSWORD });
        let post = |path: &str, body: &Value| Event::new("POST", path).json(body);
        let first = apart
            .ask(&register, &post("/api/auth/register", &credentials(&email)))
            .expect(201);
        let mut all = vec![signed_in(&first)];
        while all.len() < admins {
            let email = fresh_email();
            let mut body = credentials(&email);
            body["role"] = json!("admin");
            let _ = apart
                .ask(&create, &post("/api/users", &body).token(&all[0].1))
                .expect(201);
            let reply = apart
                .ask(&login, &post("/api/auth/login", &credentials(&email)))
                .expect(200);
            all.push(signed_in(&reply));
        }
        Self {
            apart,
            update,
            delete,
            get,
            admins: all,
        }
    }

    fn patch(&self, by: usize, whom: usize, body: &Value) -> Reply {
        let event = Event::new("PATCH", &path(&self.admins[whom].0))
            .json(body)
            .token(&self.admins[by].1);
        self.apart.ask(&self.update[by % 2], &event)
    }

    fn remove(&self, by: usize, whom: usize) -> Reply {
        let event = Event::new("DELETE", &path(&self.admins[whom].0)).token(&self.admins[by].1);
        self.apart.ask(&self.delete, &event)
    }

    /// How many admins the table counts, and how many there are.
    fn counted(&self) -> (u64, u64) {
        let endpoint = self.apart.dynamo.endpoint();
        let counted = users(&endpoint).get(&json!({ "id": { "S": "#admins" } }));
        let counted = counted["count"]["N"]
            .as_str()
            .and_then(|number| number.parse().ok())
            .unwrap_or(0);
        let acting = |(id, _): &&(String, String)| {
            let user = users(&endpoint).get(&json!({ "id": { "S": id } }));
            user["role"]["S"] == "admin"
                && user["disabled"]["BOOL"] != json!(true)
                && user["deleted_at"].is_null()
        };
        (counted, self.admins.iter().filter(acting).count() as u64)
    }
}

#[track_caller]
fn last(reply: &Reply) {
    let sentence = "The last admin can be neither demoted, disabled nor deleted.";
    crate::auth::look::refused(reply, 409, "users/last-admin", sentence);
}

#[test]
fn the_last_admin_stays() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, 1);
    for body in [
        json!({ "role": "authenticated" }),
        json!({ "role": "editor" }),
        json!({ "disabled": true }),
        json!({ "role": "editor", "disabled": true }),
    ] {
        last(&world.patch(0, 0, &body));
    }
    last(&world.remove(0, 0));
    let _ = world
        .patch(0, 0, &json!({ "role": "admin", "disabled": false }))
        .expect(200);
    assert_eq!(world.counted(), (1, 1));
}

#[test]
fn who_is_disabled_is_no_admin_to_count_on() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, 3);
    assert_eq!(world.counted(), (3, 3));
    let _ = world.patch(0, 1, &json!({ "disabled": true })).expect(200);
    assert_eq!(world.counted(), (2, 2));
    // Changes to a disabled admin leave the count, in either direction.
    let _ = world.patch(0, 1, &json!({ "role": "editor" })).expect(200);
    let _ = world.patch(0, 1, &json!({ "role": "admin" })).expect(200);
    assert_eq!(world.counted(), (2, 2));
    let _ = world.remove(0, 2).expect(204);
    assert_eq!(world.counted(), (1, 1));
    last(&world.patch(0, 0, &json!({ "disabled": true })));
    let _ = world.patch(0, 1, &json!({ "disabled": false })).expect(200);
    assert_eq!(world.counted(), (2, 2));
    let _ = world
        .patch(0, 0, &json!({ "role": "authenticated" }))
        .expect(200);
    assert_eq!(world.counted(), (1, 1));
    let reply = world.apart.ask(
        &world.get,
        &Event::new("GET", &path(&world.admins[0].0)).token(&world.admins[0].1),
    );
    assert_eq!(reply.code(), "auth/forbidden");
}

#[test]
fn two_admins_who_demote_each_other_leave_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, 2);
    let ways = [
        json!({ "role": "authenticated" }),
        json!({ "disabled": true }),
    ];
    let (mut both_done, mut refused) = (0, 0);
    for round in 0..100 {
        let body = &ways[usize::from(round % 3 == 0)];
        let (one, two) = thread::scope(|scope| {
            let one = scope.spawn(|| world.patch(0, 1, body));
            let two = scope.spawn(|| world.patch(1, 0, body));
            (one.join().unwrap(), two.join().unwrap())
        });
        let codes = [one.code(), two.code()];
        let (counted, there) = world.counted();
        assert_eq!((counted, there), (1, 1), "round {round}: {codes:?}");
        both_done += u32::from(one.status == 200 && two.status == 200);
        refused += codes
            .iter()
            .filter(|code| *code == "users/last-admin")
            .count();
        // The second caller was no longer an admin, was the last one, or conflicted with the first.
        let told = [
            "",
            "users/last-admin",
            "auth/forbidden",
            "auth/session-revoked",
            "common/unavailable",
        ];
        assert!(
            codes.iter().all(|code| told.contains(&code.as_str())),
            "round {round}: {codes:?}"
        );
        restore(&world);
    }
    assert_eq!(both_done, 0);
    assert!(refused > 0, "they never met");
}

/// Makes both admins again, with sessions that stand, past the functions.
fn restore(world: &World<'_>) {
    let endpoint = world.apart.dynamo.endpoint();
    for (id, _) in &world.admins {
        let key = json!({ "id": { "S": id } });
        let again = json!({ "role": { "S": "admin" }, "disabled": { "BOOL": false }, "auth_version": { "N": "1" } });
        users(&endpoint).set(&key, &again);
        let email = users(&endpoint).get(&key)["email"]["S"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let version = json!({ "auth_version": { "N": "1" } });
        users(&endpoint).set(&crate::auth::items::identity_key(&email), &version);
    }
    users(&endpoint).set(
        &json!({ "id": { "S": "#admins" } }),
        &json!({ "count": { "N": "2" } }),
    );
    assert_eq!(world.counted(), (2, 2));
}
