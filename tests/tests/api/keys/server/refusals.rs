//! Invalid keys, and replies about keys.

use super::*;

#[test]
fn an_expired_key_is_a_bad_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let body = json!({ "name": "a", "type": "secret", "scopes": ["*:*"], "expiresAt": "2999-01-01T00:00:00Z" });
    let key = Key::make(&body);
    let _ = key.caller().get("/api/posts").expect(200);
    let at = json!({ "kind": { "S": "api-key" }, "id": { "S": key.id } });
    let endpoint = inside.dynamo.endpoint();
    items::api_keys(&endpoint).set(&at, &json!({ "expires_at": { "N": "1790000000000" } }));
    refused(&key.caller().get("/api/posts"), 401, "auth/invalid-api-key");
    let listed = stack().admin().get(crate::keys::PATH).expect(200).json();
    let own = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["id"] == *key.id)
        .unwrap();
    assert_eq!(own["expiresAt"], "2026-09-21T14:13:20.000Z");
}

#[test]
fn a_key_of_another_type_is_no_key() {
    for (key, other) in [
        (Key::secret(&["*:*"]), "pk_live_"),
        (Key::publishable(&["*:*"]), "sk_live_"),
    ] {
        let text = format!("{other}{}", &key.text[8..]);
        refused(
            &stack().stranger().with_key(&text).get("/api/posts"),
            401,
            "auth/invalid-api-key",
        );
    }
}

#[test]
fn unknown_and_wrong_are_told_alike() {
    let key = Key::secret(&["*:*"]);
    let mut wrong = key.text.clone();
    let last = if wrong.pop() == Some('A') { 'B' } else { 'A' };
    wrong.push(last);
    let say = |key: &str| {
        let reply = stack()
            .stranger()
            .with_key(key)
            .get("/api/posts")
            .expect(401);
        let mut body = reply.json();
        body["error"]["requestId"] = Value::Null;
        let mut headers: Vec<_> = reply.headers.iter().map(|(name, _)| name.clone()).collect();
        headers.sort();
        (
            body,
            headers,
            reply.header("cache-control").map(str::to_owned),
            reply.header("vary").map(str::to_owned),
        )
    };
    let unknown = say(&crate::keys::nobodys("sk_live_"));
    assert_eq!(say(&wrong), unknown);
    assert_eq!(say("garbage"), unknown);
    assert_eq!(unknown.0["error"]["message"], "The API key is not valid.");
    assert_eq!(unknown.2.as_deref(), Some("private, no-cache"));
}

#[test]
fn what_a_key_reads_is_kept_by_its_caller_alone() {
    let (secret, app) = (Key::secret(&["posts:*"]), Key::publishable(&["posts:read"]));
    let path = format!("/api/posts/{}", text(&post_of(&stack().member())["id"]));
    for caller in [secret.caller(), app.caller()] {
        let reply = caller.get(&path).expect(200);
        assert_eq!(reply.header("cache-control"), Some("private, no-cache"));
        assert!(
            reply
                .header("vary")
                .is_some_and(|vary| vary.contains("x-api-key")),
            "{:?}",
            reply.headers
        );
    }
    let reply = stack().stranger().get(&path).expect(200);
    assert_eq!(reply.header("cache-control"), None);
    assert!(
        reply
            .header("vary")
            .is_some_and(|vary| vary.contains("x-api-key")),
        "{:?}",
        reply.headers
    );
}

#[test]
fn the_log_and_the_record_know_the_key_by_its_id() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (secret, app, member) = (
        Key::secret(&["posts:*"]),
        Key::publishable(&["posts:read"]),
        stack().member(),
    );
    for (key, caller) in [
        (&secret, secret.caller()),
        (&app, member.with_key(&app.text)),
    ] {
        let reply = caller
            .post("/api/posts", &json!({ "title": "a" }))
            .expect(201);
        let log = inside.logs(Some("records-create"));
        let request = reply.header("x-request-id").unwrap_or_default();
        let line: Value = serde_json::from_str(
            log.lines()
                .find(|line| line.contains(request))
                .expect("a line"),
        )
        .unwrap();
        assert_eq!(line["apiKey"], json!(key.id));
        let record = text(&reply.json()["id"]);
        let get = json!({ "TableName": "local-posts",
            "Key": { "shard": { "N": "0" }, "id": { "S": record } } });
        let item = inside.dynamo.engine().call("GetItem", &get).unwrap();
        let actor = item["Item"]["actor"]["M"].clone();
        assert_eq!(actor["key_id"]["S"], json!(key.id), "{actor}");
        let user = caller.token.as_ref().map(|_| json!(member.id()));
        assert_eq!(
            actor.get("user_id").map(|user| user["S"].clone()),
            user,
            "{actor}"
        );
    }
    let all = inside.logs(None);
    for key in [&secret, &app] {
        assert!(
            !all.contains(&key.text) && !all.contains(&key.text[8..40]),
            "a key is in the log"
        );
    }
}

#[test]
fn a_key_in_the_query_string_is_none() {
    let key = Key::secret(&["*:*"]);
    for name in ["x-api-key", "apiKey", "api_key", "key"] {
        let reply = stack()
            .stranger()
            .get(&format!("/api/notes/spec?{name}={}", key.text));
        refused(&reply, 401, "auth/authentication-required");
    }
}
