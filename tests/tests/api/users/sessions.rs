//! `GET, DELETE /api/users/{id}/sessions`, `DELETE /api/users/{id}/sessions/{sid}`

use blackbox::{Caller, Reply, stack};
use serde_json::{Value, json};

use super::look::{NO_ID, NOBODY, is_signed_in, nobody, path};
use crate::auth::look::{invalid, is_id, is_time, refused};

fn sessions(id: &str, query: &str) -> Reply {
    stack()
        .admin()
        .get(&format!("{}/sessions{query}", path(id)))
}

/// The ids of a user's sessions, newest first.
fn ids(id: &str) -> Vec<String> {
    let page = sessions(id, "?limit=100").expect(200).json();
    let items = page["items"].as_array().cloned().unwrap_or_default();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn end(id: &str, session: &str) -> Reply {
    stack()
        .admin()
        .delete(&format!("{}/sessions/{session}", path(id)))
}

#[track_caller]
fn no_session(reply: &Reply) {
    refused(
        reply,
        404,
        "auth/session-not-found",
        "There is no such session.",
    );
}

#[test]
fn an_admin_sees_a_users_sessions() {
    let member = stack().member();
    let _ = stack().login(&member.email);
    let page = sessions(member.id(), "").expect(200).json();
    assert_eq!(page["nextCursor"], Value::Null);
    let items = page["items"].as_array().cloned().unwrap_or_default();
    assert_eq!(items.len(), 2);
    for item in &items {
        let names: Vec<&str> = item
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        let expected = [
            "actor",
            "createdAt",
            "current",
            "expiresAt",
            "id",
            "ipAddress",
            "lastUsedAt",
            "userAgent",
        ];
        assert_eq!(names, expected);
        assert_eq!(item["current"], json!(false), "it is not the admin's");
        assert!(is_id(item["id"].as_str().unwrap_or_default()));
        assert!(
            ["createdAt", "lastUsedAt", "expiresAt"]
                .iter()
                .all(|name| is_time(item[name].as_str().unwrap_or_default()))
        );
    }
    assert!(
        items[0]["id"].as_str() > items[1]["id"].as_str(),
        "newest first"
    );
    let admin = stack().admin();
    let own = admin
        .get(&format!("{}/sessions?limit=100", path(admin.id())))
        .expect(200)
        .json();
    let current = own["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|item| item["current"] == json!(true))
        .count();
    assert!(current <= 1, "{own}");
}

#[test]
fn pages_of_sessions_neither_skip_nor_repeat() {
    let member = stack().member();
    for _ in 0..4 {
        let _ = stack().login(&member.email);
    }
    let all = ids(member.id());
    assert_eq!(all.len(), 5);
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = sessions(member.id(), &format!("?limit=2{cursor}"))
            .expect(200)
            .json();
        let items = page["items"].as_array().cloned().unwrap_or_default();
        found.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap_or_default().to_owned()),
        );
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
        // It is good for this user alone.
        let other = sessions(stack().member().id(), &format!("?limit=2{cursor}"));
        assert_eq!(other.code(), "data/invalid-cursor");
        assert_eq!(
            stack()
                .admin()
                .get(&format!("/api/users?cursor={next}"))
                .code(),
            "data/invalid-cursor"
        );
    }
    assert_eq!(found, all);
    invalid(&sessions(member.id(), "?limit=0"), &[("limit", "range")]);
    invalid(
        &sessions(member.id(), "?search=a"),
        &[("search", "unknown-parameter")],
    );
}

#[test]
fn one_session_ends_on_the_next_request() {
    let first = stack().member();
    let second = stack().login(&first.email);
    let [newest, oldest] = <[String; 2]>::try_from(ids(first.id())).expect("two sessions");
    let done = end(first.id(), &oldest);
    assert_eq!((done.status, done.body.len()), (204, 0));
    assert!(!is_signed_in(&first) && is_signed_in(&second));
    assert_eq!(ids(first.id()), [newest]);
    no_session(&end(first.id(), &oldest));
}

#[test]
fn all_sessions_end_on_the_next_request() {
    let first = stack().member();
    let second = stack().login(&first.email);
    let another = stack().member();
    let done = stack()
        .admin()
        .delete(&format!("{}/sessions", path(first.id())));
    assert_eq!((done.status, done.body.len()), (204, 0));
    assert!(!is_signed_in(&first) && !is_signed_in(&second) && is_signed_in(&another));
    assert_eq!(ids(first.id()), Vec::<String>::new());
    let third = stack().login(&first.email);
    assert!(is_signed_in(&third), "the password is still good");
    let _ = stack()
        .admin()
        .delete(&format!("{}/sessions", path(first.id())))
        .expect(204);
    let _ = stack()
        .admin()
        .delete(&format!("{}/sessions", path(first.id())))
        .expect(204);
}

#[test]
fn a_session_of_another_user_is_not_there() {
    let (one, two) = (stack().member(), stack().member());
    let of_two = ids(two.id());
    no_session(&end(one.id(), &of_two[0]));
    for garbage in [NO_ID, "x", "%23", two.id(), "null"] {
        no_session(&end(one.id(), garbage));
    }
    assert!(is_signed_in(&one) && is_signed_in(&two));
}

#[test]
fn who_is_not_there_is_404() {
    let admin = stack().admin();
    let there: Vec<String> = ids(stack().member().id());
    for id in NOBODY {
        nobody(&sessions(id, ""));
        nobody(&admin.delete(&format!("{}/sessions", path(id))));
        nobody(&end(id, &there[0]));
    }
}

#[test]
fn an_admin_may_end_his_own_session() {
    let admin = stack().member();
    let _ = stack()
        .admin()
        .patch(&path(admin.id()), &json!({ "role": "admin" }))
        .expect(200);
    let own = |caller: &Caller| {
        caller
            .get(&format!("{}/sessions", path(admin.id())))
            .expect(200)
            .json()
    };
    let second = stack().login(&admin.email);
    let current: Vec<Value> = own(&second)["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| it["current"].clone())
        .collect();
    assert_eq!(
        current,
        [json!(true), json!(false)],
        "the newest is the one that asks"
    );
    let id = own(&second)["items"][0]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let _ = second
        .delete(&format!("{}/sessions/{id}", path(admin.id())))
        .expect(204);
    assert!(!is_signed_in(&second) && is_signed_in(&admin));
}
