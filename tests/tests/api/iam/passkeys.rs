//! Passkeys: added, named, used, brought back with their account, and removed.

use device::{Device, Manners};

use super::*;

const PASSKEYS: &str = "/api/auth/passkeys";

fn post(path: &str, body: &Value) -> Event {
    Event::new("POST", path).json(body)
}

fn page() -> Manners {
    Manners::on("http://localhost:3000")
}

/// Adds a passkey to the account of an access token: the device, and the passkey's path.
pub(super) fn enrol<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    access: &str,
) -> (Device, String) {
    let (options, create) = (
        start("passkeys-options", &[]),
        start("passkeys-create", &[]),
    );
    let mut device = Device::new();
    let event = post("/api/auth/passkeys/options", &json!({})).token(access);
    let begun = apart.ask(&options, &event).expect(200).json();
    let credential = device.register(&begun["options"], &page());
    let body = json!({ "challengeToken": begun["challengeToken"], "credential": credential });
    let event = post(PASSKEYS, &body).token(access);
    let made = apart.ask(&create, &event).expect(201).json();
    (device, format!("{PASSKEYS}/{}", text(&made, "id")))
}

/// A user with a unique value adds two, is deleted, comes back by one, and removes both.
pub(super) fn passkeys<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    register: &Instance<'_>,
) {
    let body = json!({ "email": fresh_email(), "password": PASSWORD, "username": "with.keys" });
    let event = Event::new("POST", "/api/auth/register").json(&body);
    let account = apart.ask(register, &event).expect(201).json();
    let access = text(&account, "accessToken");
    let (_, first) = enrol(apart, start, &access);
    let (mut device, second) = enrol(apart, start, &access);
    let own = |access: &str, method: &str, path: &str| Event::new(method, path).token(access);
    let list = start("passkeys-list", &[]);
    let _ = apart.ask(&list, &own(&access, "GET", PASSKEYS)).expect(200);
    let rename = own(&access, "PATCH", &first).json(&json!({ "name": "Phone" }));
    let _ = apart
        .ask(&start("passkeys-update", &[]), &rename)
        .expect(200);

    let (options, login) = (
        start("passkeys-login-options", &[]),
        start("passkeys-login", &[]),
    );
    let mut sign = |restore: bool| {
        let event = post("/api/auth/passkeys/login/options", &json!({}));
        let begun = apart.ask(&options, &event).expect(200).json();
        let credential = device.sign(&begun["options"], &page());
        let token = begun["challengeToken"].clone();
        json!({ "challengeToken": token, "credential": credential, "restore": restore })
    };
    let delete = own(&access, "DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
    let _ = apart.ask(&start("me-delete", &[]), &delete).expect(204);
    let event = post("/api/auth/passkeys/login", &sign(true));
    let back = apart.ask(&login, &event).expect(200).json();
    let event = post("/api/auth/passkeys/login", &sign(false));
    let _ = apart.ask(&login, &event).expect(200);

    let access = text(&back, "accessToken");
    let mut again = sign(false);
    again.as_object_mut().unwrap().remove("restore");
    let event = post("/api/auth/reauthenticate", &again).token(&access);
    let proven = apart.ask(&start("reauthenticate", &[]), &event);
    let access = text(&proven.expect(200).json(), "accessToken");
    let remove = start("passkeys-delete", &[]);
    for path in [first, second] {
        let _ = apart
            .ask(&remove, &own(&access, "DELETE", &path))
            .expect(204);
    }
}
