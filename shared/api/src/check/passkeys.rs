//! The settings of passkeys, checked.

use serde_json::{Map, Value};

use crate::origin;
use crate::settings::{ANDROID, LOCAL_ORIGIN, LOCAL_RP, Passkeys, Problem};
use crate::value::is_label;

const MAX_NAME: usize = 64;
const MAX_ORIGINS: usize = 20;
/// The length of a SHA-256 in base64url.
const HASH: usize = 43;

/// Refuses a relying party that is no domain, and origins that no passkey of it could be used on.
pub(super) fn check_passkeys(passkeys: &Passkeys, local: bool) -> Result<(), Problem> {
    let problem = |key: &str, reason: &str| {
        Err(Problem {
            path: format!("auth.passkeys.{key}"),
            reason: reason.to_owned(),
        })
    };
    let Some(rp_id) = passkeys.rp_id.as_deref() else {
        if passkeys.origins.is_empty() && passkeys.rp_name.is_none() {
            return Ok(());
        }
        return problem(
            "rpId",
            "is not set, and passkeys need it: the domain that they are bound to",
        );
    };
    let is_domain = rp_id.contains('.')
        && rp_id.len() <= 253
        && rp_id
            .split('.')
            .all(|label| is_label(label) && !has_upper(label))
        && !rp_id.ends_with(|last: char| last.is_ascii_digit());
    let is_known = is_domain || local && rp_id == LOCAL_RP;
    if !is_known {
        return problem(
            "rpId",
            "must be a domain in lower case, such as example.com",
        );
    }
    if passkeys.rp_name.as_ref().is_some_and(|name| !is_name(name)) {
        return problem(
            "rpName",
            "must have 1 to 64 bytes without control characters",
        );
    }
    if !(1..=MAX_ORIGINS).contains(&passkeys.origins.len()) {
        return problem("origins", "must have 1 to 20 origins");
    }
    for (at, entry) in passkeys.origins.iter().enumerate() {
        if let Some(fault) = fault(entry, rp_id, local) {
            return problem(&format!("origins[{at}]"), &format!("`{entry}` {fault}"));
        }
    }
    Ok(())
}

/// Lets passkeys be used on the developer's own machine, unless the file names a relying party or origins.
pub(super) fn use_localhost(file: &mut Value) {
    let auth = file.as_object_mut().map(|file| {
        file.entry("auth")
            .or_insert_with(|| Value::Object(Map::new()))
    });
    if let Some(auth) = auth.and_then(Value::as_object_mut) {
        let own = serde_json::json!({ "rpId": LOCAL_RP, "origins": [LOCAL_ORIGIN] });
        auth.entry("passkeys").or_insert(own);
    }
}

/// Tells why passkeys of this relying party cannot be used on an origin.
fn fault(entry: &str, rp_id: &str, local: bool) -> Option<&'static str> {
    if let Some(hash) = entry.strip_prefix(ANDROID) {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_hash = hash.len() == HASH && hash.bytes().all(fits);
        return (!is_hash)
            .then_some("must end in the SHA-256 of a certificate, 43 characters of base64url");
    }
    if let Some(fault) = origin::fault(entry) {
        return Some(fault);
    }
    let (scheme, rest) = entry.split_once("://")?;
    let host = rest.split(':').next().unwrap_or_default();
    let is_own = host == LOCAL_RP && local;
    if scheme != "https" && !(is_own && scheme == "http") {
        return Some("must begin with https://, or locally with http://localhost");
    }
    if rest.ends_with(":443") {
        return Some("must leave the port 443 out, as browsers do");
    }
    if rest.ends_with(":*") && !local {
        return Some("is for BAKEND_ENV=local only");
    }
    let is_under = host
        .strip_suffix(rp_id)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    (!is_under).then_some("must be of `rpId` or of a subdomain (WebAuthn Level 3, section 13.4.9)")
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(char::is_control)
}

fn has_upper(label: &str) -> bool {
    label.bytes().any(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn read(json: &str, local: bool) -> Result<Passkeys, String> {
        let read = Settings::read(json, |_| None, local);
        read.map(|it| it.auth.passkeys)
            .map_err(|problem| problem.to_string())
    }

    #[test]
    fn passkeys_are_off_until_a_relying_party_is_named_but_for_a_developers_machine() {
        assert_eq!(read("{}", false), Ok(Passkeys::default()));
        let local = read("{}", true).expect("valid");
        assert_eq!(local.rp_id.as_deref(), Some("localhost"));
        assert!(local.permits("http://localhost:3000") && local.permits("http://localhost"));
        let off = r#"{"auth":{"passkeys":{}}}"#;
        assert_eq!(read(off, true), Ok(Passkeys::default()));
    }

    #[test]
    fn every_origin_is_of_the_relying_party() {
        let hash = "a".repeat(43);
        let file = |rp: &str, origins: &str| {
            format!(r#"{{"auth":{{"passkeys":{{"rpId":"{rp}","origins":[{origins}]}}}}}}"#)
        };
        for (rp, origins, local) in [
            ("example.com", r#""https://example.com""#.to_owned(), false),
            (
                "example.com",
                format!(r#""https://app.example.com:8443", "android:apk-key-hash:{hash}""#),
                false,
            ),
            ("localhost", r#""http://localhost:*""#.to_owned(), true),
        ] {
            assert!(read(&file(rp, &origins), local).is_ok(), "{rp} {origins}");
        }
        for (rp, origins, expected) in [
            ("", "", "auth.passkeys.rpId: must be a domain"),
            (
                "com",
                r#""https://com""#,
                "auth.passkeys.rpId: must be a domain",
            ),
            (
                "1.2.3.4",
                r#""https://1.2.3.4""#,
                "auth.passkeys.rpId: must be",
            ),
            ("Example.com", "", "auth.passkeys.rpId: must be a domain"),
            ("https://example.com", "", "auth.passkeys.rpId: must be"),
            ("localhost", "", "auth.passkeys.rpId: must be"),
            (
                "example.com",
                "",
                "auth.passkeys.origins: must have 1 to 20",
            ),
            (
                "example.com",
                r#""https://badexample.com""#,
                "auth.passkeys.origins[0]: `https://badexample.com` must be of `rpId`",
            ),
            (
                "app.example.com",
                r#""https://app.example.com", "https://example.com""#,
                "auth.passkeys.origins[1]: `https://example.com` must be of `rpId`",
            ),
            (
                "example.com",
                r#""http://example.com""#,
                "auth.passkeys.origins[0]: `http://example.com` must begin with https",
            ),
            (
                "example.com",
                r#""https://example.com/""#,
                "auth.passkeys.origins[0]: `https://example.com/` an origin ends",
            ),
            (
                "example.com",
                r#""https://example.com:443""#,
                "auth.passkeys.origins[0]: `https://example.com:443` must leave",
            ),
            (
                "example.com",
                r#""android:apk-key-hash:x""#,
                "auth.passkeys.origins[0]: `android:apk-key-hash:x` must end",
            ),
        ] {
            let reason = read(&file(rp, origins), false).err().unwrap_or_default();
            assert!(reason.starts_with(expected), "{rp} {origins}: {reason}");
        }
        let nobody = r#"{"auth":{"passkeys":{"origins":["https://example.com"]}}}"#;
        let reason = read(nobody, false).err().unwrap_or_default();
        assert!(
            reason.starts_with("auth.passkeys.rpId: is not set"),
            "{reason}"
        );
    }

    #[test]
    fn an_origin_is_compared_as_a_whole() {
        let passkeys = Passkeys {
            origins: vec![
                "https://app.example.com".to_owned(),
                LOCAL_ORIGIN.to_owned(),
            ],
            ..Passkeys::default()
        };
        for (origin, expected) in [
            ("https://app.example.com", true),
            ("https://app.example.com/", false),
            ("https://app.example.com:443", false),
            ("https://APP.example.com", false),
            ("http://app.example.com", false),
            ("https://x.app.example.com", false),
            ("http://localhost:3000", true),
            ("http://localhost:3000.evil.example", false),
            ("http://localhost.evil.example", false),
        ] {
            assert_eq!(passkeys.permits(origin), expected, "{origin}");
        }
    }
}
