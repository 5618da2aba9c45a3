//! What the functions may do: everything their policies grant is used, and nothing else goes through.

use api::endpoints::PAGE;
use blackbox::{Apart, Event, Instance, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use crate::ledger::set_role;

/// Functions find their secret in the table, or make it.
const NO_SECRET: (&str, &str) = ("BAKEND_AUTH_JWT_SECRET", "");

fn credentials(path: &str, email: &str) -> Event {
    Event::new("POST", path).json(&json!({ "email": email, "password": PASSWORD }))
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

#[test]
fn every_grant_is_used_and_nothing_else_is_tried() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let (admin_email, email) = (fresh_email(), fresh_email());
    let start = |function: &str, env: &[(&str, &str)]| {
        apart.function(function, "grants", &[&[NO_SECRET], env].concat())
    };

    // Whoever of these two starts first on empty tables keeps the signing secret.
    drop(start("login", &[]));
    let key = json!({ "TableName": "local-_settings", "Key": { "id": { "S": "signing" } }, "ReturnValues": "ALL_OLD" });
    let kept = apart
        .dynamo
        .database()
        .delete_item(serde_json::from_value(key).unwrap())
        .unwrap();
    assert!(kept.attributes.is_some(), "login has kept no secret");
    let register = start("register", &[("BAKEND_ADMIN_EMAIL", &admin_email)]);

    let admin = apart
        .ask(&register, &credentials("/api/auth/register", &admin_email))
        .expect(201)
        .json();
    let _ = apart
        .ask(&register, &credentials("/api/auth/register", &email))
        .expect(201);
    // The hash is of another cost, so it is renewed.
    let login = start("login", &[("BAKEND_AUTH_BCRYPT_COST", "5")]);
    let member = apart
        .ask(&login, &credentials("/api/auth/login", &email))
        .expect(200)
        .json();
    // Two wrong passwords: the second is counted beside the first.
    for _ in 0..2 {
        let wrong = json!({ "email": email, "password": "not the password" });
        let _ = apart
            .ask(&login, &Event::new("POST", "/api/auth/login").json(&wrong))
            .expect(401);
    }
    let token = json!({ "refreshToken": member["refreshToken"] });
    let refresh = Event::new("POST", "/api/auth/refresh").json(&token);
    let tokens = apart
        .ask(&start("refresh", &[]), &refresh)
        .expect(200)
        .json();
    let member = text(&tokens, "accessToken");

    api_keys(&apart, &start, &text(&admin, "accessToken"));
    own_account(&apart, &start, &register);
    records(
        &apart,
        &start,
        &text(&admin, "accessToken"),
        &text(&admin["user"], "id"),
        &member,
    );
    users(&apart, &start, &text(&admin, "accessToken"));
    let logout = Event::new("POST", "/api/auth/logout").token(&member);
    let _ = apart.ask(&start("logout", &[]), &logout).expect(204);
    let _ = apart
        .ask(&start("health", &[]), &Event::new("GET", "/api/health"))
        .expect(200);
    let _ = apart
        .ask(&start("fallback", &[]), &Event::new("GET", "/api/nowhere"))
        .expect(404);

    assert_eq!(apart.proxy.denied(), []);
    assert_eq!(
        apart.proxy.unused_grants(),
        Vec::<String>::new(),
        "template.yaml grants what nothing uses"
    );
}

/// Every endpoint of API keys; and a key, if no good one, for every endpoint that reads them.
fn api_keys<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    admin: &str,
) {
    let path = "/api/admin/api-keys";
    let on = |function: &str, method: &str, path: &str, body: &Value, status: u16| {
        let event = Event::new(method, path).json(body).token(admin);
        apart
            .ask(&start(&format!("api-keys-{function}"), &[]), &event)
            .expect(status)
    };
    let asked = json!({ "name": "a", "type": "secret", "scopes": ["*:*"] });
    let made = on("create", "POST", path, &asked, 201).json();
    let own = format!("{path}/{}", text(&made, "id"));
    let _ = on("list", "GET", path, &json!({}), 200);
    let _ = on("rotate", "POST", &format!("{own}/rotate"), &json!({}), 200);
    for entry in PAGE.iter().filter(|entry| entry.reads_api_keys()) {
        let path = entry
            .path
            .replace("{collection}", "posts")
            .replace("{id}", "x")
            .replace("{", "")
            .replace("}", "");
        let event = Event::new(entry.methods[0].as_str(), &path)
            .json(&json!({}))
            .key(&text(&made, "key"));
        let reply = apart.ask(&start(entry.name, &[]), &event).expect(401);
        assert_eq!(reply.code(), "auth/invalid-api-key", "{}", entry.name);
    }
    let _ = on("delete", "DELETE", &own, &json!({}), 204);
}

/// Every endpoint of one's own account, with everything that it may do.
fn own_account<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    register: &Instance<'_>,
) {
    let email = fresh_email();
    let member = apart
        .ask(register, &credentials("/api/auth/register", &email))
        .expect(201)
        .json();
    let on = |method: &str, path: &str, token: &str| Event::new(method, path).token(token);
    let token = text(&member, "accessToken");
    let _ = apart
        .ask(&start("me-get", &[]), &on("GET", "/api/auth/me", &token))
        .expect(200);
    let update = start("me-update", &[]);
    let change = |body: Value| {
        let _ = apart
            .ask(&update, &on("PATCH", "/api/auth/me", &token).json(&body))
            .expect(200);
    };
    change(json!({ "username": "grants", "bio": "x" }));
    change(json!({ "username": "grants.too" }));
    let public = Event::new("GET", "/api/users/public/grants.too");
    let _ = apart.ask(&start("users-public", &[]), &public).expect(200);

    let list = start("sessions-list", &[]);
    let _ = apart
        .ask(&list, &on("GET", "/api/auth/sessions", &token))
        .expect(200);
    let others = start("sessions-end-others", &[]);
    let _ = apart
        .ask(&others, &on("DELETE", "/api/auth/sessions", &token))
        .expect(204);
    let password = start("password-change", &[]);
    let new = "another battery, less correct";
    let asked = |current: &str, new: &str| {
        let body = json!({ "currentPassword": current, "newPassword": new });
        on("POST", "/api/auth/password/change", &token).json(&body)
    };
    // What is right leaves nothing counted; a second wrong password is counted beside the first.
    let _ = apart.ask(&password, &asked(PASSWORD, new)).expect(204);
    for wrong in ["wrong", "wrong again"] {
        let _ = apart.ask(&password, &asked(wrong, PASSWORD)).expect(400);
    }

    let email = fresh_email();
    let member = apart
        .ask(register, &credentials("/api/auth/register", &email))
        .expect(201)
        .json();
    let delete = start("me-delete", &[]);
    let asked = |token: &str, password: &str| {
        on("DELETE", "/api/auth/me", token).json(&json!({ "password": password }))
    };
    let named = on("PATCH", "/api/auth/me", &text(&member, "accessToken"))
        .json(&json!({ "username": "back" }));
    let _ = apart.ask(&update, &named).expect(200);
    let _ = apart
        .ask(&delete, &asked(&text(&member, "accessToken"), PASSWORD))
        .expect(204);
    let restore = start("me-restore", &[]);
    let back = apart
        .ask(&restore, &credentials("/api/auth/me/restore", &email))
        .expect(200)
        .json();
    let token = text(&back, "accessToken");
    for wrong in ["wrong", "wrong again"] {
        let _ = apart.ask(&delete, &asked(&token, wrong)).expect(400);
    }
    let at_once = start("me-delete", &[("BAKEND_AUTH_DELETION_GRACE", "0s")]);
    let _ = apart.ask(&at_once, &asked(&token, PASSWORD)).expect(204);
    for _ in 0..2 {
        let _ = apart
            .ask(&restore, &credentials("/api/auth/me/restore", &email))
            .expect(401);
    }
    let other = apart
        .ask(register, &credentials("/api/auth/register", &fresh_email()))
        .expect(201)
        .json();
    let token = text(&other, "accessToken");
    let session = apart
        .ask(&list, &on("GET", "/api/auth/sessions", &token))
        .expect(200)
        .json();
    let path = format!("/api/auth/sessions/{}", text(&session["items"][0], "id"));
    let _ = apart
        .ask(&start("sessions-end", &[]), &on("DELETE", &path, &token))
        .expect(204);
}

/// Every endpoint of user administration, on an admin with unique values.
fn users<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    admin: &str,
) {
    let on = |function: &str, method: &str, path: &str, body: Option<Value>, status: u16| {
        let event = Event::new(method, path).token(admin);
        let event = if let Some(body) = body {
            event.json(&body)
        } else {
            event
        };
        apart
            .ask(&start(function, &[]), &event)
            .expect(status)
            .json()
    };
    let user = json!({ "email": fresh_email(), "role": "admin", "username": "granted", "password": PASSWORD });
    let user = on("users-create", "POST", "/api/users", Some(user), 201);
    let path = format!("/api/users/{}", text(&user, "id"));
    let _ = on("users-list", "GET", "/api/users", None, 200);
    let _ = on("users-get", "GET", &path, None, 200);
    let _ = on(
        "users-update",
        "PATCH",
        &path,
        Some(json!({ "username": "granted.too" })),
        200,
    );
    let _ = on(
        "users-password",
        "POST",
        &format!("{path}/password"),
        Some(json!({ "password": PASSWORD })),
        204,
    );
    let _ = on(
        "users-sessions-list",
        "GET",
        &format!("{path}/sessions"),
        None,
        200,
    );
    let _ = on(
        "users-session-end",
        "DELETE",
        &format!("{path}/sessions/{}", text(&user, "id")),
        None,
        404,
    );
    let _ = on(
        "users-sessions-end",
        "DELETE",
        &format!("{path}/sessions"),
        None,
        204,
    );
    let _ = on("users-delete", "DELETE", &path, None, 204);
}

/// Every endpoint of records, on every collection, as far as it has what an action is for.
fn records<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    admin: &str,
    user: &str,
    member: &str,
) {
    let [create, list, count, spec, bulk, get, update, delete] = [
        "create", "list", "count", "spec", "bulk", "get", "update", "delete",
    ]
    .map(|verb| start(&format!("records-{verb}"), &[]));
    let on = |method: &str, path: &str| Event::new(method, path).token(admin);
    let make = |collection: &str, body: &Value| {
        let event = on("POST", &format!("/api/{collection}"))
            .json(body)
            .header("idempotency-key", &fresh_key());
        let record = apart.ask(&create, &event).expect(201).json();
        // The second time it is read.
        assert_eq!(apart.ask(&create, &event).expect(201).json(), record);
        text(&record, "id")
    };
    let post = make("posts", &json!({ "title": "a" }));
    let product = make("products", &json!({ "name": "a", "sku": fresh_sku() }));
    let order = make(
        "orders",
        &json!({ "product": product, "code": fresh_sku() }),
    );
    let related = json!({ "post": post, "order": order, "author": user });
    let mut comment = related.clone();
    comment["text"] = "a".into();
    let parent = make("comments", &comment);
    comment["parent"] = parent.clone().into();
    let comment = (make("comments", &comment), comment);
    let note = make("notes", &json!({ "title": "a", "assignee": user }));
    let feedback = make("feedback", &json!({ "message": "a" }));
    let article = make("articles", &json!({ "title": "a", "slug": fresh_slug() }));
    // Whom row filters say what is seen looks at what they point to.
    let shown = make("articles", &json!({ "title": "a", "status": "published" }));
    let pointing = json!({ "title": "b", "see": shown });
    let articles =
        |method: &str, path: &str| Event::new(method, path).token(member).json(&pointing);
    let pointed = apart
        .ask(&create, &articles("POST", "/api/articles"))
        .expect(201)
        .json();
    let _ = apart
        .ask(
            &update,
            &articles("PATCH", &format!("/api/articles/{}", text(&pointed, "id"))),
        )
        .expect(200);
    for (function, path) in [
        (&list, "/api/articles".to_owned()),
        (&get, format!("/api/articles/{}", text(&pointed, "id"))),
    ] {
        let event = Event::new("GET", &format!("{path}?expand=see")).token(member);
        let _ = apart.ask(function, &event).expect(200);
    }

    let [assignment, draft, report, page] = ["assignments", "drafts", "reports", "wiki"]
        .map(|name| make(name, &json!({ "title": "a" })));

    // Each with a change that reads the record first where something depends on it, and one more of its kind.
    let new_product = json!({ "name": "b", "sku": fresh_sku() });
    let new_order = json!({ "product": product, "code": fresh_sku() });
    let new_note = json!({ "title": "b", "assignee": user });
    let new_article =
        json!({ "title": "b", "slug": fresh_slug(), "see": shown, "readers": [user] });
    for (collection, id, change, another) in [
        (
            "posts",
            &post,
            json!({ "title": "b" }),
            json!({ "title": "c" }),
        ),
        (
            "products",
            &product,
            json!({ "sku": fresh_sku() }),
            new_product,
        ),
        (
            "orders",
            &order,
            json!({ "code": fresh_sku(), "product": product }),
            new_order,
        ),
        (
            "comments",
            &comment.0,
            json!({ "post": post, "order": order, "parent": parent }),
            comment.1.clone(),
        ),
        ("notes", &note, json!({ "assignee": user }), new_note),
        (
            "feedback",
            &feedback,
            json!({ "message": "b" }),
            json!({ "message": "c" }),
        ),
        (
            "assignments",
            &assignment,
            json!({ "title": "b" }),
            json!({ "title": "c" }),
        ),
        (
            "drafts",
            &draft,
            json!({ "title": "b" }),
            json!({ "title": "c" }),
        ),
        (
            "reports",
            &report,
            json!({ "title": "b" }),
            json!({ "title": "c" }),
        ),
        (
            "wiki",
            &page,
            json!({ "title": "b" }),
            json!({ "title": "c" }),
        ),
        (
            "articles",
            &article,
            json!({ "slug": fresh_slug(), "readers": [user] }),
            new_article,
        ),
    ] {
        let (path, record) = (
            format!("/api/{collection}"),
            format!("/api/{collection}/{id}"),
        );
        let _ = apart.ask(&get, &on("GET", &record)).expect(200);
        let _ = apart.ask(&list, &on("GET", &path)).expect(200);
        let _ = apart
            .ask(&count, &on("GET", &format!("{path}/count")))
            .expect(200);
        let _ = apart
            .ask(&spec, &on("GET", &format!("{path}/spec")))
            .expect(200);
        let _ = apart
            .ask(&update, &on("PATCH", &record).json(&change))
            .expect(200);
        let mut changed = change.clone();
        changed["id"] = id.clone().into();
        for unique in ["sku", "code"] {
            if let Some(value) = changed.get_mut(unique) {
                *value = fresh_sku().into();
            }
        }
        if let Some(value) = changed.get_mut("slug") {
            *value = fresh_slug().into();
        }
        let operations = json!({ "operations": [{ "create": another }, { "update": changed }] });
        let made = apart
            .ask(
                &bulk,
                &on("POST", &format!("{path}/bulk")).json(&operations),
            )
            .expect(200)
            .json();
        let gone = json!({ "operations": [{ "delete": { "id": made["items"][0]["id"] } }] });
        let _ = apart
            .ask(&bulk, &on("POST", &format!("{path}/bulk")).json(&gone))
            .expect(200);
    }

    // What indexes serve, of all records and of an owner's, and what relations point to.
    for (path, query) in [
        ("/api/products", "status=draft"),
        ("/api/orders", "state=open"),
        ("/api/comments", &*format!("post={post}")),
        ("/api/articles", "status=published"),
    ] {
        for (function, path) in [(&list, path.to_owned()), (&count, format!("{path}/count"))] {
            let _ = apart
                .ask(function, &on("GET", &format!("{path}?{query}")))
                .expect(200);
        }
    }
    for path in [
        "/api/notes",
        "/api/orders",
        "/api/drafts",
        "/api/assignments",
    ] {
        // An editor's own assignments.
        if path.ends_with("assignments") {
            set_role(apart, &text(&pointed, "createdBy"), "editor");
        }
        let _ = apart
            .ask(&list, &Event::new("GET", path).token(member))
            .expect(200);
        let _ = apart
            .ask(
                &count,
                &Event::new("GET", &format!("{path}/count")).token(member),
            )
            .expect(200);
    }
    let comments = format!("/api/comments/{}", comment.0);
    for (function, path) in [(&list, "/api/comments"), (&get, &*comments)] {
        let event = on(
            "GET",
            &format!("{path}?expand=post,order.product,parent,author"),
        );
        let reply = apart.ask(function, &event).expect(200).json();
        let record = if reply["items"].is_array() {
            &reply["items"][0]
        } else {
            &reply
        };
        for inlined in [
            "/post/title",
            "/order/product/name",
            "/parent/text",
            "/author/email",
        ] {
            assert!(record.pointer(inlined).is_some(), "{inlined}: {reply}");
        }
    }
    for (collection, id) in [
        ("comments", &comment.0),
        ("comments", &parent),
        ("orders", &order),
        ("products", &product),
        ("posts", &post),
        ("notes", &note),
        ("feedback", &feedback),
        ("articles", &article),
        ("assignments", &assignment),
        ("drafts", &draft),
        ("reports", &report),
        ("wiki", &page),
    ] {
        let _ = apart
            .ask(&delete, &on("DELETE", &format!("/api/{collection}/{id}")))
            .expect(204);
    }
}

/// A slug that no record has.
fn fresh_slug() -> String {
    fresh_sku().to_lowercase()
}

/// A key that nobody else has.
fn fresh_key() -> String {
    format!("key-{}", fresh_email())
}

/// A value of a unique field that no record has.
fn fresh_sku() -> String {
    let email = fresh_email().to_uppercase();
    let name = email.split('@').next().unwrap_or_default();
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .rev()
        .take(30)
        .collect()
}

#[test]
fn what_a_policy_does_not_grant_is_refused_and_says_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let email = fresh_email();
    let register = apart.function("register", "own", &[]);
    let member = apart
        .ask(&register, &credentials("/api/auth/register", &email))
        .expect(201)
        .json();
    let token = text(&member, "accessToken");
    let refresh_token = json!({ "refreshToken": member["refreshToken"] });
    let id = text(&member["user"], "id");

    for entry in PAGE.iter().filter(|entry| entry.touches_tables()) {
        let event = match entry.name {
            "register" => credentials(entry.path, &fresh_email()),
            "login" | "me-restore" => credentials(entry.path, &email),
            "refresh" | "logout" => Event::new("POST", entry.path).json(&refresh_token),
            _ => {
                let path = entry
                    .path
                    .replace("{collection}", "notes")
                    .replace("{id}", &id);
                let path = path.replace("{username}", "ada");
                Event::new(entry.methods[0].as_str(), &path)
                    .json(&json!({ "title": "a" }))
                    .token(&token)
            }
        };
        // The policy of `health` grants nothing.
        let key = format!("health~{}", entry.name);
        let foreign = apart.signed_as(entry.name, "foreign", Some(&key), &[]);
        assert_refused(&apart, &foreign, &event, entry.name);
        let calls = apart.proxy.drain(&key);
        assert!(
            !calls.is_empty() && calls.iter().all(|call| call.status == 400),
            "{}: {calls:?}",
            entry.name
        );
        assert!(
            calls
                .iter()
                .all(|call| call.error.as_deref() == Some("AccessDeniedException")),
            "{}",
            entry.name
        );
    }
    let denied = apart.proxy.denied();
    assert!(
        denied.iter().all(|(function, _)| function == "health"),
        "{denied:?}"
    );
}

#[test]
fn one_grant_too_few_is_noticed() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let register = apart.function("register", "own", &[]);
    let member = apart
        .ask(
            &register,
            &credentials("/api/auth/register", &fresh_email()),
        )
        .expect(201)
        .json();
    let token = text(&member, "accessToken");
    let create = apart.function("records-create", "own", &[]);
    let note = Event::new("POST", "/api/notes")
        .json(&json!({ "title": "a" }))
        .token(&token);
    let note = apart.ask(&create, &note).expect(201).json();
    let record = format!("/api/notes/{}", text(&note, "id"));

    // The policy of `records-get` lets it check the session, and not write.
    let delete = apart.signed_as(
        "records-delete",
        "foreign",
        Some("records-get~foreign"),
        &[],
    );
    assert_refused(
        &apart,
        &delete,
        &Event::new("DELETE", &record).token(&token),
        "records-delete",
    );
    let denied = apart.proxy.denied();
    assert_eq!(denied.len(), 1);
    assert_eq!(
        (denied[0].1.action.as_str(), denied[0].1.table.as_str()),
        ("UpdateItem", "local-notes")
    );
    let get = apart.function("records-get", "own", &[]);
    assert_eq!(
        apart
            .ask(&get, &Event::new("GET", &record).token(&token))
            .expect(200)
            .json(),
        note
    );
}

/// 500 with the usual sentence and nothing else; the cause is in the log, once, under the request's id.
#[track_caller]
fn assert_refused(apart: &Apart<'_>, instance: &Instance<'_>, event: &Event, name: &str) {
    let reply = apart.ask(instance, event).expect(500);
    let request_id = reply.header("x-request-id").unwrap_or_default().to_owned();
    let expected = json!({ "error": { "code": "common/internal", "requestId": request_id,
        "message": "Something went wrong on our side; the log has it under this request id." } });
    assert_eq!(reply.json(), expected, "{name}");
    let log = instance.log();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains(&request_id))
        .collect();
    assert!(
        lines.len() == 1 && lines[0].contains("AccessDenied"),
        "{name}: {log}"
    );
}
