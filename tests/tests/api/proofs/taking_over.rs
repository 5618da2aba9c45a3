//! Accounts that somebody has registered with the address of another: the reader of its mails gets them, and whoever was
//! there before is out. Each test is the attack.

use blackbox::{Event, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use super::changing::{change, confirm, identity};
use super::signing_in::{SIGN_IN, SIGN_UP, ask, is_invalid, proven, verify};
use super::world::{MailWorld, code, link_token, token};

/// The victim asks for a mail and signs in with it.
fn enter(world: &MailWorld<'_>, email: &str, count: usize) -> Value {
    let flow = ask(world, email);
    let body = json!({ "flow": flow, "code": code(&world.mail(email, count)) });
    verify(world, &body).expect(200).json()
}

#[test]
fn an_attacker_who_registered_first_is_out_after_the_victims_sign_in() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_UP]);
    let victim = fresh_email();
    let attack = world.register(&victim);
    let attacker = token(&attack);
    let _ = world.mail(&victim, 1);
    // The attacker has a change of the address under way, too.
    let escape = fresh_email();
    change(&world, &attacker, &escape);
    let pending = code(&world.mail(&escape, 1));
    let entered = enter(&world, &victim, 2);
    assert_eq!(entered["user"]["id"], attack["user"]["id"]);
    assert_eq!(entered["isNewUser"], json!(false));
    assert!(entered["user"]["emailVerifiedAt"].is_string(), "{entered}");
    assert!(!world.stands(&attacker), "the attacker's session");
    let refresh = json!({ "refreshToken": attack["refreshToken"] });
    let _ = world
        .post("refresh", "/api/auth/refresh", &refresh)
        .expect(401);
    let password = world.login(&victim, PASSWORD).expect(401);
    assert_eq!(password.code(), "auth/invalid-credentials");
    let mine = token(&entered);
    assert!(world.stands(&mine));
    is_invalid(confirm(&world, &mine, &json!({ "code": pending })));
    let verification = json!({ "email": victim, "code": "01234567", "password": PASSWORD });
    let _ = world
        .post("verify-email", "/api/auth/verify-email", &verification)
        .expect(401);
    // A second sign-in changes nothing more.
    let again = enter(&world, &victim, 3);
    assert!(world.stands(&mine) && world.stands(&token(&again)));
}

#[test]
fn an_attacker_who_registered_first_gains_nothing_by_the_victims_click_and_is_out_after_a_reset() {
    const OWN: &str = "the victims own password";
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let victim = fresh_email();
    let attack = world.register(&victim);
    let attacker = token(&attack);
    // The victim opens the link of the mail, and types the only password that the victim knows.
    let link = link_token(&world.mail(&victim, 1));
    let page = Event::new("GET", &format!("/api/auth/pages/verify-email?token={link}"));
    let _ = world.reply("pages", &page).expect(200);
    let path = "/api/auth/verify-email";
    let click = world.post(
        "verify-email",
        path,
        &json!({ "token": link, "password": OWN }),
    );
    assert_eq!(click.expect(401).code(), "auth/invalid-credentials");
    let me = Event::new("GET", "/api/auth/me").token(&attacker);
    let unproven = world.reply("me-get", &me).expect(200).json();
    assert!(unproven["emailVerifiedAt"].is_null(), "{unproven}");

    let forgot = json!({ "email": victim });
    let opened = world.post("password-forgot", "/api/auth/password/forgot", &forgot);
    let flow = opened.expect(202).json()["flow"].clone();
    let body = json!({ "flow": flow, "code": code(&world.mail(&victim, 2)), "newPassword": OWN });
    let reset = world.post("password-reset", "/api/auth/password/reset", &body);
    let _ = reset.expect(204);
    assert!(!world.stands(&attacker), "the attacker's session");
    let refresh = json!({ "refreshToken": attack["refreshToken"] });
    let refreshed = world.post("refresh", "/api/auth/refresh", &refresh);
    let _ = refreshed.expect(401);
    let _ = world.login(&victim, PASSWORD).expect(401);
    let proof = json!({ "token": link, "password": PASSWORD });
    let _ = world.post("verify-email", path, &proof).expect(401);
    let entered = world.login(&victim, OWN).expect(200).json();
    assert!(entered["user"]["emailVerifiedAt"].is_string(), "{entered}");
}

#[test]
fn an_attacker_who_waits_with_a_mail_of_the_sign_up_gets_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_UP]);
    let victim = fresh_email();
    // The victim asks, and the attacker registers before the victim types the code.
    let flow = ask(&world, &victim);
    let body = json!({ "flow": flow, "code": code(&world.mail(&victim, 1)), "name": "Ada" });
    let attacker = token(&world.register(&victim));
    let entered = verify(&world, &body).expect(200).json();
    assert_eq!(entered["isNewUser"], json!(false));
    assert!(!world.stands(&attacker));
    let _ = world.login(&victim, PASSWORD).expect(401);
    assert!(world.stands(&token(&entered)));
}

#[test]
fn a_proof_is_void_once_the_account_is_another_than_the_mail_saw() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_IN]);
    let email = fresh_email();
    let access = token(&proven(&world, &email));
    let flow = ask(&world, &email);
    let body = json!({ "flow": flow, "code": code(&world.mail(&email, 2)) });
    let others = Event::new("DELETE", "/api/auth/sessions").token(&access);
    let _ = world.reply("sessions-end-others", &others).expect(204);
    is_invalid(verify(&world, &body));
}

#[test]
fn an_account_without_a_password_stays_without_one_at_another_address() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_UP]);
    let (old, new) = (fresh_email(), fresh_email());
    let access = token(&enter(&world, &old, 1));
    change(&world, &access, &new);
    let mail = world.mail(&new, 1);
    let _ = confirm(&world, &access, &json!({ "code": code(&mail) })).expect(200);
    let moved = identity(&world, &new);
    assert!(moved["user_id"].is_object(), "{moved}");
    assert!(moved["password_hash"].is_null(), "{moved}");
    assert!(identity(&world, &old).is_null());
    let _ = world.login(&new, PASSWORD).expect(401);
    let entered = enter(&world, &new, 2);
    assert_eq!(entered["isNewUser"], json!(false));
}

#[test]
fn the_bootstrap_address_makes_the_first_admin_and_no_second() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for is_there in [true, false] {
        let email = fresh_email();
        let bootstrap = ("BAKEND_ADMIN_EMAIL", email.as_str());
        let world = MailWorld::new(inside, &[SIGN_UP, bootstrap]);
        let dynamo = world.flow.apart.dynamo.engine();
        let count = json!({ "TableName": "local-_users", "Key": { "id": { "S": "#admins" } } });
        let mut mails = 0;
        if is_there {
            let made = world.register(&email);
            assert_eq!(made["user"]["role"], "authenticated");
            let _ = world.mail(&email, 1);
            mails = 1;
        } else {
            // There has been an admin, so the address is as any other.
            let another = fresh_email();
            let own = [("BAKEND_ADMIN_EMAIL", another.as_str())];
            let verifier = world.variant("magic-link-verify", &own);
            let flow = ask(&world, &another);
            let body = json!({ "flow": flow, "code": code(&world.mail(&another, 1)) });
            let event = Event::new("POST", "/api/auth/magic-link/verify").json(&body);
            let made = world.flow.apart.ask(&verifier, &event).expect(200).json();
            assert_eq!(made["user"]["role"], "authenticated");
        }
        // As if there had never been one.
        let _ = dynamo.call("DeleteItem", &count).unwrap();
        let entered = enter(&world, &email, mails + 1);
        assert_eq!(entered["user"]["role"], "admin", "{is_there}");
        let list = Event::new("GET", "/api/users").token(&token(&entered));
        let _ = world.reply("users-list", &list).expect(200);
    }
}
