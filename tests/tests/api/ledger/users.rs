//! Users as admins see them, and endpoints without tables.

use super::*;

/// Admins' requests about users.
pub(super) fn users(ledger: &mut Ledger<'_>, admin: &Member) {
    set_role(&ledger.apart, &admin.id, "admin");
    let on = |method: &str, path: &str| Event::new(method, path).token(&admin.access);
    let with = |method: &str, path: &str, body: &Value| on(method, path).json(body);
    let [list, create, get, update, delete, password] =
        ["list", "create", "get", "update", "delete", "password"]
            .map(|verb| ledger.function(&format!("users-{verb}"), &[]));
    let [sessions, end_all, end_one] = ["sessions-list", "sessions-end", "session-end"]
        .map(|verb| ledger.function(&format!("users-{verb}"), &[]));

    let by = ("users-list", &list);
    let queried = format!("{CHECK} → Query _users/by_kind");
    let design = "session check → 1 query: an index is read at half the price";
    let _ = ledger.row(
        by,
        "page of 3",
        (&on("GET", "/api/users?limit=3"), 200),
        (&queried, 2, 2.5, 0.0),
        design,
    );
    let event = on("GET", "/api/users?limit=3&search=nobody%20has%20this");
    let design =
        "the same: at most 4 queries and 1 MB; 4 KB are exceeded by the last change of each user";
    let _ = ledger.row(
        by,
        "search, none fits",
        (&event, 200),
        (&queried, 2, 3.0, 0.0),
        design,
    );

    let by = ("users-create", &create);
    let body = json!({ "email": fresh_email() });
    let expected = format!("{CHECK} → TransactWriteItems PutItem _users");
    let design = "session check → T: 2 × 2, and the index";
    let event = with("POST", "/api/users", &body);
    let user = ledger
        .row(
            by,
            "without a password",
            (&event, 201),
            (&expected, 2, 2.0, 5.0),
            design,
        )
        .json();
    let body = json!({ "email": fresh_email(), "send": true });
    let expected = format!("{CHECK} → TransactWriteItems PutItem _mail, PutItem _users");
    let event = with("POST", "/api/users", &body);
    let why = "2 more for the mail";
    let _ = ledger.row(
        by,
        "with a mail",
        (&event, 201),
        (&expected, 2, 2.0, 7.0),
        why,
    );
    let body = json!({ "email": fresh_email(), "password": PASSWORD, "role": "admin", "username": "ledger" });
    let expected = format!("{CHECK} → TransactWriteItems PutItem _users, UpdateItem _users");
    let design = "2 more for the username, 2 for the number of admins";
    let event = with("POST", "/api/users", &body);
    let other = ledger
        .row(
            by,
            "admin with a username",
            (&event, 201),
            (&expected, 2, 2.0, 9.0),
            design,
        )
        .json();

    let path = |user: &Value| format!("/api/users/{}", user["id"].as_str().unwrap_or_default());
    let (user, other) = (path(&user), path(&other));
    let read = format!("{CHECK} ∥ GetItem _users");
    let event = on("GET", &user);
    let _ = ledger.row(
        ("users-get", &get),
        "any",
        (&event, 200),
        (&read, 1, 3.0, 0.0),
        "session check ∥ r",
    );

    let by = ("users-update", &update);
    let one = format!("{read} → UpdateItem _users");
    let event = with("PATCH", &user, &json!({ "role": "editor" }));
    let design = "session check ∥ r → w and the index";
    let _ = ledger.row(by, "role", (&event, 200), (&one, 2, 3.0, 2.0), design);
    let event = with("PATCH", &user, &json!({ "role": "editor" }));
    let _ = ledger.row(
        by,
        "nothing",
        (&event, 200),
        (&read, 1, 3.0, 0.0),
        "session check ∥ r",
    );
    let both = format!("{read} → TransactWriteItems UpdateItem _users");
    let event = with("PATCH", &user, &json!({ "disabled": true }));
    let design = "session check ∥ r → T: 2 × (user, identity), and the index";
    let _ = ledger.row(by, "disabled", (&event, 200), (&both, 2, 3.0, 5.0), design);
    let event = with("PATCH", &other, &json!({ "role": "editor" }));
    let left = format!(
        "{read} → Query _api_keys → TransactWriteItems ConditionCheckItem _api_keys, UpdateItem _users"
    );
    let design = "r → T: 2 × (user, number of admins, no key made since), and the index";
    let _ = ledger.row(
        by,
        "admin no more",
        (&event, 200),
        (&left, 3, 4.0, 7.0),
        design,
    );

    let by = ("users-password", &password);
    let event = with(
        "POST",
        &format!("{user}/password"),
        &json!({ "password": PASSWORD }),
    );
    let design = "session check ∥ r → hash → T: 2 × (user, identity), and the index";
    let _ = ledger.row(by, "any", (&event, 204), (&both, 2, 3.0, 5.0), design);
    let event = with(
        "POST",
        &format!("{user}/password"),
        &json!({ "send": true }),
    );
    let mailed = format!("{read} → TransactWriteItems PutItem _mail, UpdateItem _users");
    let why = "session check ∥ r → T: 2 more for the mail";
    let _ = ledger.row(by, "by a mail", (&event, 202), (&mailed, 2, 3.0, 7.0), why);
    let by = ("users-sessions-end", &end_all);
    let event = on("DELETE", &format!("{user}/sessions"));
    let design = "session check ∥ r → T, however many there are";
    let _ = ledger.row(by, "any", (&event, 204), (&both, 2, 3.0, 5.0), design);
    let by = ("users-sessions-list", &sessions);
    let event = on("GET", &format!("/api/users/{}/sessions", admin.id));
    let expected = format!("{read} → Query _sessions");
    let page = ledger
        .row(
            by,
            "any",
            (&event, 200),
            (&expected, 2, 4.0, 0.0),
            "session check ∥ r → 1 query",
        )
        .json();
    assert!(!page["items"].as_array().is_none_or(Vec::is_empty));
    let by = ("users-session-end", &end_one);
    let event = on("DELETE", &format!("{user}/sessions/{}", admin.id));
    let expected = format!("{read} → UpdateItem _sessions (refused)");
    let _ = ledger.row(
        by,
        "not there",
        (&event, 404),
        (&expected, 2, 3.0, 1.0),
        "session check ∥ r → w",
    );

    let by = ("users-delete", &delete);
    let expected = format!("{read} → TransactWriteItems DeleteItem _users, UpdateItem _users");
    let design =
        "session check ∥ r → T: 2 × (user, identity), and the index; 2 more for each unique value";
    let _ = ledger.row(
        by,
        "any",
        (&on("DELETE", &user), 204),
        (&expected, 2, 3.0, 5.0),
        design,
    );
    set_role(&ledger.apart, &admin.id, "authenticated");
}

pub(super) fn touches_nothing(ledger: &mut Ledger<'_>) {
    let health = ledger.function("health", &[]);
    let fallback = ledger.function("fallback", &[]);
    let nothing: Expected<'_> = ("none", 0, 0.0, 0.0);
    let event = Event::new("GET", "/api/health");
    let _ = ledger.row(
        ("health", &health),
        "any",
        (&event, 200),
        nothing,
        "nothing",
    );
    let pages = ledger.function("pages", &[]);
    let event = Event::new("GET", "/api/auth/pages/reset?token=x");
    let _ = ledger.row(
        ("pages", &pages),
        "garbage",
        (&event, 400),
        nothing,
        "nothing",
    );
    let issuer = ledger.function("openid-configuration", &[]);
    let event = Event::new("GET", "/api/auth/.well-known/openid-configuration");
    let _ = ledger.row(
        ("openid-configuration", &issuer),
        "HS256",
        (&event, 404),
        nothing,
        "nothing",
    );
    let event = Event::new("GET", "/api/nowhere");
    let _ = ledger.row(
        ("fallback", &fallback),
        "unknown path",
        (&event, 404),
        nothing,
        "nothing",
    );
    let event = Event::new("DELETE", "/api/auth/login");
    let _ = ledger.row(
        ("fallback", &fallback),
        "other method",
        (&event, 405),
        nothing,
        "nothing",
    );
}

/// Keys that are five minutes old are read again, beside the request. Those of verifiers elsewhere are so after a minute.
pub(super) fn old_keys(ledger: &mut Ledger<'_>, member: &Member) {
    let old = [("BAKEND_KEYS_AGE", "0s")];
    let me = ledger.function("me-get", &old);
    let event = Event::new("GET", "/api/auth/me").token(&member.access);
    let look = format!("{CHECK} ∥ GetItem _settings");
    let _ = ledger.row(
        ("me-get", &me),
        "keys of 5 minutes",
        (&event, 200),
        (&look, 1, 3.0, 0.0),
        "session check ∥ r, once in 5 minutes",
    );
    let jwks = ledger.function("jwks", &[]);
    let event = Event::new("GET", "/api/auth/.well-known/jwks.json");
    let _ = ledger.row(
        ("jwks", &jwks),
        "any",
        (&event, 200),
        ("none", 0, 0.0, 0.0),
        "r, once 60 s an instance",
    );
    let jwks = ledger.function("jwks", &[("BAKEND_KEYS_AGE", "1s")]);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let _ = ledger.row(
        ("jwks", &jwks),
        "keys of 1 minute",
        (&event, 200),
        ("GetItem _settings", 1, 1.0, 0.0),
        "r, once 60 s an instance",
    );
}
