//! Verification of an address.

use blackbox::{PASSWORD, fresh_email, stack};
use serde_json::json;

use super::world::{MailWorld, code, link_token, token};

const VERIFY: &str = "/api/auth/verify-email";
const RESEND: &str = "/api/auth/verify-email/resend";

#[test]
fn a_user_who_is_signed_in_verifies_by_the_code_or_by_the_link() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    for by_code in [true, false] {
        let email = fresh_email();
        let account = world.register(&email);
        assert_eq!(account["user"]["emailVerifiedAt"], json!(null));
        let mail = world.mail(&email, 1);
        assert_eq!(mail.kind, "verify-email");
        let body = if by_code {
            json!({ "code": code(&mail) })
        } else {
            json!({ "token": link_token(&mail) })
        };
        let ask = || world.post_as(&token(&account), "verify-email", VERIFY, &body);
        let verified = ask().expect(200).json();
        assert!(
            verified["user"]["emailVerifiedAt"].is_string(),
            "{verified}"
        );
        assert!(verified["accessToken"].is_null(), "{verified}");
        assert_eq!(ask().expect(409).code(), "auth/already-verified");
        assert!(world.stands(&token(&account)));
        let resend = world.post_as(&token(&account), "verify-email-resend", RESEND, &json!({}));
        assert_eq!(resend.expect(409).code(), "auth/already-verified");
    }
}

#[test]
fn a_link_alone_verifies_nothing_and_with_the_password_it_signs_in() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let _ = world.register(&email);
    let mail = world.mail(&email, 1);
    let link = link_token(&mail);
    let ask = |body| world.post("verify-email", VERIFY, &body);
    let alone = ask(json!({ "token": link })).expect(400).json();
    assert_eq!(alone["error"]["details"][0]["field"], "password");
    let wrong = ask(json!({ "token": link, "password": "not the password" })).expect(401);
    assert_eq!(wrong.code(), "auth/invalid-credentials");
    let verified = ask(json!({ "token": link, "password": PASSWORD }))
        .expect(200)
        .json();
    assert!(
        verified["user"]["emailVerifiedAt"].is_string(),
        "{verified}"
    );
    assert!(world.stands(&token(&verified)));
}

#[test]
fn an_address_with_code_and_password_verifies_without_a_session() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let account = world.register(&email);
    let first = world.mail(&email, 1);
    let resend = world.post_as(&token(&account), "verify-email-resend", RESEND, &json!({}));
    assert!(resend.expect(202).json()["expiresIn"].is_u64());
    let mail = world.mail(&email, 2);
    assert_eq!(first.code, mail.code, "the same mail");
    let body =
        json!({ "email": email, "code": code(&mail), "password": PASSWORD, "session": false });
    let verified = world.post("verify-email", VERIFY, &body).expect(200).json();
    assert!(
        verified["user"]["emailVerifiedAt"].is_string(),
        "{verified}"
    );
    assert!(verified["accessToken"].is_null(), "{verified}");
}
