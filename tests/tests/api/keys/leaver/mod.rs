//! The API keys of admins who leave.

mod held;
mod many;

use std::thread;

use blackbox::{Apart, Event, Inside, Instance, PASSWORD, Reply};

use super::*;

/// Empty tables with an admin who stays.
struct World<'a> {
    apart: Apart<'a>,
    admin: String,
    create: Instance<'a>,
    login: Instance<'a>,
    keys: Instance<'a>,
    update: Instance<'a>,
}

/// An admin with a secret key.
struct Maker {
    id: String,
    token: String,
    key: String,
    key_id: String,
}

/// The ways in which an admin leaves.
#[derive(Clone, Copy, Debug)]
enum Way {
    Demoted,
    Disabled,
    Deleted,
    DeletedBySelf,
}

const WAYS: [Way; 4] = [
    Way::Demoted,
    Way::Disabled,
    Way::Deleted,
    Way::DeletedBySelf,
];

impl<'a> World<'a> {
    fn new(inside: &'a Inside) -> Self {
        let apart = Apart::new(inside);
        let email = fresh_email();
        let register = apart.function("register", "leaver", &[("BAKEND_ADMIN_EMAIL", &email)]);
        let body = json!({ "email": email, "password": PASSWORD });
        let event = Event::new("POST", "/api/auth/register").json(&body);
        let admin = text(&apart.ask(&register, &event).expect(201).json()["accessToken"]);
        let [create, login, keys, update] =
            ["users-create", "login", "api-keys-create", "users-update"]
                .map(|name| apart.function(name, "leaver", &[]));
        Self {
            apart,
            admin,
            create,
            login,
            keys,
            update,
        }
    }

    fn maker(&self) -> Maker {
        let email = fresh_email();
        let body = json!({ "email": email, "password": PASSWORD, "role": "admin" });
        let event = Event::new("POST", "/api/users").json(&body);
        let _ = self
            .apart
            .ask(&self.create, &event.token(&self.admin))
            .expect(201);
        let body = json!({ "email": email, "password": PASSWORD });
        let event = Event::new("POST", "/api/auth/login").json(&body);
        let reply = self.apart.ask(&self.login, &event).expect(200).json();
        let token = text(&reply["accessToken"]);
        let made = self.makes(&token, "users:*").expect(201).json();
        Maker {
            id: text(&reply["user"]["id"]),
            token,
            key: text(&made["key"]),
            key_id: text(&made["id"]),
        }
    }

    fn makes(&self, token: &str, scope: &str) -> Reply {
        let body = json!({ "name": "left behind", "type": "secret", "scopes": [scope] });
        let event = Event::new("POST", PATH).json(&body).token(token);
        self.apart.ask(&self.keys, &event)
    }

    /// The request by which an admin leaves.
    fn leaves(&self, maker: &Maker, way: Way, query: &str) -> Reply {
        let path = format!("/api/users/{}{query}", maker.id);
        let patch = |body: Value| Event::new("PATCH", &path).json(&body).token(&self.admin);
        let (function, event) = match way {
            Way::Demoted => ("users-update", patch(json!({ "role": "editor" }))),
            Way::Disabled => ("users-update", patch(json!({ "disabled": true }))),
            Way::Deleted => (
                "users-delete",
                Event::new("DELETE", &path).token(&self.admin),
            ),
            Way::DeletedBySelf => {
                let event = Event::new("DELETE", &format!("/api/auth/me{query}"));
                let event = event.json(&json!({ "password": PASSWORD }));
                ("me-delete", event.token(&maker.token))
            }
        };
        let function = self.apart.function(function, "leaver", &[]);
        self.apart.ask(&function, &event)
    }

    /// The key's maker is promoted by the key: what a key that was forgotten could do.
    fn promotes(&self, maker: &Maker) -> Reply {
        let event = Event::new("PATCH", &format!("/api/users/{}", maker.id));
        let event = event.json(&json!({ "role": "admin" })).key(&maker.key);
        self.apart.ask(&self.update, &event)
    }

    fn listed(&self, query: &str) -> Reply {
        let list = self.apart.function("api-keys-list", "leaver", &[]);
        let event = Event::new("GET", &format!("{PATH}{query}")).token(&self.admin);
        self.apart.ask(&list, &event)
    }
}

#[test]
fn keys_that_stand_are_named_and_nothing_changes_until_the_request_says_what_becomes_of_them() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    for way in WAYS {
        let maker = world.maker();
        let reply = world.leaves(&maker, way, "");
        let sentence = format!(
            "This admin has made API keys: left behind ({}); say ?apiKeys=keep or ?apiKeys=delete.",
            maker.key_id
        );
        crate::auth::look::refused(&reply, 409, "users/has-api-keys", &sentence);
        for query in ["?apiKeys=both", "?apiKeys=", "?apikeys=delete"] {
            refused(
                &world.leaves(&maker, way, query),
                400,
                "common/validation-failed",
            );
        }
        let _ = world.makes(&maker.token, "users:read").expect(201);
        let _ = world.promotes(&maker).expect(200);
    }
}

#[test]
fn a_key_goes_with_its_maker_or_outlives_the_maker_as_the_request_says() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    for way in WAYS {
        let (gone, kept) = (world.maker(), world.maker());
        let done = [200, 204];
        let reply = world.leaves(&gone, way, "?apiKeys=delete");
        assert!(done.contains(&reply.status), "{way:?} {}", reply.text());
        refused(&world.promotes(&gone), 401, "auth/invalid-api-key");
        // The key of another admin is none of theirs.
        let _ = world.promotes(&kept).expect(200);
        let reply = world.leaves(&kept, way, "?apiKeys=keep");
        assert!(done.contains(&reply.status), "{way:?} {}", reply.text());
        assert_ne!(world.promotes(&kept).code(), "auth/invalid-api-key");
        let named = world
            .listed(&format!("?createdBy={}", kept.id))
            .expect(200)
            .json();
        assert_eq!(named["items"][0]["createdBy"], *kept.id, "{way:?}");
        assert_eq!(named["items"].as_array().map(Vec::len), Some(1));
        let none = world
            .listed(&format!("?createdBy={}", gone.id))
            .expect(200)
            .json();
        assert_eq!(none["items"], json!([]));
    }
    assert_eq!(
        world.listed("?createdBy=x").expect(200).json()["items"],
        json!([])
    );
    refused(
        &world.listed("?createdby=x"),
        400,
        "common/validation-failed",
    );
}

#[test]
fn a_key_that_is_made_while_its_maker_leaves_is_settled_or_refused() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (mut made, mut kept_out) = (0, 0);
    for _ in 0..12 {
        let maker = world.maker();
        let path = format!("/api/users/{}?apiKeys=delete", maker.id);
        let event = Event::new("PATCH", &path).json(&json!({ "role": "editor" }));
        let event = event.token(&world.admin);
        let (left, key) = thread::scope(|scope| {
            let left = scope.spawn(|| world.apart.ask(&world.update, &event));
            let key = scope.spawn(|| world.makes(&maker.token, "users:update"));
            (left.join().unwrap(), key.join().unwrap())
        });
        assert!([200, 503].contains(&left.status), "{}", left.text());
        if left.status == 503 {
            continue;
        }
        made += u32::from(key.status == 201);
        kept_out += u32::from(key.status == 403);
        assert!([201, 403, 503].contains(&key.status), "{}", key.text());
        let stand = world
            .listed(&format!("?createdBy={}", maker.id))
            .expect(200)
            .json();
        assert_eq!(stand["items"], json!([]), "{}", key.text());
    }
    println!("{made} keys made and deleted, {kept_out} refused");
}

/// An admin who has replaced a key's secret knows it, whoever made the key.
#[test]
fn a_key_that_the_leaver_rotated_is_settled_like_one_that_the_leaver_made() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (maker, leaver) = (world.maker(), world.maker());
    let rotate = world.apart.function("api-keys-rotate", "leaver", &[]);
    let event = Event::new("POST", &format!("{PATH}/{}/rotate", maker.key_id));
    let rotated = world.apart.ask(&rotate, &event.token(&leaver.token));
    let key = text(&rotated.expect(200).json()["key"]);
    let refused = world.leaves(&leaver, Way::Demoted, "");
    assert_eq!(refused.code(), "users/has-api-keys");
    assert!(refused.text().contains(&maker.key_id), "{}", refused.text());
    let _ = world
        .leaves(&leaver, Way::Demoted, "?apiKeys=delete")
        .expect(200);
    let promote = Event::new("PATCH", &format!("/api/users/{}", leaver.id));
    let promote = promote.json(&json!({ "role": "admin" })).key(&key);
    assert_eq!(world.apart.ask(&world.update, &promote).status, 401);
}
