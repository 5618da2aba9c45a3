//! `GET /api/users`

use std::thread::sleep;
use std::time::{Duration, Instant};

use blackbox::{Caller, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use super::look::{path, user};
use crate::auth::look::{invalid, masked, refused};

/// Makes users whose addresses share a text that no other address has. Returns the text, and their addresses from the
/// newest to the oldest.
fn family(admin: &Caller, roles: &[&str]) -> (String, Vec<String>) {
    let name = fresh_email().replace("@example.com", "");
    let mut emails: Vec<String> = roles
        .iter()
        .enumerate()
        .map(|(number, role)| {
            let email = format!("{number}.{name}.x@example.com");
            let _ = admin
                .post("/api/users", &json!({ "email": email, "role": role }))
                .expect(201);
            email
        })
        .collect();
    emails.reverse();
    (name, emails)
}

fn emails(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().cloned().unwrap_or_default();
    items
        .iter()
        .map(|item| item["email"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Every page of a list, until there are `expected` users or it takes too long: the index may lag behind a moment.
fn all(admin: &Caller, query: &str, expected: usize) -> Vec<String> {
    let patience = Instant::now();
    loop {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = admin
                .get(&format!("/api/users?{query}{cursor}"))
                .expect(200)
                .json();
            found.extend(emails(&page));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        if found.len() >= expected || patience.elapsed() > Duration::from_secs(10) {
            return found;
        }
        sleep(Duration::from_millis(200));
    }
}

#[test]
fn users_are_found_by_their_address_newest_first() {
    let admin = stack().admin();
    let (name, expected) = family(&admin, &["authenticated", "editor", "admin"]);
    assert_eq!(all(&admin, &format!("search={name}"), 3), expected);
    assert_eq!(
        all(&admin, &format!("search={}", name.to_uppercase()), 3),
        expected,
        "whatever the case"
    );
    assert_eq!(
        all(&admin, &format!("search=.{name}.X@EXAMPLE"), 3),
        expected,
        "anywhere in it"
    );
    assert_eq!(
        all(&admin, &format!("search=2.{name}&limit=100"), 1),
        expected[..1]
    );
    let whole = admin
        .get(&format!("/api/users?search=1.{name}&limit=100"))
        .expect(200)
        .json();
    assert_eq!(masked(&whole["items"][0]), user(&expected[1], "editor"));
    assert_eq!(
        all(&admin, &format!("search={name}y"), 0),
        Vec::<String>::new()
    );
}

#[test]
fn users_are_found_by_their_role() {
    let admin = stack().admin();
    let (name, expected) = family(&admin, &["editor", "authenticated", "editor", "admin"]);
    for (role, found) in [
        ("editor", vec![1, 3]),
        ("authenticated", vec![2]),
        ("admin", vec![0]),
    ] {
        let found: Vec<String> = found.into_iter().map(|at| expected[at].clone()).collect();
        assert_eq!(
            all(&admin, &format!("search={name}&role={role}"), found.len()),
            found,
            "{role}"
        );
    }
    let editors = admin
        .get("/api/users?role=editor&limit=100")
        .expect(200)
        .json();
    for editor in editors["items"].as_array().into_iter().flatten() {
        assert_eq!(editor["role"], "editor");
    }
    for role in ["chief", "public", ""] {
        invalid(
            &admin.get(&format!("/api/users?role={role}")),
            &[("role", "unknown-role")],
        );
    }
}

#[test]
fn pages_neither_skip_nor_repeat() {
    let admin = stack().admin();
    let (name, expected) = family(&admin, &["authenticated"; 7]);
    let patience = all(&admin, &format!("search={name}"), 7);
    assert_eq!(patience, expected);
    for limit in [1, 2, 3, 6, 7, 8] {
        assert_eq!(
            all(&admin, &format!("search={name}&limit={limit}"), 7),
            expected,
            "{limit}"
        );
    }
    // Of everybody: the newest are on the first page.
    let page = admin.get("/api/users?limit=2").expect(200).json();
    assert_eq!(emails(&page).len(), 2);
    assert!(page["nextCursor"].is_string());
    let ids: Vec<&str> = page["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item["id"].as_str())
        .collect();
    assert!(ids[0] > ids[1], "newest first");
}

#[test]
fn a_cursor_is_good_for_its_search_and_role() {
    let admin = stack().admin();
    let (name, expected) = family(&admin, &["editor"; 3]);
    assert_eq!(all(&admin, &format!("search={name}"), 3), expected);
    // A page may be empty and go on, where others are registered meanwhile.
    let cursor = |query: &str| {
        let page = admin.get(&format!("/api/users?{query}")).expect(200).json();
        page["nextCursor"]
            .as_str()
            .unwrap_or_else(|| panic!("the end of {query}: {page}"))
            .to_owned()
    };
    let of_search = cursor(&format!("search={name}&limit=1"));
    let of_all = cursor("limit=1");
    let of_role = cursor("role=editor&limit=1");
    let sessions = admin
        .get(&format!(
            "/api/users?search={name}&limit=3&cursor={of_search}"
        ))
        .expect(200);
    assert!(!sessions.text().is_empty());
    for (query, cursor) in [
        ("".to_owned(), &of_search),
        (format!("search={name}x"), &of_search),
        (format!("search={name}&role=editor"), &of_search),
        ("role=editor".to_owned(), &of_all),
        (format!("search={name}"), &of_all),
        ("role=admin".to_owned(), &of_role),
        (String::new(), &of_role),
        (String::new(), &"garbage".to_owned()),
        (String::new(), &String::new()),
        (String::new(), &format!("{}A", &of_all[..of_all.len() - 1])),
    ] {
        let reply = admin.get(&format!("/api/users?{query}&cursor={cursor}"));
        // The last character of a sealed text may be the one that was there.
        if *cursor != of_all {
            refused(
                &reply,
                400,
                "data/invalid-cursor",
                "The cursor is not valid for this list; start again without it.",
            );
        }
    }
    // It is bound to its own list: a cursor of records is none of users.
    let _ = admin
        .post("/api/posts", &json!({ "title": "a" }))
        .expect(201);
    let _ = admin
        .post("/api/posts", &json!({ "title": "b" }))
        .expect(201);
    let posts = admin.get("/api/posts?limit=1").expect(200).json();
    let foreign = posts["nextCursor"].as_str().unwrap_or_default();
    assert_eq!(
        admin.get(&format!("/api/users?cursor={foreign}")).code(),
        "data/invalid-cursor"
    );
}

#[test]
fn what_a_list_does_not_know_is_named() {
    let admin = stack().admin();
    let long = "a".repeat(129);
    for (query, field, code) in [
        ("limit=0", "limit", "range"),
        ("limit=101", "limit", "range"),
        ("limit=ten", "limit", "range"),
        ("search=", "search", "range"),
        (&*format!("search={long}"), "search", "range"),
        ("limit=1&limit=2", "limit", "repeated"),
        ("sort=email", "sort", "unknown-parameter"),
        ("email=ada@example.com", "email", "unknown-parameter"),
        ("disabled=true", "disabled", "unknown-parameter"),
        ("explain=true", "explain", "unknown-parameter"),
    ] {
        invalid(&admin.get(&format!("/api/users?{query}")), &[(field, code)]);
    }
}

#[test]
fn a_list_shows_users_as_they_are_and_none_that_are_gone() {
    let admin = stack().admin();
    let (name, expected) = family(&admin, &["authenticated"; 3]);
    assert_eq!(all(&admin, &format!("search={name}"), 3), expected);
    let page = admin
        .get(&format!("/api/users?search={name}&limit=100"))
        .expect(200)
        .json();
    let id = |at: usize| {
        page["items"][at]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let _ = admin
        .patch(
            &path(&id(0)),
            &json!({ "disabled": true, "role": "editor" }),
        )
        .expect(200);
    let _ = admin.delete(&path(&id(1))).expect(204);
    let patience = Instant::now();
    let mut changed = user(&expected[0], "editor");
    changed["disabled"] = json!(true);
    loop {
        let items = admin
            .get(&format!("/api/users?search={name}&limit=100"))
            .expect(200)
            .json()["items"]
            .clone();
        let is = masked(&items);
        if is == json!([changed, user(&expected[2], "authenticated")]) {
            break;
        }
        assert!(patience.elapsed() < Duration::from_secs(10), "{items}");
        sleep(Duration::from_millis(200));
    }
}

#[test]
fn looking_through_many_users_is_bounded_work() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = blackbox::Apart::new(inside);
    let email = fresh_email();
    let register = apart.function("register", "many", &[("BAKEND_ADMIN_EMAIL", &email)]);
    let body = json!({ "email": email, "password": PASSWORD });
    let admin = apart
        .ask(
            &register,
            &blackbox::Event::new("POST", "/api/auth/register").json(&body),
        )
        .expect(201)
        .json();
    let token = admin["accessToken"].as_str().unwrap_or_default();
    // A profile of 1 KB each: 3,000 of them are three times what a request reads.
    for chunk in 0..120 {
        let put = |number: u32| {
            let id = format!("0197a3b0-0000-7000-8000-{:012x}", chunk * 25 + number);
            json!({ "PutRequest": { "Item": {
                "id": { "S": id }, "kind": { "S": "user" }, "email": { "S": format!("u{id}@example.com") },
                "role": { "S": "authenticated" }, "disabled": { "BOOL": false }, "auth_version": { "N": "1" },
                "created_at": { "N": "1750000000000" }, "profile": { "M": { "once": { "S": "x".repeat(1000) } } } } } })
        };
        let write =
            json!({ "RequestItems": { "local-_users": (0..25).map(put).collect::<Vec<_>>() } });
        apart
            .dynamo
            .engine()
            .call("BatchWriteItem", &write)
            .unwrap();
    }
    let list = apart.function("users-list", "many", &[]);
    let (mut cursor, mut pages, mut found) = (String::new(), 0, Vec::new());
    loop {
        let path = format!("/api/users?search=00000000bb7@&limit=5{cursor}");
        let (reply, calls) = apart.measure(&list, &blackbox::Event::new("GET", &path).token(token));
        let page = reply.expect(200).json();
        let queries: Vec<_> = calls
            .iter()
            .filter(|call| call.operation == "Query")
            .collect();
        let read: f64 = queries.iter().map(|call| call.read).sum();
        assert!(
            queries.len() <= 4 && read <= 160.0,
            "{} queries, {read} units",
            queries.len()
        );
        found.extend(emails(&page));
        pages += 1;
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(pages > 2, "{pages} pages");
}
