//! Passkeys: added, named, used, and removed.

use device::{Device, Manners};

use super::*;

pub(super) const WRITES: &[&str] = &[
    "register",
    "passkeys-create",
    "passkeys-update",
    "passkeys-login-options",
    "passkeys-login",
    "passkeys-delete",
    "reauthenticate",
];

const PASSKEYS: &str = "/api/auth/passkeys";
const LOGIN: &str = "/api/auth/passkeys/login";

/// The change of a user's passkeys.
const CHANGED: &str = "auth.passkey.changed";

fn manners() -> Manners {
    Manners::on("http://localhost:3000")
}

/// The body that ends a ceremony with this credential.
fn body(begun: &Value, credential: &Value) -> Value {
    json!({ "challengeToken": begun["challengeToken"], "credential": credential })
}

/// The user has one more, or less.
#[track_caller]
fn is_change(done: &Done, (user, passkey): (&Member, &str), reason: &str) {
    let changed = done.event(CHANGED);
    let data = json!({ "userId": user.id, "passkeyId": passkey, "reason": reason });
    assert_eq!(changed["data"], data, "{changed}");
    let subject = json!({ "collection": "users", "id": user.id, "owner": null });
    assert_eq!(changed["subject"], subject);
    assert_eq!(changed["actor"]["id"], json!(user.id));
}

/// Adds a passkey of the device; its id.
fn adds(play: &Play<'_>, ada: &Member, device: &mut Device) -> String {
    let begin = post(&format!("{PASSKEYS}/options"), &json!({})).token(&ada.access);
    let begun = play.ask("passkeys-options", begin, 200, &[]).reply.json();
    let made = body(&begun, &device.register(&begun["options"], &manners()));
    let create = || post(PASSKEYS, &made).token(&ada.access);
    let done = play.ask("passkeys-create", create(), 201, &[CHANGED]);
    let id = text(&done.reply.json()["id"]);
    is_change(&done, (ada, &id), "added");
    let _ = play.ask("passkeys-create", create(), 401, &[]);
    id
}

/// The body of a sign-in, or of another proof.
fn signs(play: &Play<'_>, device: &mut Device) -> Value {
    let begin = post(&format!("{LOGIN}/options"), &json!({}));
    let begun = play.ask("passkeys-login-options", begin, 200, &[]);
    let begun = begun.reply.json();
    body(&begun, &device.sign(&begun["options"], &manners()))
}

#[test]
fn passkeys_make_exactly_these_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let play = Play::new(inside);
    let (ada, mut device) = (play.registers(), Device::counting());
    let id = adds(&play, &ada, &mut device);
    let path = format!("{PASSKEYS}/{id}");
    let rename = patch(&path, &json!({ "name": "Phone" })).token(&ada.access);
    let _ = play.ask("passkeys-update", rename, 200, &[]);

    let signed = signs(&play, &mut device);
    let login = || post(LOGIN, &signed);
    let done = play.ask("passkeys-login", login(), 200, &["auth.login"]);
    let event = done.event("auth.login");
    assert_eq!(event["data"]["method"], "passkey");
    assert_eq!(event["data"]["userId"], json!(ada.id));
    let _ = play.ask("passkeys-login", login(), 401, &[]);

    let again = post("/api/auth/reauthenticate", &signs(&play, &mut device));
    let again = again.token(&done.member().access);
    let _ = play.ask("reauthenticate", again, 200, &["auth.reauthenticated"]);

    let remove = || delete(&path).token(&ada.access);
    let ends = [CHANGED, "auth.session.ended"];
    let done = play.ask("passkeys-delete", remove(), 204, &ends);
    is_change(&done, (&ada, &id), "removed");
    let ended = &done.event("auth.session.ended")["data"];
    assert_eq!(ended["userId"], json!(ada.id));
    assert!(ended["kept"].is_string(), "{ended}");
    let _ = play.ask("passkeys-delete", remove(), 404, &[]);
    play.end(WRITES);
}
