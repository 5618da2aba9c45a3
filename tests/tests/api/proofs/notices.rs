//! Notices: each change tells its user once.

use blackbox::{Event, PASSWORD, fresh_email, stack};
use local::mailbox::Message;
use serde_json::{Value, json};

use super::world::{MailWorld, code, token};
use crate::mfa;

const OTHER: &str = "another horse battery staple";
const AGENT: &str = "notices/1";

/// A request of a user from a known place.
fn from_there(method: &str, path: &str, body: &Value) -> Event {
    let event = Event::new(method, path).json(body);
    event.source_ip("203.0.113.9").header("user-agent", AGENT)
}

/// The mail is a notice of this kind, which has neither code nor link of ours.
#[track_caller]
fn is_notice(mail: &Message, kind: &str) {
    assert_eq!(mail.kind, kind);
    assert_eq!((&mail.code, &mail.link), (&None, &None), "{}", mail.text);
}

#[test]
fn each_change_of_an_account_is_told_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let strict = [("BAKEND_AUTH_REFRESH_GRACE", "0s")];
    let world = MailWorld::with(inside, &["events"], &strict);
    let email = fresh_email();
    let account = world.register(&email);
    assert_eq!(world.mail(&email, 1).kind, "verify-email");

    let body = json!({ "currentPassword": PASSWORD, "newPassword": OTHER });
    let change = from_there("POST", "/api/auth/password/change", &body);
    let change = change.token(&token(&account));
    let _ = world.reply("password-change", &change).expect(204);
    is_notice(&world.mail(&email, 2), "password-changed");

    let signed_in = world.login(&email, OTHER).expect(200).json();
    let body = json!({ "refreshToken": signed_in["refreshToken"] });
    let refresh = || world.post("refresh", "/api/auth/refresh", &body);
    let _ = refresh().expect(200);
    let _ = refresh().expect(401);
    is_notice(&world.mail(&email, 3), "session-reuse");

    let user = account["user"]["id"].as_str().unwrap();
    let path = format!("/api/users/{user}");
    let update = Event::new("PATCH", &path).json(&json!({ "role": "editor" }));
    let _ = world.ask("users-update", update, 200);
    let mail = world.mail(&email, 4);
    is_notice(&mail, "admin-changed-account");
    assert!(mail.text.contains("role"), "{}", mail.text);

    let forgot = json!({ "email": email });
    let opened = world.post("password-forgot", "/api/auth/password/forgot", &forgot);
    let flow = opened.expect(202).json()["flow"].clone();
    let code = code(&world.mail(&email, 5));
    let reset = json!({ "flow": flow, "code": code, "newPassword": PASSWORD });
    let reset = world.post("password-reset", "/api/auth/password/reset", &reset);
    let _ = reset.expect(204);
    is_notice(&world.mail(&email, 6), "password-was-reset");

    // The address of a deleted account reads of it.
    let last = token(&world.login(&email, PASSWORD).expect(200).json());
    let leave = from_there("DELETE", "/api/auth/me", &json!({ "password": PASSWORD }));
    let _ = world.reply("me-delete", &leave.token(&last)).expect(204);
    is_notice(&world.mail(&email, 7), "account-deleted");

    let items = serde_json::to_string(&world.scan("local-_mail")).unwrap();
    assert!(
        items.contains("notice#") && !items.contains(&email),
        "an address in clear"
    );
    assert!(
        !items.contains(AGENT) && !items.contains("203.0"),
        "a place in clear"
    );
    assert_eq!(world.flow.apart.proxy.denied(), []);
}

#[test]
fn each_change_of_a_second_factor_is_told_once_and_a_recovery_code_with_how_many_are_left() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::with(inside, &["events"], &[]);
    let email = fresh_email();
    let account = world.register(&email);
    let access = token(&account);
    let own = |access: &str, function: &str, path: &str, body: &Value| {
        let reply = world.post_as(access, function, path, body);
        assert!(reply.status < 300, "{function}: {}", reply.text());
        reply.json()
    };
    let proof = json!({ "code": code(&world.mail(&email, 1)) });
    let _ = own(&access, "verify-email", "/api/auth/verify-email", &proof);

    let enrol = |access: &str| {
        let setup = own(access, "mfa-enable", "/api/auth/mfa/enable", &json!({}));
        let secret = setup["secret"].as_str().unwrap().to_owned();
        let first = json!({ "code": mfa::code(&secret, 0) });
        let path = "/api/auth/mfa/confirm";
        let confirmed = own(access, "mfa-confirm", path, &first);
        (secret, confirmed["recoveryCodes"].clone())
    };
    let (secret, codes) = enrol(&access);
    is_notice(&world.mail(&email, 2), "mfa-enabled");

    let is_used = |count: usize, left: &str| {
        let mail = world.mail(&email, count);
        is_notice(&mail, "recovery-code-used");
        let told = format!("Codes left: {left}.");
        assert!(mail.text.contains(&told), "{}", mail.text);
    };
    let waits = world.login(&email, PASSWORD).expect(403).json();
    let body = json!({ "mfaToken": waits["error"]["mfa"]["token"], "recoveryCode": codes[0] });
    let _ = own(&access, "mfa-verify", "/api/auth/mfa/verify", &body);
    is_used(3, "9");
    let body = json!({ "password": PASSWORD, "recoveryCode": codes[1] });
    let again = own(&access, "reauthenticate", "/api/auth/reauthenticate", &body);
    is_used(4, "8");

    let access = token(&again);
    let body = json!({ "code": mfa::code(&secret, 1) });
    let path = "/api/auth/mfa/recovery-codes";
    let renewed = own(&access, "mfa-recovery-codes", path, &body);
    is_notice(&world.mail(&email, 5), "recovery-codes-renewed");
    let body = json!({ "recoveryCode": renewed["recoveryCodes"][0] });
    let _ = own(&access, "mfa-disable", "/api/auth/mfa/disable", &body);
    is_notice(&world.mail(&email, 6), "mfa-disabled");

    // An admin's removal is told in the same way.
    let _ = enrol(&access);
    is_notice(&world.mail(&email, 7), "mfa-enabled");
    let user = account["user"]["id"].as_str().unwrap();
    let removal = Event::new("DELETE", &format!("/api/users/{user}/mfa"));
    let _ = world.ask("users-mfa", removal, 204);
    is_notice(&world.mail(&email, 8), "mfa-disabled");
    assert_eq!(world.flow.apart.proxy.denied(), []);
}

#[test]
fn the_old_address_reads_that_a_new_one_was_asked_for_and_taken() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let told = ("BAKEND_MAIL_NOTICES_EMAIL_CHANGE_REQUESTED", "true");
    let world = MailWorld::with(inside, &["events"], &[told]);
    let (old, new) = (fresh_email(), fresh_email());
    let access = token(&world.register(&old));
    let _verification = world.mail(&old, 1);
    let body = json!({ "newEmail": new });
    let ask = || world.post_as(&access, "email-change", "/api/auth/email/change", &body);
    let _ = ask().expect(202);
    let asked = world.mail(&old, 2);
    is_notice(&asked, "email-change-requested");
    assert!(!asked.text.contains(&new), "the new address is masked");
    let code = code(&world.mail(&new, 1));
    let path = "/api/auth/email/change/confirm";
    let confirm = world.post_as(
        &access,
        "email-change-confirm",
        path,
        &json!({ "code": code }),
    );
    let _ = confirm.expect(200);
    is_notice(&world.mail(&old, 3), "email-changed");
    assert_eq!(world.mailbox.messages_to(&new).len(), 1);
}

#[test]
fn a_template_is_mailed_to_the_admin_who_previews_it() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let path = "/api/admin/mail-templates/email-changed/de/preview";
    let own = json!({ "subject": "Neu: {{ what }}", "text": "a", "send": true });
    let ask = |body: &Value| {
        let event = Event::new("POST", path).json(body);
        world.ask("mail-templates-preview", event, 200)
    };
    let email = world.admin["user"]["email"].as_str().unwrap();
    let shown = ask(&own);
    let mail = world.mail(email, 1);
    assert_eq!(
        (json!(mail.subject), &mail.kind[..]),
        (shown["subject"].clone(), "email-changed")
    );
    assert_eq!(mail.html, None);
    let _ = ask(&json!({ "send": false }));
    let shown = ask(&json!({ "send": true }));
    assert_eq!(json!(world.mail(email, 2).text), shown["text"]);
}
