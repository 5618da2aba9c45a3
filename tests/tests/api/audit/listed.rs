//! The list as callers get it.

use blackbox::stack;
use serde_json::json;

const PATH: &str = "/api/admin/audit";

#[test]
fn an_admin_lists_the_audit_log_and_nobody_changes_it() {
    let stack = stack();
    let admin = stack.admin();
    let page = admin.get(PATH).expect(200).json();
    assert!(page["items"].is_array(), "{page}");
    assert_eq!(
        stack.stranger().get(PATH).expect(401).code(),
        "auth/authentication-required"
    );
    assert_eq!(
        stack.member().get(PATH).expect(403).code(),
        "auth/forbidden"
    );
    for method in crate::sweeps::methods().filter(|method| *method != "GET") {
        let body = json!({}).to_string();
        let headers = [("content-type", "application/json")];
        let reply = admin.send(method, PATH, &headers, Some(body.as_bytes()));
        assert_eq!(reply.status, 405, "{method}: {}", reply.text());
        assert_eq!(reply.header("allow"), Some("GET"), "{method}");
    }
    for (query, field) in [
        ("actor=ada", "actor"),
        ("type=user", "type"),
        ("from=yesterday", "from"),
        ("limit=101", "limit"),
        ("who=ada", "who"),
    ] {
        let reply = admin.get(&format!("{PATH}?{query}")).expect(400).json();
        assert_eq!(reply["error"]["details"][0]["field"], field, "{query}");
    }
    let reply = admin.get(&format!("{PATH}?cursor=abc")).expect(400);
    assert_eq!(reply.code(), "data/invalid-cursor");
}
