//! The README's quick start, step by step.

use blackbox::{PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

#[test]
fn register_login_create_list_refresh_logout() {
    let stranger = stack().stranger();
    let credentials = json!({ "email": fresh_email(), "password": PASSWORD });
    let _ = stranger.post("/api/auth/register", &credentials).expect(201);
    let login = stranger.post("/api/auth/login", &credentials).expect(200).json();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();

    let member = stranger.with_token(Some(&text(&login, "accessToken")));
    let post = member.post("/api/posts", &json!({ "title": "Hello" })).expect(201).json();
    assert_eq!(post["user_id"], login["user"]["id"]);
    // Other tests post meanwhile; the newest hundred hold this one.
    let posts = stranger.get("/api/posts?limit=100").expect(200).json();
    assert!(posts["items"].as_array().unwrap().contains(&post), "{posts}");

    let refreshed = stranger.post("/api/auth/refresh", &json!({ "refreshToken": login["refreshToken"] })).expect(200);
    let logout = json!({ "refreshToken": refreshed.json()["refreshToken"] });
    let _ = stranger.post("/api/auth/logout", &logout).expect(204);
    assert_eq!(member.get("/api/notes").expect(401).code(), "auth/session-revoked");
}
