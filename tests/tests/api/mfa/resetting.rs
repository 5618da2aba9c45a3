//! Second factors that an admin removes, and those of accounts that are deleted. Nothing that opens one is stored in clear.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use blackbox::stack;

use super::mailed::stored;
use super::*;

const NO_ID: &str = "0197a3b0-0000-7000-8000-000000000000";

/// Wrong codes that a log would show.
const TYPED: [&str; 2] = ["q-12-q-34", "ZQZQ-ZQZQ-QZQZ"];

fn removal(user: &str, query: &str) -> Event {
    Event::new("DELETE", &format!("/api/users/{user}/mfa{query}"))
}

#[test]
fn an_admin_removes_a_factor_and_every_session_ends() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let by_recovery = json!({ "recoveryCode": account.codes[0] });
    let signed_in = stage.login(&account.email, &by_recovery).expect(200);
    let other = text(&signed_in.json()["accessToken"]);
    let challenge = stage.challenge(&account.email);
    let _ = stage.world.ask("users-mfa", removal(&account.id, ""), 204);

    assert!(!stage.stands(&account.token) && !stage.stands(&other));
    assert_eq!(stored(&stage, &account.id), Value::Null);
    let proof = json!({ "recoveryCode": account.codes[1] });
    let late = stage.verify(&challenge, &proof);
    refused(late, 401, "auth/invalid-mfa-code");
    let signed_in = stage.login(&account.email, &json!({})).expect(200).json();
    assert_eq!(signed_in["user"]["mfa"], false);
    let event = Event::new("GET", "/api/auth/mfa").token(&text(&signed_in["accessToken"]));
    let status = stage.world.send("mfa-get", &event, 200);
    assert_eq!(status["totp"], Value::Null);
    assert_eq!(status["recoveryCodesLeft"], 0);

    let again = stage.world.ask("users-mfa", removal(&account.id, ""), 409);
    assert_eq!(again["error"]["code"], "auth/mfa-not-enabled");
    // Its user may have another one, whose codes are others.
    let anew = stage.enrol(&account.email, &signed_in);
    let proof = json!({ "recoveryCode": account.codes[1] });
    let old = stage.login(&account.email, &proof);
    refused(old, 401, "auth/invalid-mfa-code");
    let proof = json!({ "recoveryCode": anew.codes[1] });
    let _ = stage.login(&account.email, &proof).expect(200);
}

#[test]
fn a_removal_is_for_admins_who_have_authenticated_of_late() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let ask = |user: &str, query: &str, status: u16| {
        let refusal = stage.world.ask("users-mfa", removal(user, query), status);
        text(&refusal["error"]["code"])
    };
    assert_eq!(ask(NO_ID, "", 404), "users/not-found");
    for query in ["?passkeys=maybe", "?passkeys=", "?all=true"] {
        assert_eq!(ask(&account.id, query, 400), "common/validation-failed");
    }
    let (_, member) = stage.register();
    let by_member = removal(&account.id, "").token(&text(&member["accessToken"]));
    let reply = stage.world.reply("users-mfa", &by_member);
    refused(reply, 403, "auth/forbidden");
    let by_stranger = stage.world.reply("users-mfa", &removal(&account.id, ""));
    refused(by_stranger, 401, "auth/authentication-required");
    let body = json!({ "name": "a", "type": "secret", "scopes": ["users:*"] });
    let event = Event::new("POST", "/api/admin/api-keys").json(&body);
    let made = stage.world.ask("api-keys-create", event, 201);
    let by_key = removal(&account.id, "").key(&text(&made["key"]));
    let reply = stage.world.reply("users-mfa", &by_key);
    refused(reply, 401, "auth/authentication-required");
    let late = [("BAKEND_CLOCK_OFFSET", "11m")];
    let late = stage.world.variant("users-mfa", &late);
    let admin = text(&stage.world.admin["accessToken"]);
    let event = removal(&account.id, "").token(&admin);
    let reply = stage.world.flow.apart.ask(&late, &event);
    refused(reply, 403, "auth/reauthentication-required");
    assert_ne!(stored(&stage, &account.id), Value::Null);
    assert!(stage.stands(&account.token));
    let _ = stage
        .world
        .ask("users-mfa", removal(&account.id, "?passkeys=false"), 204);
}

/// The stored user.
fn user(stage: &Stage<'_>, id: &str) -> Value {
    let items = stage.world.scan("local-_users").into_iter();
    let mut found = items.filter(|item| item["id"]["S"] == id);
    found.next().unwrap_or_default()
}

#[test]
fn a_factor_is_gone_with_its_account() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let leave = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));

    // An account that can come back keeps it until then.
    let account = stage.enrolled();
    let event = leave.clone().token(&account.token);
    let _ = stage.world.send("me-delete", &event, 204);
    let expires = stored(&stage, &account.id)["expires_at"].clone();
    assert!(expires["N"].is_string(), "{expires}");
    assert_eq!(expires, user(&stage, &account.id)["expires_at"]);
    let body = json!({ "email": account.email, "password": PASSWORD,
        "recoveryCode": account.codes[0] });
    let back = stage.post("me-restore", "/api/auth/me/restore", &body);
    let _ = back.expect(200);
    let factor = stored(&stage, &account.id);
    assert!(factor["secret"].is_object() && factor["expires_at"].is_null());
    assert!(user(&stage, &account.id)["expires_at"].is_null());

    // An admin removes the account at once.
    let event = Event::new("DELETE", &format!("/api/users/{}", account.id));
    let _ = stage.world.ask("users-delete", event, 204);
    assert_eq!(user(&stage, &account.id), Value::Null);
    assert_eq!(stored(&stage, &account.id), Value::Null);

    // So does the user where nothing can be undone.
    let account = stage.enrolled();
    let grace = [("BAKEND_AUTH_DELETION_GRACE", "0s")];
    let delete = stage.world.variant("me-delete", &grace);
    let event = leave.token(&account.token);
    let _ = stage.world.flow.apart.ask(&delete, &event).expect(204);
    assert_eq!(user(&stage, &account.id), Value::Null);
    assert_eq!(stored(&stage, &account.id), Value::Null);
}

#[test]
fn neither_secret_nor_code_is_stored_or_logged() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (_, made) = stage.register();
    let token = text(&made["accessToken"]);
    let names = ["mfa-enable", "mfa-confirm", "login", "mfa-verify"];
    let [enable, confirm, login, verify] = names.map(|name| stage.world.variant(name, &[]));
    let ask = |function: &Instance<'_>, path: &str, body: &Value| {
        let event = Event::new("POST", path).json(body).token(&token);
        stage.world.flow.apart.ask(function, &event)
    };
    let setup = ask(&enable, ENABLE, &json!({})).expect(200).json();
    let secret = text(&setup["secret"]);
    let first = code(&secret, -1);
    let wrong = ask(&confirm, CONFIRM, &json!({ "code": TYPED[0] }));
    refused(wrong, 401, "auth/invalid-mfa-code");
    let pending = everything(&stage);
    let confirmed = ask(&confirm, CONFIRM, &json!({ "code": first }));
    let confirmed = confirmed.expect(200).json();
    let codes = confirmed["recoveryCodes"].as_array().unwrap().iter();
    let codes: Vec<String> = codes.map(text).collect();
    let credentials = json!({ "email": made["user"]["email"], "password": PASSWORD });
    let waits = ask(&login, LOGIN, &credentials).expect(403).json();
    let challenge = text(&waits["error"]["mfa"]["token"]);
    let wrong = json!({ "recoveryCode": TYPED[1] });
    let wrong = ask(&verify, VERIFY, &second(&challenge, &wrong));
    refused(wrong, 401, "auth/invalid-mfa-code");
    let proof = json!({ "recoveryCode": codes[0] });
    let _ = ask(&verify, VERIFY, &second(&challenge, &proof)).expect(200);

    let bytes = Secret::try_from_base32(&secret).unwrap();
    let encodings = [STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD];
    let mut never = vec![secret, challenge];
    never.extend(encodings.map(|it| it.encode(bytes.as_bytes())));
    never.extend(codes.iter().map(|code| code.replace('-', "")));
    never.extend(codes);
    let stored = everything(&stage);
    assert!(stored.contains("totp#") && pending.contains("pending_until"));
    let logs = [enable, confirm, login, verify].map(|it| it.log()).concat();
    for text in never {
        assert!(!pending.contains(&text) && !stored.contains(&text));
        assert!(!logs.contains(&text), "{text}");
    }
    for typed in TYPED {
        assert!(!logs.contains(typed), "{typed}");
    }
}

/// Every item of every table.
fn everything(stage: &Stage<'_>) -> String {
    let tables = api::tables::ALL.into_iter();
    let items = tables.flat_map(|table| stage.world.scan(&format!("local-{}", table.name)));
    json!(items.collect::<Vec<Value>>()).to_string()
}
