//! Endpoints that need mail, where there is none.

use api::Code;
use api::endpoints::{Entry, PAGE};
use blackbox::{Caller, Event, Inside, fresh_email, stack};
use serde_json::{Value, json};

/// A body that each of them would take.
pub(crate) fn body(name: &str) -> Value {
    let email = fresh_email();
    let password = "a long password";
    match name {
        "password-forgot" | "magic-link" => json!({ "email": email }),
        "password-reset" => json!({ "token": "x", "newPassword": password }),
        "register-confirm" => json!({ "token": "x", "password": password }),
        "register-resend" => json!({ "flow": "x" }),
        "verify-email" => json!({ "token": "x", "password": password }),
        "email-change" => json!({ "newEmail": email }),
        "mfa-verify" => json!({ "mfaToken": "x", "code": "123456" }),
        "email-change-confirm"
        | "magic-link-verify"
        | "invitations-accept"
        | "invitations-reject" => json!({ "token": "x" }),
        "users-create" => json!({ "email": email, "send": true }),
        "users-password" => json!({ "send": true }),
        "me-terms" => json!({ "version": "1" }),
        "passkeys-login" => json!({ "challengeToken": "x", "credential": {} }),
        "mail-templates-preview" => json!({ "send": true }),
        _ => json!({}),
    }
}

/// The answer of an instance without a sender and without terms.
fn ask(inside: &Inside, admin: &Caller, name: &str, method: &str, path: &str) -> (u16, String) {
    let without = [("BAKEND_MAIL_FROM", ""), ("BAKEND_AUTH_TERMS_VERSION", "")];
    let instance = inside.variant(name, "no-mail", 1, &without);
    let token = admin.token.clone().unwrap_or_default();
    // A stranger's endpoint reads no token.
    let event = Event::new(method, path).json(&body(name)).token(&token);
    let reply = instance.invoke(&event);
    (reply.status, reply.code())
}

#[test]
fn what_needs_mail_says_so_where_there_is_none() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let admin = stack().admin();
    // A second factor, a passkey and an anonymous account need no mail: settings of their own switch them off.
    let lists = |entry: &Entry, code| entry.errors.contains(&code);
    let needs = PAGE.iter().filter(|entry| {
        let others = [
            Code::MfaAlreadyEnabled,
            Code::InvalidPasskey,
            Code::PasskeyLimit,
            Code::RegistrationNotAllowed,
        ];
        lists(entry, Code::MethodDisabled)
            && !others.iter().any(|code| lists(entry, *code))
            && entry.name != "passkeys-login-options"
    });
    for entry in needs {
        let path = entry.path.replace("{kind}", "password-reset");
        let path = path.replace("{locale}", "en");
        for method in entry.methods {
            let answer = ask(inside, &admin, entry.name, method.as_str(), &path);
            let expected = (403, "auth/method-disabled".to_owned());
            assert_eq!(answer, expected, "{} {path}", method.as_str());
        }
    }
}
