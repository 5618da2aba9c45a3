//! A user who proves once more to be one.

use blackbox::{PASSWORD, stack};
use serde_json::json;

const REAUTHENTICATE: &str = "/api/auth/reauthenticate";

#[test]
fn a_new_session_takes_the_place_of_the_one_that_asks() {
    let member = stack().member();
    let wrong = member.post(REAUTHENTICATE, &json!({ "password": "not the password" }));
    let refused = wrong.expect(400).json();
    assert_eq!(refused["error"]["details"][0]["field"], "password");
    let _ = member.get("/api/auth/me").expect(200);
    let tokens = member
        .post(REAUTHENTICATE, &json!({ "password": PASSWORD }))
        .expect(200)
        .json();
    let ended = member.get("/api/auth/me").expect(401);
    assert_eq!(ended.code(), "auth/session-revoked");
    let old = json!({ "refreshToken": member.refresh_token });
    let _ = stack()
        .stranger()
        .post("/api/auth/refresh", &old)
        .expect(401);
    let mut again = member;
    again.token = tokens["accessToken"].as_str().map(ToOwned::to_owned);
    let _ = again.get("/api/auth/me").expect(200);
    let next = json!({ "refreshToken": tokens["refreshToken"] });
    let _ = stack()
        .stranger()
        .post("/api/auth/refresh", &next)
        .expect(200);
}
