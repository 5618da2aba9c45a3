//! Anonymous accounts, admins who act as users, and service accounts.

use super::*;
use crate::principals::service::{ACCOUNTS, form, path};
use crate::principals::token;

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
    services(ledger, admin);
}

fn services(ledger: &mut Ledger<'_>, admin: &Member) {
    let create = ledger.function("service-accounts-create", &[]);
    let event =
        post(ACCOUNTS, &json!({ "name": "billing", "role": "editor" })).token(&admin.access);
    let expected = format!("{CHECK} → PutItem _users");
    let design = "session check → w (user): 2 hops, 2 / 2";
    let by = ("service-accounts-create", &create);
    let made = ledger.row(by, "any", (&event, 201), (&expected, 2, 2.0, 2.0), design);
    let account = made.json();

    let list = ledger.function("service-accounts-list", &[]);
    let event = Event::new("GET", ACCOUNTS).token(&admin.access);
    let expected = format!("{CHECK} → Query _users/by_kind");
    let design = "session check → query: 2 hops, 2 + half their size / 0";
    let by = ("service-accounts-list", &list);
    let _ = ledger.row(
        by,
        "1 account",
        (&event, 200),
        (&expected, 2, 2.5, 0.0),
        design,
    );

    let grant = ledger.function("auth-token", &[]);
    let by = ("auth-token", &grant);
    let event = token::event(&form(&account)).source_ip("198.51.105.2");
    let expected = "GetItem _users → PutItem _sessions";
    let design = "r → w (session): 2 hops, 1 / 1";
    let _ = ledger.row(by, "good", (&event, 200), (expected, 2, 1.0, 1.0), design);
    let event = token::event(&format!("{}x", form(&account))).source_ip("198.51.105.2");
    let expected = "GetItem _users → PutItem _throttle";
    let design = "r → count: 2 hops, 1 / 1";
    let _ = ledger.row(
        by,
        "wrong secret",
        (&event, 401),
        (expected, 2, 1.0, 1.0),
        design,
    );

    let rotate = ledger.function("service-accounts-rotate", &[]);
    let event = post(&path(&account, "/rotate"), &json!({})).token(&admin.access);
    let expected = format!("{CHECK} ∥ GetItem _users → UpdateItem _users");
    let design = "session check ∥ r → w (user): 2 hops, 3 / 2";
    let by = ("service-accounts-rotate", &rotate);
    let _ = ledger.row(by, "any", (&event, 200), (&expected, 2, 3.0, 2.0), design);

    let delete = ledger.function("service-accounts-delete", &[]);
    let event = Event::new("DELETE", &path(&account, "")).token(&admin.access);
    let design = "session check ∥ r → w (user): 2 hops, 3 / 2";
    let by = ("service-accounts-delete", &delete);
    let _ = ledger.row(by, "any", (&event, 204), (&expected, 2, 3.0, 2.0), design);
}
