//! Settings that could never work fail where they are read: in the build, `cargo dev check` and at the start.

use crate::settings::Settings;

fn refusal(json: &str, variables: &[(&str, &str)], local: bool) -> Option<String> {
    let variable = |name: &str| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Settings::read(json, variable, local)
        .err()
        .map(|problem| problem.to_string())
}

#[test]
fn an_origin_that_no_browser_sends_is_refused_in_file_and_environment() {
    for origin in [
        "app.example.com",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://APP.example.com",
        "https://*.example.com",
        "https://a.example https://b.example",
        "ftp://a.example",
        "null",
        "",
    ] {
        for local in [false, true] {
            let list = serde_json::json!(["https://good.example", origin]);
            let file = serde_json::json!({ "cors": { "allowedOrigins": list } }).to_string();
            let variable = [(
                "BAKEND_CORS_ALLOWED_ORIGINS",
                format!("https://good.example,{origin}"),
            )];
            let variable = variable
                .each_ref()
                .map(|(name, value)| (*name, value.as_str()));
            for refusal in [refusal(&file, &[], local), refusal("{}", &variable, local)] {
                let refusal = refusal.unwrap_or_default();
                let expected = format!("cors.allowedOrigins[1]: `{origin}` is no origin: ");
                assert!(refusal.starts_with(&expected), "{origin:?}: {refusal}");
            }
        }
    }
    let two = r#"{ "cors": { "allowedOrigins": ["https://a.example, https://b.example"] } }"#;
    let refused = refusal(two, &[], false).unwrap_or_default();
    assert!(
        refused.ends_with("one text is one origin, without commas and spaces"),
        "{refused}"
    );
    let good = r#"{ "cors": { "allowedOrigins": ["*", "https://app.example.com", "http://localhost:*",
        "http://127.0.0.1:*", "capacitor://localhost", "ionic://localhost"] } }"#;
    assert_eq!(refusal(good, &[], false), None);
}

#[test]
fn a_signing_secret_that_is_too_short_is_refused_and_not_shown() {
    for local in [false, true] {
        for refusal in [
            refusal(r#"{ "auth": { "jwtSecret": "five5" } }"#, &[], local),
            refusal(r#"{ "auth": { "jwtSecret": "" } }"#, &[], local),
            refusal("{}", &[("BAKEND_AUTH_JWT_SECRET", "five5")], local),
        ] {
            let refusal = refusal.unwrap_or_default();
            assert!(
                refusal.starts_with("auth.jwtSecret: must have at least 32 bytes"),
                "{refusal}"
            );
            assert!(!refusal.contains("five5"), "{refusal}");
        }
        let long = r#"{ "auth": { "jwtSecret": "a secret of thirty-two bytes or more" } }"#;
        assert_eq!(refusal(long, &[], local), None);
    }
}
