//! Registration, login and users' changes to their own account.

use super::*;

pub(super) fn accounts(
    ledger: &mut Ledger<'_>,
    register: &Instance<'_>,
    admin_email: &str,
) -> Member {
    const COUNT: &str = "PutItem _throttle";
    const MAKE: &str = "TransactWriteItems PutItem _sessions, PutItem _users";
    let (path, email) = ("/api/auth/register", fresh_email());
    let by = ("register", register);
    let made = format!("{COUNT} → {MAKE}");
    let from = |event: Event, n: u8| event.source_ip(&format!("198.51.100.{n}"));
    let body = from(post(path, &credentials(&email, PASSWORD)), 1);
    let design = "w → hash → T: 2 hops, 0 / 8";
    let owner = member(&ledger.row(by, "member", (&body, 201), (&made, 2, 0.0, 8.0), design));
    let counted = format!("{COUNT} (refused) → UpdateItem _throttle");
    let second = fresh_email();
    let another = from(post(path, &credentials(&second, PASSWORD)), 1);
    let expected = (&*format!("{counted} → {MAKE}"), 3, 0.0, 9.0);
    let why = "w more: the source has registered within the hour";
    let _ = ledger.row(
        by,
        "member, from the same source",
        (&another, 201),
        expected,
        why,
    );
    let taken = from(post(path, &credentials(&email, PASSWORD)), 2);
    let refused = format!("{made} (refused)");
    let design = "as a success: a refusal costs its WRU";
    let _ = ledger.row(
        by,
        "address taken",
        (&taken, 409),
        (&refused, 2, 0.0, 7.0),
        design,
    );
    let body = from(post(path, &credentials(admin_email, PASSWORD)), 3);
    let admin = format!(
        "{COUNT} → TransactWriteItems PutItem _sessions, PutItem _users, UpdateItem _users"
    );
    let _ = ledger.row(
        by,
        "admin",
        (&body, 201),
        (&admin, 2, 0.0, 10.0),
        "2 more than a member: admins are counted",
    );
    let body = post(path, &credentials("nobody", "short"));
    let _ = ledger.row(
        by,
        "bad fields",
        (&body, 400),
        ("none", 0, 0.0, 0.0),
        "nothing",
    );
    let strict = ledger.function("register", &[("BAKEND_AUTH_THROTTLE_REGISTRATIONS", "1")]);
    let _ = ledger.apart.ask(&strict, &another).expect(409);
    let expected = (&*format!("{COUNT} (refused)"), 1, 0.0, 1.0);
    let _ = ledger.row(
        ("register", &strict),
        "throttled",
        (&another, 429),
        expected,
        "refused w",
    );

    logins(ledger, [&email, &second]);
    owner
}

fn logins(ledger: &mut Ledger<'_>, [email, other]: [&str; 2]) {
    const COUNT: &str = "GetItem _throttle ∥ GetItem _users ∥ PutItem _throttle";
    const AGAIN: &str = "GetItem _throttle ∥ GetItem _users ∥ PutItem _throttle (refused)";
    const MORE: &str = "UpdateItem _throttle ∥ UpdateItem _throttle";
    const BACK: &str = "DeleteItem _throttle ∥ PutItem _sessions";
    let login = ledger.function("login", &[]);
    let by = ("login", &login);
    let from = |email: &str, password: &str, n: u8| {
        post("/api/auth/login", &credentials(email, password)).source_ip(&format!("198.51.100.{n}"))
    };
    // Connections that are open already: requests at the same time would wait for theirs.
    let primed = |ledger: &Ledger<'_>, instance: &Instance<'_>| {
        let nobody = from(&fresh_email(), PASSWORD, 9);
        let _ = ledger.apart.ask(instance, &nobody).expect(401);
    };
    primed(ledger, &login);
    let right = from(email, PASSWORD, 1);
    let begun = format!("{COUNT} → GetItem _users → {BACK}");
    let design = "(r ∥ r ∥ count) → (hash ∥ r) → (w ∥ count back): 3 hops, 3 / 1 + 2";
    let _ = ledger.row(by, "right", (&right, 200), (&begun, 3, 3.0, 3.0), design);

    let unknown = fresh_email();
    let read = format!("{COUNT} → GetItem _users → PutItem _throttle");
    let wrong = from(email, "wrong password", 2);
    let design = "(r ∥ r ∥ count) → (hash ∥ r) → the source counts: 3 hops, 3 / 2";
    let _ = ledger.row(
        by,
        "wrong password",
        (&wrong, 401),
        (&read, 3, 3.0, 2.0),
        design,
    );
    let nobody = from(&unknown, PASSWORD, 3);
    let _ = ledger.row(
        by,
        "unknown address",
        (&nobody, 401),
        (&read, 3, 3.0, 2.0),
        "as a wrong password",
    );
    let more = format!("{AGAIN} → {MORE} → GetItem _users");
    let why = "the source counts beside the account, a hop later, where both have failed of late";
    let _ = ledger.row(
        by,
        "wrong password again",
        (&wrong, 401),
        (&more, 3, 3.0, 3.0),
        why,
    );
    let _ = ledger.row(
        by,
        "unknown address again",
        (&nobody, 401),
        (&more, 3, 3.0, 3.0),
        "as a wrong password",
    );
    let why = "the same, and what was counted is given back beside the session";
    let expected = (
        &*format!("{more} → PutItem _sessions ∥ {MORE}"),
        4,
        3.0,
        6.0,
    );
    let _ = ledger.row(
        by,
        "right after wrong",
        (&from(email, PASSWORD, 2), 200),
        expected,
        why,
    );
    let strict = ledger.function(
        "login",
        &[
            ("BAKEND_AUTH_THROTTLE_ATTEMPTS", "2"),
            ("BAKEND_AUTH_THROTTLE_ACCOUNT_ATTEMPTS", "4"),
        ],
    );
    let _ = ledger.apart.ask(&strict, &wrong);
    let back = format!("{AGAIN} → UpdateItem _throttle → UpdateItem _throttle");
    let why = "refused by the account: the source gets its count back";
    let _ = ledger.row(
        ("login", &strict),
        "locked",
        (&wrong, 429),
        (&back, 3, 2.0, 3.0),
        why,
    );
    let dearer = ledger.function("login", &[("BAKEND_AUTH_BCRYPT_COST", "5")]);
    primed(ledger, &dearer);
    let renewed = format!("{begun} → UpdateItem _users");
    let why = "w more: once, when the hash is of another cost or form";
    let _ = ledger.row(
        ("login", &dearer),
        "right, hash renewed",
        (&from(other, PASSWORD, 4), 200),
        (&renewed, 4, 3.0, 4.0),
        why,
    );
}

pub(super) fn own_account(ledger: &mut Ledger<'_>, register: &Instance<'_>) {
    let email = fresh_email();
    let someone = |ledger: &Ledger<'_>, email: &str, n: u8| {
        let body = post("/api/auth/register", &credentials(email, PASSWORD))
            .source_ip(&format!("198.51.101.{n}"));
        member(&ledger.apart.ask(register, &body))
    };
    let own = someone(ledger, &email, 1);
    let on =
        |method: &str, path: &str, member: &Member| Event::new(method, path).token(&member.access);
    let from = |event: Event, n: u8| event.source_ip(&format!("198.51.101.{n}"));
    let (me, sessions) = ("/api/auth/me", "/api/auth/sessions");

    let get = ledger.function("me-get", &[]);
    let design = "the session check itself: 1 hop, 2 / 0";
    let _ = ledger.row(
        ("me-get", &get),
        "right",
        (&on("GET", me, &own), 200),
        (CHECK, 1, 2.0, 0.0),
        design,
    );
    let update = ledger.function("me-update", &[]);
    let by = ("me-update", &update);
    let change = |body: Value| on("PATCH", me, &own).json(&body);
    let (bio, named) = (
        change(json!({ "bio": "x" })),
        change(json!({ "username": "ledger" })),
    );
    let renamed = change(json!({ "username": "ledger.too" }));
    let expected = (&*format!("{CHECK} → UpdateItem _users"), 2, 2.0, 2.0);
    let design = "session check → w: 2 hops, 2 / 1, the same for the index";
    let _ = ledger.row(by, "plain field", (&bio, 200), expected, design);
    let _ = ledger.row(
        by,
        "nothing new",
        (&bio, 200),
        (CHECK, 1, 2.0, 0.0),
        "session check",
    );
    let terms = ledger.function("me-terms", &[]);
    let by_consent = ("me-terms", &terms);
    let accept = on("POST", "/api/auth/me/terms", &own).json(&json!({ "version": TERMS }));
    let expected = (&*format!("{CHECK} → UpdateItem _users"), 2, 2.0, 2.0);
    let design = "session check → w, the same for the index";
    let _ = ledger.row(by_consent, "new terms", (&accept, 200), expected, design);
    let expected = (CHECK, 1, 2.0, 0.0);
    let design = "session check";
    let _ = ledger.row(
        by_consent,
        "the same again",
        (&accept, 200),
        expected,
        design,
    );
    let expected = (
        &*format!("{CHECK} → TransactWriteItems PutItem _users, UpdateItem _users"),
        2,
        2.0,
        5.0,
    );
    let _ = ledger.row(
        by,
        "first username",
        (&named, 200),
        expected,
        "session check → T: 2 a unique value taken",
    );
    let moved = format!(
        "{CHECK} → TransactWriteItems DeleteItem _users, PutItem _users, UpdateItem _users"
    );
    let why = "2 more: the old one is given up";
    let _ = ledger.row(
        by,
        "another username",
        (&renamed, 200),
        (&moved, 2, 2.0, 7.0),
        why,
    );

    let public = ledger.function("users-public", &[]);
    let by = ("users-public", &public);
    const FOUND: Expected<'_> = ("GetItem _users → GetItem _users", 2, 2.0, 0.0);
    let of = |name: &str| Event::new("GET", &format!("/api/users/public/{name}"));
    let _ = ledger.row(
        by,
        "known",
        (&of("ledger.too"), 200),
        FOUND,
        "r → r: 2 hops, 2 / 0",
    );
    let _ = ledger.row(by, "unknown", (&of("ledger"), 404), FOUND, "as a known one");

    let list = ledger.function("sessions-list", &[]);
    let expected = (&*format!("{CHECK} → Query _sessions"), 2, 3.0, 0.0);
    let design = "session check → 1 query: by size + 2";
    let event = on("GET", sessions, &own);
    let page = ledger
        .row(
            ("sessions-list", &list),
            "one",
            (&event, 200),
            expected,
            design,
        )
        .json();
    let others = ledger.function("sessions-end-others", &[]);
    let expected = (
        &*format!("{CHECK} → TransactWriteItems UpdateItem _sessions, UpdateItem _users"),
        2,
        2.0,
        7.0,
    );
    let design = "session check → T: user, identity and session";
    let event = on("DELETE", sessions, &own);
    let _ = ledger.row(
        ("sessions-end-others", &others),
        "right",
        (&event, 204),
        expected,
        design,
    );

    let (password, path) = (
        ledger.function("password-change", &[]),
        "/api/auth/password/change",
    );
    let by = ("password-change", &password);
    const NEW: &str = "another battery, less correct";
    let changed = |current: &str| {
        on("POST", path, &own).json(&json!({ "currentPassword": current, "newPassword": NEW }))
    };
    const COUNT: &str = "GetItem _throttle ∥ GetItem _users ∥ PutItem _throttle";
    let raised = "TransactWriteItems UpdateItem _sessions, UpdateItem _users";
    let back = "DeleteItem _throttle";
    let expected = (
        &*format!("{CHECK} → {COUNT} → {back} ∥ {raised}"),
        3,
        4.0,
        9.0,
    );
    let design = "session check → (r ∥ r ∥ w) → hash → (T ∥ what was counted is given back)";
    let _ = ledger.row(
        by,
        "right",
        (&from(changed(PASSWORD), 2), 204),
        expected,
        design,
    );
    let expected = (
        &*format!("{CHECK} → {COUNT} → PutItem _throttle"),
        3,
        4.0,
        2.0,
    );
    let _ = ledger.row(
        by,
        "wrong password",
        (&from(changed(PASSWORD), 3), 400),
        expected,
        "as far as the hash, and the source counts",
    );
    let end = ledger.function("sessions-end", &[]);
    let one = format!(
        "{sessions}/{}",
        page["items"][0]["id"].as_str().unwrap_or_default()
    );
    let expected = (&*format!("{CHECK} → UpdateItem _sessions"), 2, 2.0, 1.0);
    let design = "session check → w: 2 hops, 2 / 1";
    let _ = ledger.row(
        ("sessions-end", &end),
        "right",
        (&on("DELETE", &one, &own), 204),
        expected,
        design,
    );

    let email = fresh_email();
    let own = someone(ledger, &email, 4);
    let delete = ledger.function("me-delete", &[]);
    let gone = from(
        on("DELETE", me, &own).json(&json!({ "password": PASSWORD })),
        5,
    );
    let expected = (
        &*format!("{CHECK} → {COUNT} → {back} ∥ TransactWriteItems UpdateItem _users"),
        3,
        4.0,
        7.0,
    );
    let design = "session check → (r ∥ r ∥ w) → hash → (T ∥ what was counted is given back)";
    let _ = ledger.row(
        ("me-delete", &delete),
        "right",
        (&gone, 204),
        expected,
        design,
    );
    let restore = ledger.function("me-restore", &[]);
    let by = ("me-restore", &restore);
    let of = |email: &str, password: &str, n: u8| {
        from(
            post("/api/auth/me/restore", &credentials(email, password)),
            n,
        )
    };
    let read = format!("{COUNT} → GetItem _users");
    let wrong = format!("{read} → PutItem _throttle");
    let wrong = (&*wrong, 3, 3.0, 2.0);
    let _ = ledger.row(
        by,
        "wrong password",
        (&of(&email, "wrong", 6), 401),
        wrong,
        "as a login",
    );
    let _ = ledger.row(
        by,
        "unknown address",
        (&of(&fresh_email(), PASSWORD, 7), 401),
        wrong,
        "as a login",
    );
    let email = fresh_email();
    let _ = someone(ledger, &email, 8);
    let _ = ledger.row(
        by,
        "not deleted",
        (&of(&email, PASSWORD, 9), 401),
        wrong,
        "as a login",
    );
    let email = fresh_email();
    let own = someone(ledger, &email, 12);
    let _ = ledger.apart.ask(
        &delete,
        &from(
            on("DELETE", me, &own).json(&json!({ "password": PASSWORD })),
            10,
        ),
    );
    let expected = (
        &*format!("{read} → {back} ∥ TransactWriteItems PutItem _sessions, UpdateItem _users"),
        3,
        3.0,
        9.0,
    );
    let design = "as a login, but T: user, identity and session";
    let _ = ledger.row(
        by,
        "right",
        (&of(&email, PASSWORD, 11), 200),
        expected,
        design,
    );
}
