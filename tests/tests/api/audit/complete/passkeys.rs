//! A passkey that is added, signs in, and is removed.

use device::{Device, Manners};

use super::*;

const PASSKEYS: &str = "/api/auth/passkeys";
const LOGIN: &str = "/api/auth/passkeys/login";

/// The body that ends a ceremony with this credential.
fn body(begun: &Value, credential: &Value) -> Value {
    json!({ "challengeToken": begun["challengeToken"], "credential": credential })
}

impl Scene<'_> {
    /// A user adds a passkey, signs in with it, and removes it.
    pub(super) fn play_ivy(&mut self) {
        let email = fresh_email();
        let send = |function: &str, event: &Event, status| self.world.send(function, event, status);
        let register = at("POST", "/api/auth/register", login(&email, PASSWORD));
        let ivy = send("register", &register, 201);
        let token = text(&ivy["accessToken"]);
        let own = |path: &str, body: Value| at("POST", path, body).token(&token);
        let look = || self.mailbox.messages_to(&email);
        let mail = self.world.until(look, |mails| !mails.is_empty()).remove(0);
        let verify = own("/api/auth/verify-email", json!({ "code": mail.code }));
        let _ = send("verify-email", &verify, 200);

        let (mut device, manners) = (Device::new(), Manners::on("http://localhost:3000"));
        let begin = own(&format!("{PASSKEYS}/options"), json!({}));
        let begun = send("passkeys-options", &begin, 200);
        let made = body(&begun, &device.register(&begun["options"], &manners));
        let passkey = send("passkeys-create", &own(PASSKEYS, made), 201);
        let begin = at("POST", &format!("{LOGIN}/options"), json!({}));
        let begun = send("passkeys-login-options", &begin, 200);
        let signed = body(&begun, &device.sign(&begun["options"], &manners));
        let _ = send("passkeys-login", &at("POST", LOGIN, signed), 200);
        let path = format!("{PASSKEYS}/{}", text(&passkey["id"]));
        let remove = at("DELETE", &path, Value::Null).token(&token);
        let _ = send("passkeys-delete", &remove, 204);
        self.ids.insert("ivy", text(&ivy["user"]["id"]));
    }
}
