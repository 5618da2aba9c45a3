//! Names of passkeys, and their removal.

use blackbox::stack;

use super::*;

fn rename(stage: &Stage<'_>, token: &str, id: &str, name: &str) -> Reply {
    let event = Event::new("PATCH", &format!("{PASSKEYS}/{id}"));
    let event = event.json(&json!({ "name": name })).token(token);
    stage.world.reply("passkeys-update", &event)
}

#[test]
fn a_passkey_gets_another_name() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let made = stage.list(&account.token).remove(0);
    let id = text(&made["id"]);
    let named = rename(&stage, &account.token, &id, "Laptop");
    let named = named.expect(200).json();
    assert_eq!(named["name"], "Laptop");
    assert_eq!(named["createdAt"], made["createdAt"]);
    assert_eq!(stage.list(&account.token), [named]);
    let wrong = rename(&stage, &account.token, &id, "").expect(400).json();
    assert_eq!(wrong["error"]["details"][0]["field"], "name");
    let somebody = stage.register();
    for (token, id) in [
        (&somebody.token, id.as_str()),
        (&account.token, "x"),
        (&account.token, "#admins"),
    ] {
        let reply = rename(&stage, token, id, "Mine");
        refused(reply, 404, "auth/passkey-not-found");
    }
}

#[test]
fn a_removed_passkey_signs_nobody_in_and_ends_the_other_sessions() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let other = text(&stage.sign_in(&mut account.device).expect(200).json()["accessToken"]);
    let id = stage.list(&account.token)[0]["id"].clone();
    let somebody = stage.register();
    for (token, id) in [(&somebody.token, &id), (&account.token, &json!("x"))] {
        let reply = stage.delete(token, id);
        refused(reply, 404, "auth/passkey-not-found");
    }
    let begun = stage.signed(&mut account.device, &Manners::on(PAGE));
    let _ = stage.delete(&account.token, &id).expect(204);
    invalid(stage.post("passkeys-login", LOGIN, &begun));
    assert!(stage.stands(&account.token) && !stage.stands(&other));
    assert_eq!(stage.items(), Vec::<Value>::new());
    refused(
        stage.delete(&account.token, &id),
        404,
        "auth/passkey-not-found",
    );
    let _ = stage.login(&account.email).expect(200);
    // The credential is free again.
    let _ = stage.add(&mut account);
}

#[test]
fn the_last_way_in_stays() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let _ = stage.add(&mut account);
    stage.forget_password(&account);
    let items = stage.list(&account.token);
    let _ = stage.delete(&account.token, &items[0]["id"]).expect(204);
    let last = stage.delete(&account.token, &items[1]["id"]);
    refused(last, 409, "auth/last-method");
    let _ = stage.sign_in(&mut account.device).expect(200);
    // A mail that signs in is a way, where the address is proven.
    let mails = [
        ("BAKEND_MAIL_FROM", "mail@example.com"),
        ("BAKEND_AUTH_MAGIC_LINK", "signIn"),
    ];
    let with_mail = stage.world.variant("passkeys-delete", &mails);
    let path = format!("{PASSKEYS}/{}", text(&items[1]["id"]));
    let event = Event::new("DELETE", &path).token(&account.token);
    let ask = || stage.world.flow.apart.ask(&with_mail, &event);
    refused(ask(), 409, "auth/last-method");
    let engine = stage.world.flow.apart.dynamo.engine();
    let prove = json!({
        "TableName": "local-_users",
        "Key": { "id": { "S": account.id } },
        "UpdateExpression": "SET email_verified_at = :now",
        "ExpressionAttributeValues": { ":now": { "N": "1790000000000" } },
    });
    let _ = engine.call("UpdateItem", &prove).unwrap();
    let _ = ask().expect(204);
}

#[test]
fn the_last_factor_stays_where_the_policy_asks_for_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let signed_in = stage.sign_in(&mut account.device).expect(200).json();
    let token = text(&signed_in["accessToken"]);
    let required = [("BAKEND_AUTH_MFA", "required")];
    let strict = stage.world.variant("passkeys-delete", &required);
    let items = stage.list(&token);
    let path = format!("{PASSKEYS}/{}", text(&items[0]["id"]));
    let event = Event::new("DELETE", &path).token(&token);
    let reply = stage.world.flow.apart.ask(&strict, &event);
    refused(reply, 409, "auth/mfa-required-by-policy");
    let _ = stage.add(&mut account);
    let _ = stage.world.flow.apart.ask(&strict, &event).expect(204);
}

#[test]
fn adding_and_removing_ask_for_a_recent_session_and_naming_does_not() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let id = text(&stage.list(&account.token)[0]["id"]);
    let path = format!("{PASSKEYS}/{id}");
    let later = [("BAKEND_CLOCK_OFFSET", "11m")];
    for (function, event, status) in [
        ("passkeys-options", Event::new("POST", OPTIONS), 403),
        ("passkeys-delete", Event::new("DELETE", &path), 403),
        (
            "passkeys-update",
            Event::new("PATCH", &path).json(&json!({ "name": "x" })),
            200,
        ),
        ("passkeys-list", Event::new("GET", PASSKEYS), 200),
    ] {
        let function = stage.world.variant(function, &later);
        let event = event.token(&account.token);
        let reply = stage.world.flow.apart.ask(&function, &event).expect(status);
        if status == 403 {
            assert_eq!(reply.code(), "auth/reauthentication-required");
        }
    }
}
