//! Bodies that do not fit: each is 400 and names the fields.

use blackbox::{Event, fresh_email, stack};
use serde_json::{Value, json};

use super::changing::{CHANGE, CONFIRM};
use super::signing_in::{LINK, SIGN_UP, VERIFY};
use super::world::{MailWorld, token};

/// The fields that a refusal names, sorted.
fn fields(reply: &blackbox::Reply) -> Vec<String> {
    let body = reply.json();
    let details = body["error"]["details"].as_array().unwrap().iter();
    let mut fields: Vec<String> = details
        .map(|detail| detail["field"].as_str().unwrap().to_owned())
        .collect();
    fields.sort();
    fields
}

/// Texts that are no code.
const NO_CODES: [&str; 6] = [
    "0123456",
    "012345678",
    "0123456a",
    "0123 567",
    " 1234567",
    "０１２３４５６７",
];

#[test]
fn a_request_for_a_mail_names_its_wrong_fields() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let redirects = ("BAKEND_AUTH_REDIRECTS", r#"["https://app.example.com/in"]"#);
    let world = MailWorld::new(inside, &[SIGN_UP, redirects]);
    let access = token(&world.register(&fresh_email()));
    let ask = |field: &str, body: Value| match field {
        "newEmail" => world.post_as(&access, "email-change", CHANGE, &body),
        _ => world.post("magic-link", LINK, &body),
    };
    for field in ["newEmail", "email"] {
        for address in [
            json!(null),
            json!(1),
            json!("nobody"),
            json!("a@b\r\nBcc: c@d"),
            json!("a@b\u{0}"),
        ] {
            let refused = ask(field, json!({ field: address })).expect(400);
            assert_eq!(fields(&refused), [field], "{address}");
        }
        let with = |name: &str, value: Value| {
            let mut body = json!({ field: fresh_email() });
            body[name] = value;
            ask(field, body).expect(400)
        };
        assert_eq!(fields(&with("nope", json!(1))), ["nope"]);
        for locale in ["d", "de_DE", "de\r\n", &"de-".repeat(20)] {
            assert_eq!(fields(&with("locale", json!(locale))), ["locale"]);
        }
        for to in [
            "//evil.example",
            "https://app.example.com@evil.example/in",
            "https://app.example.com\\in",
            "https://app.example.com:8443/in",
            "https://APP.example.com/in",
            "https://app.example.com./in",
            "https://app%2eexample.com/in",
            "https://app.example.com/other",
        ] {
            let refused = with("redirectTo", json!(to));
            assert_eq!(refused.code(), "auth/redirect-not-allowed", "{to}");
        }
        let fits = json!({ field: fresh_email(), "redirectTo": "https://app.example.com/in", "locale": "de-CH" });
        let _ = ask(field, fits).expect(202);
    }
    let nobody = world.post("email-change", CHANGE, &json!({ "nope": 1 }));
    assert_eq!(nobody.expect(401).code(), "auth/authentication-required");
}

#[test]
fn a_proof_is_a_code_or_a_link_of_the_right_form() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_UP]);
    let access = token(&world.register(&fresh_email()));
    let own = |body: &Value| {
        let event = Event::new("POST", CONFIRM).json(body).token(&access);
        world.reply("email-change-confirm", &event).expect(400)
    };
    let mail = |body: &Value| world.post("magic-link-verify", VERIFY, body).expect(400);
    let long = "x".repeat(513);
    for body in [json!({}), json!({ "code": "01234567", "token": "x" })] {
        assert_eq!(fields(&own(&body)), ["code", "token"], "{body}");
    }
    assert_eq!(fields(&own(&json!({ "token": long }))), ["token"]);
    assert_eq!(
        fields(&own(&json!({ "code": "01234567", "nope": 1 }))),
        ["nope"]
    );
    for body in [
        json!({}),
        json!({ "flow": "x", "code": "01234567", "token": "x" }),
    ] {
        assert_eq!(fields(&mail(&body)), ["code", "token"], "{body}");
    }
    assert_eq!(fields(&mail(&json!({ "code": "01234567" }))), ["flow"]);
    assert_eq!(fields(&mail(&json!({ "flow": "x" }))), ["code"]);
    assert_eq!(
        fields(&mail(&json!({ "flow": long, "code": "01234567" }))),
        ["flow"]
    );
    assert_eq!(
        fields(&mail(&json!({ "token": "x", "restore": 1 }))),
        ["restore"]
    );
    assert_eq!(fields(&mail(&json!({ "token": "x", "nope": 1 }))), ["nope"]);
    for code in NO_CODES {
        assert_eq!(fields(&own(&json!({ "code": code }))), ["code"], "{code}");
        let body = json!({ "flow": "x", "code": code });
        assert_eq!(fields(&mail(&body)), ["code"], "{code}");
    }
    for garbage in ["x", "1.x", &"A".repeat(512)] {
        for reply in [
            own(&json!({ "token": garbage })),
            mail(&json!({ "token": garbage })),
            mail(&json!({ "flow": garbage, "code": "01234567" })),
        ] {
            assert_eq!(reply.code(), "auth/invalid-code", "{garbage}");
        }
    }
}
