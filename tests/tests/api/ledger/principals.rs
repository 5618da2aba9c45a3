//! Anonymous accounts, and admins who act as users.

use super::*;

pub(super) fn principals(ledger: &mut Ledger<'_>, admin: &Member, user: &Member) {
    let anonymous = ledger.function("anonymous", &[]);
    let event = post("/api/auth/anonymous", &json!({})).source_ip("198.51.105.1");
    let by = ("anonymous", &anonymous);
    let made = "PutItem _throttle → TransactWriteItems PutItem _sessions, PutItem _users";
    let design = "count → T (user, session): 2 hops, 0 / 6";
    let _ = ledger.row(by, "any", (&event, 201), (made, 2, 0.0, 6.0), design);

    let impersonate = ledger.function("users-impersonate", &[]);
    let path = format!("/api/users/{}/impersonate", user.id);
    let event = post(&path, &json!({ "reason": "a ledger" })).token(&admin.access);
    let expected = format!("{CHECK} ∥ GetItem _users → PutItem _sessions");
    let design = "session check ∥ r → w: 2 hops, 3 / 1";
    let by = ("users-impersonate", &impersonate);
    let _ = ledger.row(by, "any", (&event, 201), (&expected, 2, 3.0, 1.0), design);
}
