//! The last way in: a way that signs nobody in is none, and two removals at once leave one.

use blackbox::{Instance, rounds, stack};
use device::{Device, Manners};

use super::*;

const PASSKEYS: &str = "/api/auth/passkeys";

/// An account at Google whose address is not proven, so that the user has none.
fn told(subject: &str) -> Value {
    let mut account = google(subject, "told@example.com");
    account["email_verified"] = json!(false);
    account
}

/// Switches a provider on or off.
fn switch(stage: &Stage<'_>, name: &str, on: bool) {
    let _ = stage.set(name, &json!({ "enabled": on })).expect(200);
}

/// A new user without an address, whom Google alone signs in.
fn by_google(stage: &Stage<'_>, subject: &str) -> Value {
    let made = stage.sign_in("google", &told(subject)).expect(200).json();
    assert_eq!(made["user"]["email"], Value::Null);
    made
}

/// Adds a passkey to an account; its id.
fn add_passkey(stage: &Stage<'_>, signed_in: &Value) -> String {
    let begin = Event::new("POST", &format!("{PASSKEYS}/options")).json(&json!({}));
    let begun = stage.ask_as(signed_in, "passkeys-options", begin);
    let begun = begun.expect(200).json();
    let manners = Manners::on("http://localhost:3000");
    let credential = Device::new().register(&begun["options"], &manners);
    let body = json!({ "challengeToken": begun["challengeToken"], "credential": credential });
    let create = Event::new("POST", PASSKEYS).json(&body);
    let made = stage.ask_as(signed_in, "passkeys-create", create);
    made.expect(201).json()["id"].as_str().unwrap().to_owned()
}

fn delete_passkey(stage: &Stage<'_>, signed_in: &Value, id: &str) -> Reply {
    let event = Event::new("DELETE", &format!("{PASSKEYS}/{id}"));
    stage.ask_as(signed_in, "passkeys-delete", event)
}

#[track_caller]
fn is_last(reply: &Reply) {
    let refusal = (reply.status, reply.code());
    assert_eq!(refusal, (409, "auth/last-method".to_owned()));
}

#[test]
fn a_provider_that_is_switched_off_is_no_way_in_beside_a_passkey() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let made = by_google(&stage, "with-passkey");
    let id = add_passkey(&stage, &made);
    switch(&stage, "google", false);
    is_last(&delete_passkey(&stage, &made, &id));
    // The list of all ways takes a passkey away as well.
    is_last(&stage.unlink(&made, &id));
    switch(&stage, "google", true);
    let _ = delete_passkey(&stage, &made, &id).expect(204);
    is_last(&stage.unlink(&made, "google"));
}

#[test]
fn a_provider_that_is_switched_off_is_no_way_in_beside_another() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    for other in ["own", "microsoft"] {
        let made = by_google(&stage, &format!("beside-{other}"));
        let tenant = "00000000-0000-0000-0000-0000000000aa";
        let account = match other {
            "own" => own("beside-google", &json!({})),
            _ => {
                json!({ "iss": format!("https://login.microsoftonline.com/{tenant}/v2.0"),
                "tid": tenant, "oid": "o", "sub": "pairwise" })
            }
        };
        let _ = stage.link(&made, other, &account).expect(201);
        switch(&stage, "google", false);
        is_last(&stage.unlink(&made, other));
        switch(&stage, "google", true);
        let _ = stage.unlink(&made, other).expect(204);
        is_last(&stage.unlink(&made, "google"));
    }
}

#[test]
fn a_provider_whose_secret_is_forgotten_is_no_way_in() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let made = by_google(&stage, "forgotten");
    let account = own("beside-forgotten", &json!({}));
    let _ = stage.link(&made, "own", &account).expect(201);
    let forget = Event::new("DELETE", "/api/admin/providers/google");
    let _ = stage.world.ask("providers-reset", forget, 204);
    is_last(&stage.unlink(&made, "own"));
    // The one that signs nobody in goes.
    let _ = stage.unlink(&made, "google").expect(204);
    assert_eq!(stage.accounts(&made), ["own"]);
}

#[test]
fn a_password_is_a_way_in_whatever_becomes_of_the_providers() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (email, made) = stage.register();
    let account = google("beside-password", "x@example.com");
    let _ = stage.link(&made, "google", &account).expect(201);
    let id = add_passkey(&stage, &made);
    switch(&stage, "google", false);
    let _ = delete_passkey(&stage, &made, &id).expect(204);
    let _ = stage.unlink(&made, "google").expect(204);
    let _ = stage.login(&email).expect(200);
}

#[test]
fn a_provider_and_a_passkey_do_not_go_at_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let unlinks = stage.world.instances("accounts-unlink", 1);
    let deletes = stage.world.instances("passkeys-delete", 1);
    for round in 0..rounds() {
        let made = by_google(&stage, &format!("at-once-{round}"));
        let id = add_passkey(&stage, &made);
        let token = made["accessToken"].as_str().unwrap();
        let delete = |path: String| Event::new("DELETE", &path).token(token);
        let all: [(&Instance<'_>, Event); 2] = [
            (&unlinks[0], delete(format!("{ACCOUNTS}/google"))),
            (&deletes[0], delete(format!("{PASSKEYS}/{id}"))),
        ];
        let mut replies = stage.world.at_once(&all);
        replies.sort_by_key(|it| it.status);
        assert_eq!(replies[0].status, 204, "{}", replies[0].text());
        is_last(&replies[1]);
        assert_eq!(stage.accounts(&made).len(), 1);
    }
}

/// The mails that wait for the function that sends them.
fn mails(stage: &Stage<'_>) -> usize {
    stage.world.scan("local-_mail").len()
}

/// An admin takes a password away by a mail that sets another one: that mail is a way in beside all others.
#[test]
fn a_password_that_an_admin_takes_away_leaves_a_way_in() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let unlinks = stage.world.instances("accounts-unlink", 1);
    let removes = stage.world.instances("users-password", 1);
    let admin = stage.world.admin["accessToken"].as_str().unwrap();
    for round in 0..rounds() {
        let (_, made) = stage.register();
        let account = google(&format!("by-admin-{round}"), &fresh_email());
        let _ = stage.link(&made, "google", &account).expect(201);
        let unlink = Event::new("DELETE", &format!("{ACCOUNTS}/google"));
        let unlink = unlink.token(made["accessToken"].as_str().unwrap());
        let path = format!(
            "/api/users/{}/password",
            made["user"]["id"].as_str().unwrap()
        );
        let remove = Event::new("POST", &path).json(&json!({ "send": true }));
        let waiting = mails(&stage);
        let all: [(&Instance<'_>, Event); 2] =
            [(&unlinks[0], unlink), (&removes[0], remove.token(admin))];
        let replies = stage.world.at_once(&all);
        assert_eq!(replies[1].status, 202, "{}", replies[1].text());
        assert!(mails(&stage) > waiting);
        let entered = stage.sign_in("google", &account).expect(200).json();
        let is_linked = entered["user"]["id"] == made["user"]["id"];
        // Its session has ended, or nothing else was left.
        match replies[0].status {
            204 => assert!(!is_linked),
            401 | 409 => assert!(is_linked),
            status => panic!("{status}: {}", replies[0].text()),
        }
    }
}
