//! Settings of providers: what an admin sets holds at once, and no secret is shown.

use blackbox::provider::SECRET;
use blackbox::stack;

use super::*;

const ADMIN: &str = "/api/admin/providers";

impl Stage<'_> {
    pub(super) fn names(&self) -> Vec<String> {
        let listed = self
            .world
            .reply("oauth-providers", &Event::new("GET", "/api/auth/providers"));
        let items = listed.expect(200).json()["items"].clone();
        items
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["name"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(super) fn shown(&self, name: &str) -> Value {
        let all = self
            .world
            .ask("providers-list", Event::new("GET", ADMIN), 200);
        assert!(!all.to_string().contains(SECRET));
        let items = all["items"].as_array().unwrap().iter();
        items.clone().find(|it| it["name"] == name).unwrap().clone()
    }
}

#[test]
fn what_an_admin_sets_holds_at_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    assert_eq!(stage.names(), ["github", "google", "microsoft", "own"]);
    let shown = stage.shown("google");
    assert_eq!(
        (&shown["hasSecret"], &shown["ready"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        shown["redirectUri"],
        "http://localhost:8080/api/auth/oauth/google/callback"
    );
    assert_eq!(shown["clientSecret"], Value::Null);
    // A secret that is left out stays, and so nothing is shown of it.
    let mut settings = stage.provider.settings("google");
    settings.as_object_mut().unwrap().remove("clientSecret");
    settings["enabled"] = json!(false);
    let set = stage.put("google", &settings).expect(200);
    assert!(!set.text().contains(SECRET));
    assert_eq!(
        (&set.json()["ready"], &set.json()["hasSecret"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(stage.names(), ["github", "microsoft", "own"]);
    let query = [("redirectTo", APP), ("codeChallenge", &challenge(VERIFIER))];
    let off = stage.ask_start("google", &query);
    assert_eq!(
        (off.status, off.code().as_str()),
        (404, "auth/unsupported-provider")
    );
    settings["enabled"] = json!(true);
    let _ = stage.put("google", &settings).expect(200);
    let _ = stage
        .sign_in("google", &google("a", "a@example.com"))
        .expect(200);
    let stored = json!(stage.world.scan("local-_configuration")).to_string();
    assert!(stored.contains("provider#google") && !stored.contains(SECRET));
}

#[test]
fn settings_are_taken_back_with_the_secret() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let reset = |name: &str, status| {
        let event = Event::new("DELETE", &format!("{ADMIN}/{name}"));
        stage.world.ask("providers-reset", event, status)
    };
    let _ = reset("google", 204);
    assert_eq!(stage.shown("google")["hasSecret"], json!(false));
    assert_eq!(stage.names(), ["github", "microsoft", "own"]);
    assert_eq!(reset("google", 404)["error"]["code"], "providers/not-found");
    assert_eq!(
        reset("unheard-of", 404)["error"]["code"],
        "providers/not-found"
    );
    let _ = reset("own", 204);
    let own = stage.shown("own");
    assert_eq!(
        (&own["issuer"], &own["clientId"]),
        (&json!("https://own.example"), &json!("bakend-client"))
    );
    assert_eq!(stage.names(), ["github", "microsoft"]);
}

#[test]
fn settings_that_do_not_fit_are_named() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let unknown = stage.put("unheard-of", &json!({ "clientId": "c" }));
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (404, "providers/not-found")
    );
    for (name, body, field) in [
        ("google", json!({ "clientSecret": "s" }), "clientId"),
        (
            "google",
            json!({ "clientId": "c", "clientSecret": "" }),
            "clientSecret",
        ),
        ("google", json!({ "clientId": "c", "more": 1 }), "more"),
        (
            "google",
            json!({ "clientId": "c", "issuer": "https://x.example" }),
            "issuer",
        ),
        (
            "google",
            json!({ "clientId": "c", "endpoints": { "token": "ftp://x" } }),
            "endpoints.token",
        ),
        (
            "google",
            json!({ "clientId": "c", "profile": { "name": "nope" } }),
            "profile.name",
        ),
        (
            "own",
            json!({ "clientId": "c", "issuer": "http://10.0.0.1/" }),
            "issuer",
        ),
        ("apple", json!({ "clientId": "c" }), "teamId"),
    ] {
        let refused = stage.put(name, &body);
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (400, "common/validation-failed"),
            "{body}"
        );
        assert_eq!(
            refused.json()["error"]["details"][0]["field"],
            field,
            "{}",
            refused.text()
        );
    }
}

#[test]
fn settings_are_an_admins_who_has_signed_in_of_late() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (_, member) = stage.register();
    let body = json!({ "clientId": "c" });
    for (function, event) in [
        (
            "providers-set",
            Event::new("PUT", &format!("{ADMIN}/google")).json(&body),
        ),
        (
            "providers-reset",
            Event::new("DELETE", &format!("{ADMIN}/google")),
        ),
        ("providers-list", Event::new("GET", ADMIN)),
    ] {
        assert_eq!(stage.world.reply(function, &event).status, 401);
        assert_eq!(
            stage.ask_as(&member, function, event).code(),
            "auth/forbidden"
        );
    }
    assert_eq!(stage.shown("google")["ready"], json!(true));
}
