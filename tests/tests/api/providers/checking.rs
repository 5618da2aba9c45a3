//! Questions about accounts: by a code, or by an address, which admins and servers alone may ask.

use blackbox::stack;

use super::*;

const CHECK: &str = "/api/auth/accounts/check";

impl Stage<'_> {
    fn check(&self, body: &Value) -> Reply {
        self.world
            .reply("accounts-check", &Event::new("POST", CHECK).json(body))
    }

    /// A secret key with these scopes.
    fn server(&self, scopes: &[&str]) -> String {
        let body = json!({ "name": "server", "type": "secret", "scopes": scopes });
        let event = Event::new("POST", "/api/admin/api-keys").json(&body);
        let made = self.world.ask("api-keys-create", event, 201);
        made["key"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_code_tells_whether_its_identity_is_known_and_stays_good() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = google("asked", "asked@example.com");
    let code = stage.code("google", &account);
    let body = trade(&code, &json!({}));
    for _ in 0..2 {
        assert_eq!(
            stage.check(&body).expect(200).json(),
            json!({ "exists": false })
        );
    }
    let made = stage.exchange(&code, &json!({})).expect(200).json();
    assert_eq!(made["isNewUser"], json!(true));
    let code = stage.code("google", &account);
    let body = trade(&code, &json!({}));
    assert_eq!(
        stage.check(&body).expect(200).json(),
        json!({ "exists": true })
    );
    for other in [
        json!({ "code": code, "codeVerifier": "b".repeat(43) }),
        json!({ "code": "garbage", "codeVerifier": VERIFIER }),
    ] {
        let refused = stage.check(&other);
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (400, "auth/invalid-oauth-code")
        );
    }
    let again = stage.exchange(&code, &json!({})).expect(200).json();
    assert_eq!(again["user"]["id"], made["user"]["id"]);
}

#[test]
fn an_address_is_asked_about_by_admins_and_servers_alone() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (email, member) = stage.register();
    let linked = stage.code("google", &google("checked", "x@example.com"));
    let event = Event::new("POST", ACCOUNTS).json(&trade(&linked, &json!({})));
    let _ = stage.ask_as(&member, "accounts-link", event).expect(201);
    let nobody = fresh_email();
    let admin = stage.world.admin.clone();
    let server = stage.server(&["users:read"]);
    for (address, expected) in [
        (
            &email,
            json!({ "exists": true, "methods": ["password", "google"] }),
        ),
        (&nobody, json!({ "exists": false, "methods": [] })),
    ] {
        let event = || Event::new("POST", CHECK).json(&json!({ "email": address }));
        let by_admin = stage.ask_as(&admin, "accounts-check", event());
        assert_eq!(by_admin.expect(200).json(), expected);
        let by_server = stage.world.reply("accounts-check", &event().key(&server));
        assert_eq!(by_server.expect(200).json(), expected);
        // Anybody else hears the same, whether or not there is one.
        for refused in [
            stage.check(&json!({ "email": address })),
            stage.ask_as(&member, "accounts-check", event()),
        ] {
            assert_eq!(
                (refused.status, refused.code().as_str()),
                (403, "auth/forbidden")
            );
        }
        let narrow = stage.server(&["posts:read"]);
        let refused = stage.world.reply("accounts-check", &event().key(&narrow));
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (403, "auth/forbidden")
        );
    }
    let event = Event::new("POST", CHECK).json(&json!({ "email": "no address" }));
    assert_eq!(
        stage.ask_as(&admin, "accounts-check", event).code(),
        "common/validation-failed"
    );
    let broken = Event::new("POST", CHECK)
        .json(&json!({ "email": email }))
        .token("garbage");
    assert_eq!(stage.world.reply("accounts-check", &broken).status, 401);
}

#[test]
fn a_question_is_one_of_two() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    for (body, field) in [
        (json!({}), "code"),
        (json!({ "email": "a@b.io", "code": "c" }), "code"),
        (
            json!({ "code": "c", "codeVerifier": "v".repeat(43), "more": 1 }),
            "more",
        ),
    ] {
        let refused = stage.check(&body);
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (400, "common/validation-failed")
        );
        assert_eq!(
            refused.json()["error"]["details"][0]["field"],
            field,
            "{body}"
        );
    }
}
