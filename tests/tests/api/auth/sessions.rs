//! `/api/auth/sessions`

use std::thread;
use std::time::{Duration, Instant};

use blackbox::{Caller, Event, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::items;
use super::look::{self, is_id, is_time, refused};

const ROUTE: &str = "/api/auth/sessions";

fn list(caller: &Caller) -> Vec<Value> {
    let body = caller.get(ROUTE).expect(200).json();
    assert_eq!(body["nextCursor"], Value::Null);
    body["items"].as_array().cloned().unwrap()
}

/// The id of the session that asks.
fn own(caller: &Caller) -> String {
    let current: Vec<Value> = list(caller)
        .into_iter()
        .filter(|session| session["current"] == true)
        .collect();
    assert_eq!(current.len(), 1);
    current[0]["id"].as_str().unwrap().to_owned()
}

fn end(caller: &Caller, session: &str) -> Reply {
    caller.delete(&format!("{ROUTE}/{session}"))
}

fn refresh(caller: &Caller) -> Reply {
    stack().stranger().post(
        "/api/auth/refresh",
        &json!({ "refreshToken": caller.refresh_token }),
    )
}

#[track_caller]
fn is_over(caller: &Caller) {
    look::revoked(&caller.get("/api/auth/me"));
    look::wrong_refresh_token(&refresh(caller));
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
fn a_session_says_where_and_when_it_was_begun() {
    let email = fresh_email();
    let body = json!({ "email": email, "password": PASSWORD }).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("user-agent", "Phone/1.0 (Ada)"),
    ];
    let reply = stack()
        .stranger()
        .send(
            "POST",
            "/api/auth/register",
            &headers,
            Some(body.as_bytes()),
        )
        .expect(201);
    let member = stack().signed_in(&email, &reply);
    let reply = member.get(ROUTE).expect(200);
    look::not_kept(&reply);
    let mut page = reply.json();
    let session = page["items"][0].as_object_mut().unwrap();
    assert!(is_id(session["id"].as_str().unwrap()));
    for time in ["createdAt", "lastUsedAt", "expiresAt"] {
        assert!(is_time(session[time].as_str().unwrap()), "{time}");
        let _ = session.insert(time.to_owned(), json!("<time>"));
    }
    if stack().inside().is_none() {
        let _ = session.insert("ipAddress".to_owned(), json!("127.0.0.1"));
    }
    let (id, ip) = (session["id"].clone(), session["ipAddress"].clone());
    assert!(ip.as_str().is_some_and(|ip| !ip.is_empty()));
    let expected = json!({ "items": [{ "id": id, "userAgent": "Phone/1.0 (Ada)", "ipAddress": ip, "createdAt": "<time>",
        "lastUsedAt": "<time>", "expiresAt": "<time>", "actor": null, "current": true }], "nextCursor": null });
    assert_eq!(page, expected);
}

#[test]
fn the_sessions_that_stand_are_listed_newest_first() {
    let first = stack().member();
    let second = stack().login(&first.email);
    let third = stack().login(&first.email);
    let ids = |caller: &Caller| -> Vec<String> {
        list(caller)
            .iter()
            .map(|session| session["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let expected = [own(&third), own(&second), own(&first)];
    for caller in [&first, &second, &third] {
        assert_eq!(ids(caller), expected);
    }
    let _ = stack()
        .stranger()
        .post(
            "/api/auth/logout",
            &json!({ "refreshToken": second.refresh_token }),
        )
        .expect(204);
    assert_eq!(ids(&first), [expected[0].clone(), expected[2].clone()]);
    assert_eq!(list(&stack().member()).len(), 1, "nobody else's");
}

#[test]
fn a_refresh_moves_the_last_use() {
    let member = stack().member();
    let before = list(&member)[0].clone();
    thread::sleep(std::time::Duration::from_millis(1100));
    let reply = refresh(&member).expect(200);
    let after = list(&member.with_token(reply.json()["accessToken"].as_str()))[0].clone();
    assert_eq!(
        (&before["id"], &before["createdAt"]),
        (&after["id"], &after["createdAt"])
    );
    let text = |session: &Value, name: &str| session[name].as_str().unwrap().to_owned();
    assert!(
        text(&before, "lastUsedAt") < text(&after, "lastUsedAt"),
        "{before} {after}"
    );
    assert!(
        text(&before, "expiresAt") < text(&after, "expiresAt"),
        "{before} {after}"
    );
}

#[test]
fn a_list_has_pages() {
    let member = stack().member();
    for _ in 0..4 {
        let _ = stack().login(&member.email);
    }
    let all = list(&member);
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let more = cursor
            .as_ref()
            .map_or(String::new(), |cursor| format!("&cursor={cursor}"));
        let page = member
            .get(&format!("{ROUTE}?limit=2{more}"))
            .expect(200)
            .json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        found.extend(items.clone());
        cursor = page["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, all);
    assert_eq!(found.len(), 5);

    let theirs = member.get(&format!("{ROUTE}?limit=2")).expect(200).json()["nextCursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = stack().member();
    for cursor in [theirs.as_str(), "garbage", "", &theirs[1..]] {
        let reply = other.get(&format!("{ROUTE}?cursor={cursor}"));
        let message = "The cursor is not valid for this list; start again without it.";
        refused(&reply, 400, "data/invalid-cursor", message);
    }
    for (query, field, code) in [
        ("limit=0", "limit", "range"),
        ("limit=101", "limit", "range"),
        ("limit=x", "limit", "range"),
        ("user=x", "user", "unknown-parameter"),
        ("limit=1&limit=2", "limit", "repeated"),
    ] {
        look::invalid(&member.get(&format!("{ROUTE}?{query}")), &[(field, code)]);
    }
}

#[test]
fn a_session_is_ended_at_once_and_alone() {
    let member = stack().member();
    let [phone, laptop] = [stack().login(&member.email), stack().login(&member.email)];
    let session = own(&phone);
    let reply = end(&member, &session).expect(204);
    assert!(reply.body.is_empty());
    look::not_kept(&reply);
    is_over(&phone);
    for still in [&member, &laptop] {
        assert_eq!(list(still).len(), 2);
    }
    no_session(&end(&member, &session));
    let _ = end(&laptop, &own(&laptop)).expect(204);
    is_over(&laptop);
    let _ = refresh(&member).expect(200);
}

#[test]
fn what_is_not_ones_own_session_is_none() {
    let [member, other] = [stack().member(), stack().member()];
    let theirs = own(&other);
    no_session(&end(&member, &theirs));
    for garbage in [
        member.id(),
        "x",
        "01900000-0000-7000-8000-000000000000",
        &theirs.to_uppercase(),
    ] {
        no_session(&end(&member, garbage));
    }
    assert_eq!(own(&other), theirs, "still there");
    let admin = stack().admin();
    no_session(&end(&admin, &theirs));
}

#[test]
fn a_refresh_outlives_the_end_of_all_others_at_the_same_time() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let variant = inside.variant("refresh", "raised", 1, &[]);
    variant.settle();
    for (action, table) in [("GetItem", "_users"), ("UpdateItem", "_sessions")] {
        let member = stack().member();
        let other = stack().login(&member.email);
        let event = Event::new("POST", "/api/auth/refresh")
            .json(&json!({ "refreshToken": member.refresh_token }));
        let held = inside
            .proxy
            .hold(|rule| rule.key(&variant.key).action(action).table(table).times(1));
        let reply = thread::scope(|scope| {
            let refresh = scope.spawn(|| variant.invoke(&event));
            assert!(
                held.wait_for(1, Duration::from_secs(20)),
                "{action} {table} is under way"
            );
            let calls = || variant.calls().len();
            let deadline = Instant::now() + Duration::from_secs(20);
            while calls() < 1 {
                assert!(Instant::now() < deadline, "the other half of it is done");
                thread::sleep(Duration::from_millis(20));
            }
            let _ = member.delete(ROUTE).expect(204);
            held.release();
            refresh.join().unwrap()
        });
        let next = reply.expect(200).json();
        assert_eq!(
            list(&member.with_token(next["accessToken"].as_str())).len(),
            1,
            "{action} {table}"
        );
        is_over(&other);
    }
}

#[test]
fn a_session_of_an_older_version_is_none() {
    let member = stack().member();
    let old = stack().login(&member.email);
    let session = own(&old);
    let _ = member.delete(ROUTE).expect(204);
    no_session(&end(&member, &session));
    assert_eq!(list(&member).len(), 1);
}

#[test]
fn all_others_end_and_the_one_that_asks_goes_on() {
    let member = stack().member();
    let others: Vec<Caller> = (0..3).map(|_| stack().login(&member.email)).collect();
    let reply = member.delete(ROUTE).expect(204);
    assert!(reply.body.is_empty());
    for other in &others {
        is_over(other);
    }
    assert_eq!(list(&member).len(), 1);
    let next = refresh(&member).expect(200);
    assert_eq!(
        list(&member.with_token(next.json()["accessToken"].as_str())).len(),
        1
    );
    // A login is as good as ever, and may end the first.
    let again = stack().login(&member.email);
    let _ = again.delete(ROUTE).expect(204);
    look::revoked(&member.get("/api/auth/me"));
}

#[test]
fn of_many_who_end_all_others_one_is_left() {
    if let Some(inside) = stack().inside() {
        inside.spawn("sessions-end-others", 2, &[]);
    }
    let member = stack().member();
    let all: Vec<Caller> = (0..5).map(|_| stack().login(&member.email)).collect();
    let replies: Vec<Reply> = thread::scope(|scope| {
        let threads: Vec<_> = all
            .iter()
            .map(|caller| scope.spawn(move || caller.delete(ROUTE)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    for reply in replies.iter().filter(|reply| reply.status != 204) {
        look::revoked(reply);
    }
    let left: Vec<&Caller> = all
        .iter()
        .filter(|caller| caller.get("/api/auth/me").status == 200)
        .collect();
    assert_eq!(left.len(), 1);
    assert_eq!(list(left[0]).len(), 1);
    is_over(&member);
}

#[test]
fn sessions_that_have_ended_do_not_fill_pages() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let key =
        |caller: &Caller| json!({ "user_id": { "S": caller.id() }, "id": { "S": own(caller) } });
    let expired = stack().login(&member.email);
    let endpoint = inside.dynamo.endpoint();
    let table = items::sessions(&endpoint);
    let key = key(&expired);
    table.set(&key, &json!({ "expires_at": { "N": "1" } }));
    assert_eq!(list(&member).len(), 1);
    let dead = table.get(&key);
    for number in 0..150 {
        let mut dead = dead.clone();
        dead["id"]["S"] = json!(format!("ffffffff-ffff-7000-8000-{number:012x}"));
        table.put(&dead);
    }
    // These sessions are newer than the valid one and have all ended: a second query finds the valid one.
    assert_eq!(list(&member).len(), 1);
    let event = Event::new("GET", ROUTE).token(member.token.as_deref().unwrap());
    let reply = inside.invoke("sessions-list", &event).expect(200).json();
    assert_eq!(reply["items"].as_array().map(Vec::len), Some(1));
}
