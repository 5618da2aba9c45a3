//! Accounts that come back by a provider: the audit log tells of everything that the one write has done.

use blackbox::stack;

use super::*;

/// A stage whose changes reach the log.
fn logged(inside: &Inside) -> Stage<'_> {
    shown::add(VERIFIER);
    let own = [("BAKEND_AUTH_PUBLIC_URL", "http://localhost:8080")];
    let stage = Stage {
        world: World::with(inside, &[("events", &[])], &own),
        provider: Provider::start(),
    };
    for name in ["google", "own"] {
        let _ = stage.set(name, &json!({})).expect(200);
    }
    stage
}

/// The entries about a user, as soon as these types are among them.
fn entries(stage: &Stage<'_>, signed_in: &Value, wanted: &[&str]) -> Vec<Value> {
    let id = signed_in["user"]["id"].as_str().unwrap();
    let look = || {
        let path = format!("/api/admin/audit?limit=100&subject={id}");
        let page = stage.world.ask("audit-list", Event::new("GET", &path), 200);
        page["items"].as_array().unwrap().clone()
    };
    let are_there = |entries: &Vec<Value>| {
        let has = |kind: &&str| entries.iter().any(|it| it["type"] == **kind);
        wanted.iter().all(has)
    };
    stage.world.until(look, are_there)
}

/// The only entry of this type.
#[track_caller]
fn only<'a>(entries: &'a [Value], kind: &str) -> &'a Value {
    let found: Vec<&Value> = entries.iter().filter(|it| it["type"] == kind).collect();
    assert_eq!(found.len(), 1, "{kind}: {entries:#?}");
    found[0]
}

/// Deletes an account by its own request.
fn leave(stage: &Stage<'_>, signed_in: &Value, body: &Value) {
    let event = Event::new("DELETE", "/api/auth/me").json(body);
    let _ = stage.ask_as(signed_in, "me-delete", event).expect(204);
}

/// Comes back by an account at Google with this address.
fn return_by_google(stage: &Stage<'_>, email: &str) -> Value {
    let code = stage.code("google", &google(email, email));
    let back = stage.exchange(&code, &json!({ "restore": true }));
    back.expect(200).json()
}

#[test]
fn an_account_that_comes_back_linked_is_told_as_both() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = logged(inside);
    let (email, made) = stage.proven();
    leave(&stage, &made, &json!({}));
    let back = return_by_google(&stage, &email);
    assert_eq!(back["user"]["id"], made["user"]["id"]);
    assert_eq!(stage.accounts(&back), ["google", "own"]);
    let wanted = ["user.restored", "auth.account.linked"];
    let entries = entries(&stage, &made, &wanted);
    let [restored, linked] = wanted.map(|kind| only(&entries, kind));
    assert_eq!(linked["reason"], "google");
    assert_eq!(restored["requestId"], linked["requestId"]);
    for entry in [restored, linked] {
        let actor = (&entry["actor"]["type"], &entry["actor"]["id"]);
        assert_eq!(actor, (&json!("user"), &made["user"]["id"]), "{entry}");
    }
}

#[test]
fn an_account_that_comes_back_taken_over_is_told_with_all_that_it_lost() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = logged(inside);
    let (email, made) = stage.register();
    leave(&stage, &made, &json!({ "password": PASSWORD }));
    let back = return_by_google(&stage, &email);
    assert_eq!(back["user"]["id"], made["user"]["id"]);
    assert_eq!(stage.accounts(&back), ["google"]);
    let wanted = [
        "user.restored",
        "auth.account.linked",
        "auth.password.changed",
        "auth.email.verified",
    ];
    let entries = entries(&stage, &made, &wanted);
    let [restored, linked, password, verified] = wanted.map(|kind| only(&entries, kind));
    assert_eq!(linked["reason"], "google");
    assert_eq!(password["reason"], "password-removed");
    for entry in [linked, password, verified] {
        assert_eq!(entry["requestId"], restored["requestId"], "{entry}");
        assert_eq!(entry["actor"]["id"], made["user"]["id"], "{entry}");
    }
}
