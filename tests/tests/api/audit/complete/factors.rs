//! A second factor and everything that becomes of it.

use super::*;
use crate::mfa::code;

const ENABLE: &str = "/api/auth/mfa/enable";
const CONFIRM: &str = "/api/auth/mfa/confirm";

impl Scene<'_> {
    /// A user switches a second factor on, signs in in two steps, gets other recovery codes, and switches it off. An admin
    /// removes the next one.
    pub(super) fn play_mia(&mut self) {
        let email = fresh_email();
        let send = |function: &str, event: &Event, status| self.world.send(function, event, status);
        let register = at("POST", "/api/auth/register", login(&email, PASSWORD));
        let mia = send("register", &register, 201);
        let token = text(&mia["accessToken"]);
        let own = |path: &str, body: Value| at("POST", path, body).token(&token);
        let look = || self.mailbox.messages_to(&email);
        let mail = self.world.until(look, |mails| !mails.is_empty()).remove(0);
        let verify = own("/api/auth/verify-email", json!({ "code": mail.code }));
        let _ = send("verify-email", &verify, 200);

        let enrol = || {
            let setup = send("mfa-enable", &own(ENABLE, json!({})), 200);
            let secret = text(&setup["secret"]);
            let first = json!({ "code": code(&secret, 0) });
            (secret, send("mfa-confirm", &own(CONFIRM, first), 200))
        };
        let (secret, confirmed) = enrol();
        let enter = at("POST", "/api/auth/login", login(&email, PASSWORD));
        let waits = send("login", &enter, 403);
        let body = json!({ "mfaToken": waits["error"]["mfa"]["token"],
            "recoveryCode": confirmed["recoveryCodes"][0] });
        let _ = send("mfa-verify", &at("POST", "/api/auth/mfa/verify", body), 200);
        let next = json!({ "code": code(&secret, 1) });
        let renew = own("/api/auth/mfa/recovery-codes", next);
        let renewed = send("mfa-recovery-codes", &renew, 200);
        let body = json!({ "recoveryCode": renewed["recoveryCodes"][0] });
        let _ = send("mfa-disable", &own("/api/auth/mfa/disable", body), 204);

        let _ = enrol();
        let id = text(&mia["user"]["id"]);
        let removal = at("DELETE", &format!("/api/users/{id}/mfa"), Value::Null);
        let _ = self.admin("users-mfa", removal, 204);
        self.ids.insert("mia", id);
    }
}
