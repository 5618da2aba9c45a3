//! Anonymous accounts, admins who act as users, and service accounts.

use super::*;
use crate::principals::service::{self, ACCOUNTS, form};
use crate::principals::token;

pub(super) fn principals<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    admin: &str,
) {
    // The second is counted beside the first.
    let anonymous = start("anonymous", &[]);
    let event = Event::new("POST", "/api/auth/anonymous").json(&json!({}));
    let _ = apart.ask(&anonymous, &event).expect(201);
    let made = apart.ask(&anonymous, &event).expect(201).json();
    let path = format!("/api/users/{}/impersonate", text(&made["user"], "id"));
    let event = Event::new("POST", &path).json(&json!({ "reason": "a grant" }));
    let impersonate = start("users-impersonate", &[]);
    let _ = apart.ask(&impersonate, &event.token(admin)).expect(201);

    let ask = |function: &str, event: Event, status| {
        let instance = start(function, &[]);
        apart.ask(&instance, &event.token(admin)).expect(status)
    };
    let body = json!({ "name": "billing", "role": "editor" });
    let create = Event::new("POST", ACCOUNTS).json(&body);
    let account = ask("service-accounts-create", create, 201).json();
    let _ = ask("service-accounts-list", Event::new("GET", ACCOUNTS), 200);
    let grant = start("auth-token", &[]);
    let good = token::event(&form(&account));
    let _ = apart.ask(&grant, &good).expect(200);
    // The second is counted beside the first.
    for _ in 0..2 {
        let wrong = token::event(&format!("{}x", form(&account)));
        let _ = apart.ask(&grant, &wrong).expect(401);
    }
    let rotate = Event::new("POST", &service::path(&account, "/rotate"));
    let _ = ask("service-accounts-rotate", rotate, 200);
    let delete = Event::new("DELETE", &service::path(&account, ""));
    let _ = ask("service-accounts-delete", delete, 204);
}
