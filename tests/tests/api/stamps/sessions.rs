//! The beginning of a session, and its early end.

use super::*;

fn begun(reply: &Reply, reason: &str) -> Value {
    json!({ "reason": reason, "request_id": reply.header("x-request-id") })
}

/// Asserts that a session has this reason and this end.
#[track_caller]
fn ended(session: &Value, reason: &str, expected: Map<String, Value>) {
    assert_eq!(session["revoked_reason"]["S"], reason, "{session}");
    assert_eq!(plain(&session["ended"]), expected, "{reason}");
}

#[test]
fn a_session_tells_how_it_began() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (member, reply) = world.registers();
    let mut expected = vec![begun(&reply, "register")];
    let login = || post("/api/auth/login", &credentials(&member.email));
    let reply = world.ask("login", login());
    expected.push(begun(&reply, "login"));
    let access = Member::of(&reply).access;
    let event = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
    let _ = world.ask("me-delete", event.token(&access));
    let body = credentials(&member.email);
    let reply = world.ask("me-restore", post("/api/auth/me/restore", &body));
    expected.push(begun(&reply, "restore"));
    let sessions = world.sessions(&member.id);
    let seen: Vec<Value> = sessions
        .iter()
        .map(|session| json!(plain(&session["begun"])))
        .collect();
    assert_eq!(seen, expected);
    for session in &sessions {
        assert_eq!(session["ip"]["S"], ADDRESS);
        assert!(session["ended"].is_null(), "{session}");
    }
    // A refresh leaves the beginning, and ends nothing.
    let refresh = Member::of(&reply).refresh;
    let body = json!({ "refreshToken": refresh });
    let _ = world.ask("refresh", post("/api/auth/refresh", &body));
    let session = &world.sessions(&member.id)[2];
    assert_eq!(json!(plain(&session["begun"])), expected[2]);
    assert!(session["ended"].is_null(), "{session}");
}

#[test]
fn a_session_tells_who_has_ended_it() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (key, _) = world.makes_key("secret");
    let login = |member: &Member| {
        let event = post("/api/auth/login", &credentials(&member.email));
        Member::of(&world.ask("login", event))
    };
    let by_self = |member: &Member| json!({ "by": "user", "user": member.id });
    let first = |member: &Member| world.sessions(&member.id).remove(0);
    let path = |member: &Member| {
        let session = text(&first(member)["id"]["S"]);
        format!("/api/users/{}/sessions/{session}", member.id)
    };

    let (member, _) = world.registers();
    let body = json!({ "refreshToken": member.refresh });
    let reply = world.ask("logout", post("/api/auth/logout", &body));
    ended(&first(&member), "logout", told(&reply, by_self(&member)));

    let (member, _) = world.registers();
    let event = post("/api/auth/logout", &json!({})).token(&member.access);
    let reply = world.ask("logout", event);
    ended(&first(&member), "logout", told(&reply, by_self(&member)));

    let (member, _) = world.registers();
    let other = login(&member);
    let session = text(&first(&member)["id"]["S"]);
    let event = Event::new("DELETE", &format!("/api/auth/sessions/{session}"));
    let reply = world.ask("sessions-end", event.token(&other.access));
    ended(&first(&member), "user", told(&reply, by_self(&member)));

    let (member, _) = world.registers();
    let event = Event::new("DELETE", &path(&member)).token(&world.admin.access);
    let reply = world.ask("users-session-end", event);
    let by = json!({ "by": "user", "user": world.admin.id, "role": "admin" });
    ended(&first(&member), "admin", told(&reply, by));

    let (member, _) = world.registers();
    let event = Event::new("DELETE", &path(&member)).key(&text(&key["key"]));
    let reply = world.ask("users-session-end", event);
    let by = json!({ "by": "key", "key": key["id"] });
    ended(&first(&member), "admin", told(&reply, by));

    // Nobody knows who has the copy of a token.
    let (member, _) = world.registers();
    let body = json!({ "refreshToken": member.refresh });
    let refreshed = world
        .ask("refresh", post("/api/auth/refresh", &body))
        .json();
    let next = json!({ "refreshToken": refreshed["refreshToken"] });
    let _ = world.ask("refresh", post("/api/auth/refresh", &next));
    let event = post("/api/auth/refresh", &body);
    let reply = world.ask_told("refresh", ("BAKEND_AUTH_REFRESH_GRACE", "0s"), event);
    assert_eq!(reply.code(), "auth/invalid-refresh-token");
    let by = json!({ "by": "stranger" });
    ended(&first(&member), "refresh-token-reuse", told(&reply, by));
}
