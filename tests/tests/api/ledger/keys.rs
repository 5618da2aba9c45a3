//! API keys.

use super::*;

pub(super) fn api_keys(ledger: &mut Ledger<'_>, admin: &Member, user: &Member) {
    const PATH: &str = "/api/admin/api-keys";
    const KEY: &str = "BatchGetItem _api_keys";
    let instances = ["create", "list", "rotate", "delete"]
        .map(|verb| ledger.function(&format!("api-keys-{verb}"), &[]));
    let [create, list, rotate, delete] = &instances;
    let asked = |kind: &str| json!({ "name": "a", "type": kind, "scopes": ["*:*"] });
    let make = |kind: &str| post(PATH, &asked(kind)).token(&admin.access);
    let text =
        |reply: &Reply, name: &str| reply.json()[name].as_str().unwrap_or_default().to_owned();

    let _ = ledger.apart.ask(create, &make("secret")).expect(201);
    let expected = (
        &*format!(
            "{CHECK} → Query _api_keys → TransactWriteItems ConditionCheckItem _users, PutItem _api_keys, \
             UpdateItem _api_keys"
        ),
        3,
        3.0,
        6.0,
    );
    let design = "session check → r → T: the maker is an admin, the key, the count that nobody else has changed: 2 × 3";
    let secret = ledger.row(
        ("api-keys-create", create),
        "few keys",
        (&make("secret"), 201),
        expected,
        design,
    );
    let publishable = text(
        &ledger.apart.ask(create, &make("publishable")).expect(201),
        "key",
    );
    let event = Event::new("GET", PATH).token(&admin.access);
    let expected = (&*format!("{CHECK} → Query _api_keys"), 2, 3.0, 0.0);
    let design = "session check → 1 query: by size, 1 RRU per 4 KB";
    let _ = ledger.row(
        ("api-keys-list", list),
        "few keys",
        (&event, 200),
        expected,
        design,
    );
    let event = post(
        &format!("{PATH}/{}/rotate", text(&secret, "id")),
        &json!({}),
    )
    .token(&admin.access);
    let expected = (
        &*format!(
            "{CHECK} ∥ GetItem _api_keys → TransactWriteItems ConditionCheckItem _users, UpdateItem _api_keys"
        ),
        2,
        3.0,
        6.0,
    );
    let rotated = ledger.row(
        ("api-keys-rotate", rotate),
        "any",
        (&event, 200),
        expected,
        "session check ∥ r → T: the rotator is an admin, the key, the count of secrets: 2 × 3",
    );
    let settings = ledger.function("settings-list", &[]);
    let event = Event::new("GET", "/api/admin/settings").token(&admin.access);
    let _ = ledger.row(
        ("settings-list", &settings),
        "any",
        (&event, 200),
        (CHECK, 1, 2.0, 0.0),
        "session check: 2 / 0",
    );
    audit(ledger, admin);
    let (old, secret) = (text(&secret, "key"), text(&rotated, "key"));

    let get = ledger.function("records-get", &[]);
    let records_create = ledger.function("records-create", &[]);
    let (gets, creates) = (("records-get", &get), ("records-create", &records_create));
    let made = ledger
        .apart
        .ask(
            &records_create,
            &post("/api/posts", &title(1)).token(&user.access),
        )
        .expect(201);
    let path = format!("/api/posts/{}", text(&made, "id"));
    let event = || Event::new("GET", &path);
    let expected = (
        "BatchGetItem _api_keys, _sessions, _users ∥ GetItem posts",
        1,
        4.0,
        0.0,
    );
    let design = "a key adds 1 RRU and no request";
    let keyed = event().token(&user.access).key(&publishable);
    let _ = ledger.row(
        gets,
        "posts, 1 KB, token and publishable key",
        (&keyed, 200),
        expected,
        design,
    );
    let expected = (&*format!("{KEY} ∥ GetItem posts"), 1, 2.0, 0.0);
    let design = "r ∥ key: 1 hop, 2 / 0";
    let _ = ledger.row(
        gets,
        "posts, 1 KB, publishable key",
        (&event().key(&publishable), 200),
        expected,
        design,
    );
    let _ = ledger.row(
        gets,
        "posts, 1 KB, secret key",
        (&event().key(&secret), 200),
        expected,
        design,
    );
    let unknown = crate::keys::nobodys("sk_live_");
    for (name, key) in [
        ("posts, key of another secret", &old),
        ("posts, key of an unknown id", &unknown),
    ] {
        let event = post("/api/posts", &title(1)).key(key);
        let _ = ledger.row(
            creates,
            name,
            (&event, 401),
            (KEY, 1, 1.0, 0.0),
            "one as the other",
        );
    }
    let _ = ledger.row(
        gets,
        "posts, garbage key",
        (&event().key("garbage"), 401),
        ("none", 0, 0.0, 0.0),
        "nothing",
    );
    let event = post("/api/posts", &title(1)).key(&secret);
    let expected = (&*format!("{KEY} → PutItem posts"), 2, 1.0, 1.0);
    let _ = ledger.row(
        creates,
        "posts, 1 KB, secret key",
        (&event, 201),
        expected,
        "key → w: 2 hops, 1 / 1",
    );
    let bad = post("/api/posts?x", &json!({ "nope": 1 })).key(&secret);
    let list = ledger.function("records-list", &[]);
    let event = Event::new("GET", "/api/feedback?limit=1").key(&secret);
    let expected = (&*format!("{KEY} → Query feedback"), 2, 2.0, 0.0);
    let design = "key → 1 query: nothing is read for a key that nobody knows";
    let _ = ledger.row(
        ("records-list", &list),
        "feedback, secret key",
        (&event, 200),
        expected,
        design,
    );
    let event = Event::new("GET", "/api/feedback?limit=1").key(&unknown);
    let _ = ledger.row(
        ("records-list", &list),
        "feedback, unknown key",
        (&event, 401),
        (KEY, 1, 1.0, 0.0),
        design,
    );
    let event = Event::new("GET", "/api/posts?limit=1").key(&secret);
    let expected = (&*format!("{KEY} ∥ Query posts"), 1, 2.0, 0.0);
    let _ = ledger.row(
        ("records-list", &list),
        "posts, secret key",
        (&event, 200),
        expected,
        "1 query ∥ key",
    );
    let _ = ledger.row(
        creates,
        "posts, bad fields, secret key",
        (&bad, 400),
        (KEY, 1, 1.0, 0.0),
        "key alone",
    );

    let refresh = ledger.function("refresh", &[]);
    let event = post(
        "/api/auth/refresh",
        &json!({ "refreshToken": user.refresh }),
    )
    .key(&publishable);
    let expected = (
        &*format!("{KEY} → GetItem _users ∥ UpdateItem _sessions"),
        2,
        2.0,
        1.0,
    );
    let design = "the key is judged before the token is spent: a hop more";
    let _ = ledger.row(
        ("refresh", &refresh),
        "right, API key",
        (&event, 200),
        expected,
        design,
    );

    let event =
        Event::new("DELETE", &format!("{PATH}/{}", text(&rotated, "id"))).token(&admin.access);
    let expected = (
        &*format!("{CHECK} → TransactWriteItems UpdateItem _api_keys"),
        2,
        2.0,
        2.0,
    );
    let design = "session check → T: a retry is known as one: 2 × 1";
    let _ = ledger.row(
        ("api-keys-delete", delete),
        "any",
        (&event, 204),
        expected,
        design,
    );
}

/// The list of the audit log: four queries beside each other, or one of an index.
fn audit(ledger: &mut Ledger<'_>, admin: &Member) {
    const PATH: &str = "/api/admin/audit";
    let list = ledger.function("audit-list", &[]);
    let whole = Event::new("GET", PATH).token(&admin.access);
    let four = ["Query _audit"; 4].join(" ∥ ");
    let _ = ledger.row(
        ("audit-list", &list),
        "empty",
        (&whole, 200),
        (&*format!("{CHECK} → {four}"), 2, 4.0, 0.0),
        "session check → 4 queries ∥: by size, half a unit each at least",
    );
    let one = Event::new(
        "GET",
        &format!("{PATH}?subject=01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b"),
    );
    let _ = ledger.row(
        ("audit-list", &list),
        "empty, by subject",
        (&one.token(&admin.access), 200),
        (&*format!("{CHECK} → Query _audit/by_subject"), 2, 2.5, 0.0),
        "session check → 1 query of an index: by size",
    );
}
