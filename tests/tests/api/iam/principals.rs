//! Anonymous accounts, and admins who act as users.

use super::*;

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
}
