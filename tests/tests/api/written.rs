//! The last test by name, so the last that starts: the tables and logs after the whole suite, in which no secret is.

use blackbox::{shown, stack};
use serde_json::{Value, json};

/// The beginning of a password's hash.
const HASH: &str = "$2b$";

/// The one table that has the hashes of passwords.
const HASHES: &str = "local-_users";

#[test]
fn nothing_that_a_reply_has_shown_is_in_a_table_or_a_log() {
    let Some(inside) = stack().inside() else {
        return;
    };
    // The test may run alone; then there is one session at least.
    let member = stack().member();
    assert!(shown::count() > 1);
    let mut has_member = false;
    for table in inside.template.tables().unwrap() {
        let mut request = json!({ "TableName": table.name });
        loop {
            let page = inside.dynamo.engine().call("Scan", &request).unwrap();
            let text = page["Items"].to_string();
            assert_eq!(shown::found_in(&text), [""; 0], "{}", table.name);
            assert!(table.name == HASHES || !text.contains(HASH));
            has_member |= text.contains(member.id());
            if page["LastEvaluatedKey"] == Value::Null {
                break;
            }
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
        }
    }
    assert!(has_member, "the tables are those of the suite");
    for log in [inside.logs(None), inside.emulator_log()] {
        assert_eq!(shown::found_in(&log), [""; 0]);
        assert!(!log.contains(HASH));
    }
    println!("{} secrets were looked for", shown::count());
}

/// No token, no verifier and no refresh token is in an address that any reply of the suite has led to (RFC 9700, section
/// 4.3.2).
#[test]
fn nothing_that_is_secret_is_in_an_address_that_a_reply_leads_to() {
    // The test may run alone; then there is one sign-in at least.
    let Some(address) = crate::providers::led_to() else {
        return;
    };
    let all = shown::led_to();
    assert!(all.contains(&address) && shown::count() > 1);
    for address in &all {
        assert_eq!(shown::found_in(address), [""; 0], "{address}");
        for name in [
            "token=",
            "refreshToken",
            "accessToken",
            "id_token",
            "verifier=",
        ] {
            assert!(!address.contains(name), "{address}");
        }
    }
    println!("{} addresses were looked at", all.len());
}

/// It finds one that is there.
#[test]
fn a_secret_that_is_kept_would_be_found() {
    let member = stack().member();
    let text = format!("{{\"S\":\"a {}\"}}", member.refresh_token);
    assert_eq!(shown::found_in(&text).len(), 1);
    assert_eq!(shown::found_in(member.id()), [""; 0]);
}
