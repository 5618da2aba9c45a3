//! `GET /api/admin/settings`

use blackbox::{Event, JWT_SECRET, stack};
use serde_json::{Value, json};

const PATH: &str = "/api/admin/settings";

/// The setting of this key.
#[track_caller]
fn find(body: &Value, key: &str) -> Value {
    let items = body["items"].as_array().unwrap();
    let mut found = items.iter().filter(|item| item["key"] == key);
    let one = found.next().unwrap_or_else(|| panic!("no {key} in {body}"));
    assert!(found.next().is_none(), "{key} is there twice");
    one.clone()
}

#[test]
fn an_admin_sees_every_setting_with_its_origin() {
    let reply = stack().admin().get(PATH).expect(200);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let body = reply.json();
    let mut keys: Vec<String> = api::settings::Settings::keys()
        .into_iter()
        .map(|(key, ..)| key)
        .collect();
    let others = [
        "adminEmail",
        "clockOffset",
        "env",
        "domainName",
        "frontSecret",
        "tablePrefix",
    ];
    keys.extend(others.map(str::to_owned));
    // The suite's project has a provider, whose settings have no default.
    let shown: Vec<&str> = body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["key"].as_str().unwrap())
        .filter(|key| !key.starts_with("auth.providers."))
        .collect();
    assert_eq!(shown, keys);
    // The suite's project sets its roles in the file; nothing sets the grace of a deletion anywhere.
    assert_eq!(find(&body, "auth.roles")["source"], "bakend.json");
    assert_eq!(
        find(&body, "auth.refreshReuse"),
        json!({ "key": "auth.refreshReuse", "value": "strict", "source": "default",
            "variable": "BAKEND_AUTH_REFRESH_REUSE",
            "change": "Set `auth.refreshReuse` in bakend.json, or BAKEND_AUTH_REFRESH_REUSE of every function, and deploy." })
    );
}

#[test]
fn the_environment_outweighs_the_file_and_a_secret_stays_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let admin = stack().admin();
    let token = admin.token.as_deref().unwrap();
    let variables = [("BAKEND_AUTH_ROLES", "auditor")];
    let instance = inside.variant("settings-list", "shown", 1, &variables);
    let reply = instance
        .invoke(&Event::new("GET", PATH).token(token))
        .expect(200);
    let body = reply.json();
    let roles = find(&body, "auth.roles");
    assert_eq!(
        (&roles["value"], &roles["source"]),
        (&json!(["auditor"]), &json!("environment"))
    );
    // The stack's secret is in the environment of each of its functions.
    let secret = find(&body, "auth.jwtSecret");
    assert_eq!(
        (&secret["value"], &secret["source"]),
        (&json!("set"), &json!("environment"))
    );
    assert!(!reply.text().contains(JWT_SECRET));
}

#[test]
fn nobody_but_an_admin_sees_settings() {
    let (member, stranger) = (stack().member(), stack().stranger());
    for (caller, status, code) in [
        (&member, 403, "auth/forbidden"),
        (&stranger, 401, "auth/authentication-required"),
    ] {
        let reply = caller.get(PATH);
        assert_eq!((reply.status, reply.code().as_str()), (status, code));
        assert!(!reply.text().contains("bcrypt"));
    }
    assert_eq!(
        stack().admin().get("/api/admin/settings?x=1").code(),
        "common/validation-failed"
    );
}
