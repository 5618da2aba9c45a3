//! A run on every stack, also on one that is deployed: no provider can be reached from there.

use blackbox::stack;

use super::*;

const APPLE: &str = "/api/admin/providers/apple";

#[test]
fn providers_are_set_listed_and_begun_with_and_garbage_signs_nobody_in() {
    let (admin, member) = (stack().admin(), stack().member());
    let body = json!({ "clientId": "com.example.app", "clientSecret": blackbox::provider::apple_key(), "teamId": "TEAM", "keyId": "KEY" });
    let set = admin.put(APPLE, &body).expect(200).json();
    assert_eq!(
        (&set["ready"], &set["hasSecret"]),
        (&json!(true), &json!(true))
    );
    let shown = admin.get("/api/admin/providers").expect(200).json();
    assert!(
        shown.to_string().contains("com.example.app") && !shown.to_string().contains("PRIVATE KEY")
    );
    let anybody = stack().stranger();
    let listed = anybody.get("/api/auth/providers").expect(200).json();
    assert!(listed.to_string().contains("apple"));
    let query = format!(
        "redirectTo={}&codeChallenge={}",
        encoded(APP),
        challenge(VERIFIER)
    );
    let begun = anybody.get(&format!("/api/auth/oauth/apple/start?{query}"));
    // A deployment may know no address of an app.
    assert!(begun.status == 302 || begun.code() == "auth/redirect-not-allowed");
    let back = anybody.get("/api/auth/oauth/apple/callback?code=x&state=y");
    assert_eq!(back.status, 400);
    let traded = anybody.post(EXCHANGE, &trade("garbage", &json!({})));
    assert_eq!(traded.code(), "auth/invalid-oauth-code");
    let body = json!({ "idToken": "a.b.c", "nonce": "a-nonce-of-the-app" });
    let token = anybody.post("/api/auth/oauth/apple/token", &body);
    assert_eq!(token.code(), "auth/invalid-id-token");
    let question = json!({ "email": "somebody@example.com" });
    let asked = anybody.post("/api/auth/accounts/check", &question);
    assert_eq!(asked.code(), "auth/forbidden");
    let ways = member.get(ACCOUNTS).expect(200).json();
    assert_eq!(ways["items"][0]["id"], "password");
    let linked = member.post(ACCOUNTS, &trade("garbage", &json!({})));
    // Where mails are sent, an address that is not proven links nothing.
    assert!(["auth/invalid-oauth-code", "auth/email-not-verified"].contains(&&*linked.code()));
    let unlinked = member.delete(&format!("{ACCOUNTS}/google"));
    assert_eq!(unlinked.code(), "auth/account-not-linked");
    let _ = admin.delete(APPLE).expect(204);
}
