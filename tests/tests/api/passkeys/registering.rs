//! Adding passkeys.

use blackbox::stack;

use super::*;
use crate::proofs::world::{MailWorld, code, token};

#[test]
fn a_passkey_is_added_shown_and_stored_without_a_secret() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.register();
    assert_eq!(stage.list(&account.token), Vec::<Value>::new());
    let begun = stage.begin(&account);
    assert_eq!(begun["options"]["rp"]["id"], "localhost");
    assert_eq!(begun["options"]["user"]["name"], account.email);
    assert!(begun["options"]["excludeCredentials"] == json!([]));
    let credential = account
        .device
        .register(&begun["options"], &Manners::on(PAGE));
    let token = begun["challengeToken"].clone();
    let body = json!({ "challengeToken": token, "credential": credential, "name": "Phone" });
    let made = stage.create(&account.token, &body).expect(201).json();
    assert_eq!(made["name"], "Phone");
    assert_eq!(made["lastUsedAt"], Value::Null);
    assert_eq!(made["backedUp"], true);
    assert_eq!(made["transports"], json!(["hybrid", "internal"]));
    assert!(made["createdAt"].is_string() && made["id"].is_string());
    assert_eq!(made.as_object().unwrap().len(), 6);
    assert_eq!(stage.list(&account.token), std::slice::from_ref(&made));
    let next = stage.begin(&account);
    let there = device::encode(&account.device.newest());
    assert_eq!(next["options"]["excludeCredentials"][0]["id"], there);
    let items = stage.items();
    assert_eq!(items.len(), 1);
    let key = format!("passkey#{}", text(&made["id"]));
    assert_eq!(items[0]["id"]["S"], key);
    assert_eq!(items[0]["user_id"]["S"], account.id);
    let second = stage.add(&mut account);
    assert_eq!(second["name"], "Passkey");
    assert_eq!(stage.list(&account.token), [made, second], "oldest first");
    assert!(stage.stands(&account.token), "no session ends");
}

#[test]
fn ill_manners_add_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.register();
    let near = (
        "a near origin",
        Manners::on("http://localhost.evil.example"),
    );
    for (_, manners) in Manners::ill(PAGE).into_iter().chain([near]) {
        let body = stage.made(&mut account, &manners);
        invalid(stage.create(&account.token, &body));
    }
    let begun = stage.begin(&account);
    let options = &begun["options"];
    let unknown = account.device.register_by(options, &Manners::on(PAGE), -8);
    let body = json!({ "challengeToken": begun["challengeToken"], "credential": unknown });
    invalid(stage.create(&account.token, &body));
    let mut unfound = account.device.register(options, &Manners::on(PAGE));
    unfound["clientExtensionResults"]["credProps"]["rk"] = json!(false);
    let body = json!({ "challengeToken": begun["challengeToken"], "credential": unfound });
    let told = stage.create(&account.token, &body).expect(400).json();
    let field = &told["error"]["details"][0]["field"];
    assert_eq!(field, "credential.clientExtensionResults.credProps.rk");
    assert_eq!(stage.items(), Vec::<Value>::new());
}

#[test]
fn a_ceremony_is_of_its_user_its_session_and_its_five_minutes() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.register();
    let somebody = stage.register();
    let body = stage.made(&mut account, &Manners::on(PAGE));
    invalid(stage.create(&somebody.token, &body));
    let other = text(&stage.login(&account.email).expect(200).json()["accessToken"]);
    invalid(stage.create(&other, &body));
    let event = |token: &str| Event::new("POST", PASSKEYS).json(&body).token(token);
    let late = [("BAKEND_CLOCK_OFFSET", "301s")];
    let late = stage.world.variant("passkeys-create", &late);
    let reply = stage.world.flow.apart.ask(&late, &event(&account.token));
    invalid(reply);
    let _ = stage.create(&account.token, &body).expect(201);
    // The credential is known by now.
    invalid(stage.create(&account.token, &body));
    assert_eq!(stage.items().len(), 1);
}

#[test]
fn a_credential_of_somebody_else_cannot_be_added() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let thief = stage.register();
    let begun = stage.begin(&thief);
    let known = device::encode(&account.device.newest());
    let mut credential = account
        .device
        .register(&begun["options"], &Manners::on(PAGE));
    let object = device::decode(&credential["response"]["attestationObject"]);
    let old = account.device.newest();
    let at = object.windows(32).position(|it| it == old).unwrap();
    let mut object = object;
    object[at..at + 32].copy_from_slice(&device::decode(&json!(known)));
    credential["response"]["attestationObject"] = json!(device::encode(&object));
    credential["id"] = json!(known);
    credential["rawId"] = json!(known);
    let body = json!({ "challengeToken": begun["challengeToken"], "credential": credential });
    invalid(stage.create(&thief.token, &body));
    assert_eq!(stage.items().len(), 1);
    assert_eq!(stage.items()[0]["user_id"]["S"], account.id);
}

#[test]
fn the_eleventh_is_refused() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.register();
    let eleventh = stage.made(&mut account, &Manners::on(PAGE));
    for _ in 0..10 {
        let _ = stage.add(&mut account);
    }
    refused(
        stage.create(&account.token, &eleventh),
        409,
        "auth/passkey-limit",
    );
    let asked = stage.post_as(&account.token, "passkeys-options", OPTIONS, &json!({}));
    refused(asked, 409, "auth/passkey-limit");
    let items = stage.list(&account.token);
    assert_eq!(items.len(), 10);
    let _ = stage.delete(&account.token, &items[0]["id"]).expect(204);
    let _ = stage.create(&account.token, &eleventh).expect(201);
}

#[test]
fn the_body_is_checked_before_the_credential() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.register();
    let long = "x".repeat(16 * 1024 + 1);
    let fields = |body: &Value| {
        let told = stage.create(&account.token, body).expect(400).json();
        let details = told["error"]["details"].as_array().unwrap().clone();
        let fields = details.iter().map(|it| text(&it["field"]));
        fields.collect::<Vec<_>>()
    };
    for (body, expected) in [
        (json!({}), &["challengeToken", "credential"][..]),
        (
            json!({ "challengeToken": long, "credential": { "a": long } }),
            &["challengeToken", "credential"],
        ),
        (
            json!({ "challengeToken": "x", "credential": "x" }),
            &["credential"],
        ),
        (
            json!({ "challengeToken": "x", "credential": {}, "name": "" }),
            &["name"],
        ),
        (
            json!({ "challengeToken": "x", "credential": {}, "name": "x".repeat(65) }),
            &["name"],
        ),
        (
            json!({ "challengeToken": "x", "credential": {}, "more": 1 }),
            &["more"],
        ),
    ] {
        assert_eq!(fields(&body), expected, "{body}");
    }
    let garbage = json!({ "challengeToken": "x", "credential": {} });
    invalid(stage.create(&account.token, &garbage));
}

#[test]
fn an_address_that_is_not_proven_adds_none_where_mail_can_prove_it() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let account = world.register(&email);
    let mail = world.mail(&email, 1);
    let begin = || world.post_as(&token(&account), "passkeys-options", OPTIONS, &json!({}));
    refused(begin(), 403, "auth/email-not-verified");
    let body = json!({ "challengeToken": "x", "credential": {} });
    let create = world.post_as(&token(&account), "passkeys-create", PASSKEYS, &body);
    refused(create, 403, "auth/email-not-verified");
    let body = json!({ "code": code(&mail) });
    let verified = world.post_as(
        &token(&account),
        "verify-email",
        "/api/auth/verify-email",
        &body,
    );
    let _ = verified.expect(200);
    let _ = begin().expect(200);
}

#[test]
fn another_relying_party_has_its_own_pages_alone() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(
        inside,
        &[
            ("BAKEND_AUTH_PASSKEYS_RP_ID", "example.com"),
            ("BAKEND_AUTH_PASSKEYS_ORIGINS", "https://app.example.com"),
        ],
    );
    let mut account = stage.register();
    let begun = stage.begin(&account);
    assert_eq!(begun["options"]["rp"]["id"], "example.com");
    let local = account
        .device
        .register(&begun["options"], &Manners::on(PAGE));
    let body = json!({ "challengeToken": begun["challengeToken"], "credential": local });
    invalid(stage.create(&account.token, &body));
    let page = Manners::on("https://app.example.com");
    let body = stage.made(&mut account, &page);
    let _ = stage.create(&account.token, &body).expect(201);
    let body = stage.signed(&mut account.device, &page);
    let _ = stage.post("passkeys-login", LOGIN, &body).expect(200);
}
