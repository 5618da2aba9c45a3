//! The body of a profile, checked against `users.fields`.

use serde_json::{Map, Value};

use crate::definition::{Field, ProfileField};
use crate::error::{Code, Detail, Error};
use crate::record::input::Write;
use crate::record::value::{Checker, Place, add_defaults};
use crate::wire::UNKNOWN;

/// The most bytes of a profile as JSON: every request of a user reads it.
pub const MAX_PROFILE: usize = 32 * 1024;

/// Applies a body to the profile before it. Values of undeclared fields stay, unseen.
///
/// # Errors
/// `common/validation-failed` with a detail for each field that is not declared, missing or breaks a constraint (the
/// first twenty); `data/record-too-large` beyond 32 KiB.
pub fn profile(
    declared: &[ProfileField],
    before: &Map<String, Value>,
    body: Map<String, Value>,
    write: Write,
) -> Result<Map<String, Value>, Error> {
    let (profile, details) = apply(declared, before, body, write);
    if !details.is_empty() {
        return Err(Error::invalid(details));
    }
    if serde_json::to_string(&profile).map_or(usize::MAX, |text| text.len()) > MAX_PROFILE {
        return Err(Error::new(Code::RecordTooLarge)
            .with_message("The profile would be larger than 32 KiB."));
    }
    Ok(profile)
}

fn apply(
    declared: &[ProfileField],
    before: &Map<String, Value>,
    mut body: Map<String, Value>,
    write: Write,
) -> (Map<String, Value>, Vec<Detail>) {
    let fields: Vec<Field> = declared.iter().map(|field| field.field.clone()).collect();
    let mut checker = Checker::default();
    if write != Write::Merge {
        add_defaults(&fields, &mut body);
        for field in fields.iter().filter(|field| field.required) {
            body.entry(field.name.clone()).or_insert(Value::Null);
        }
    }
    let mut profile = before.clone();
    for (name, value) in body {
        match declared.iter().find(|field| field.field.name == name) {
            None => checker.fault(Place::Field(&name), "unknown-field", UNKNOWN),
            Some(field) if value.is_null() && field.field.required => {
                checker.fault(Place::Field(&name), "required", "is required");
            }
            Some(_) if value.is_null() => {
                profile.remove(&name);
            }
            Some(field) => {
                if let Some(value) = checker.stored(&field.field, value) {
                    if field.is_username() && !value.as_str().is_some_and(is_username) {
                        let reason = "must have 3 to 50 characters, letters, digits, `_`, `.` and `-`, and not be a reserved word";
                        checker.fault(Place::Field(&name), "format", reason);
                    }
                    profile.insert(name, value);
                }
            }
        }
    }
    (profile, checker.details)
}

/// Names that end other paths beside that of public profiles.
const NO_USERNAMES: &[&str] = &["password", "sessions"];

/// Whether a text can be a username.
#[must_use]
pub fn is_username(text: &str) -> bool {
    (3..=50).contains(&text.len())
        && !NO_USERNAMES
            .iter()
            .any(|reserved| reserved.eq_ignore_ascii_case(text))
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn declared() -> Vec<ProfileField> {
        let fields = json!([
            { "name": "username", "type": "string", "public": true },
            { "name": "name", "type": "string", "required": true, "maxLength": 5 },
            { "name": "level", "type": "integer", "default": 1 },
            { "name": "bio", "type": "string" },
            { "name": "born", "type": "date" },
        ]);
        serde_json::from_value(fields).expect("fields")
    }

    fn of(before: Value, body: Value, write: Write) -> Result<Value, Vec<(String, String)>> {
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        let made = profile(&declared(), &object(before), object(body), write);
        let details = |error: Error| {
            error
                .details
                .into_iter()
                .map(|detail| (detail.field, detail.code))
                .collect()
        };
        made.map(Value::Object).map_err(details)
    }

    fn refused(body: Value, write: Write, field: &str, code: &str) {
        let expected = vec![(field.to_owned(), code.to_owned())];
        assert_eq!(
            of(json!({ "name": "a" }), body.clone(), write),
            Err(expected),
            "{body}"
        );
    }

    #[test]
    fn a_new_profile_has_what_is_required_and_the_defaults() {
        let made = of(
            json!({}),
            json!({ "name": "Ada", "bio": null }),
            Write::Create,
        );
        assert_eq!(made, Ok(json!({ "name": "Ada", "level": 1 })));
        let made = of(
            json!({}),
            json!({ "name": "Ada", "level": 7, "username": "Ada.L_1-x" }),
            Write::Create,
        );
        assert_eq!(
            made,
            Ok(json!({ "name": "Ada", "level": 7, "username": "Ada.L_1-x" }))
        );
        let made = of(
            json!({}),
            json!({ "name": "Ada", "born": "1815-12-10" }),
            Write::Create,
        );
        assert_eq!(
            made,
            Ok(json!({ "name": "Ada", "level": 1, "born": "1815-12-10T00:00:00.000Z" }))
        );
        refused(json!({}), Write::Create, "name", "required");
        refused(json!({ "name": null }), Write::Create, "name", "required");
    }

    #[test]
    fn a_merge_keeps_what_it_leaves_out() {
        let before = json!({ "name": "Ada", "bio": "x", "once": "declared" });
        let made = of(
            before.clone(),
            json!({ "bio": null, "level": 2 }),
            Write::Merge,
        );
        assert_eq!(
            made,
            Ok(json!({ "name": "Ada", "level": 2, "once": "declared" }))
        );
        assert_eq!(of(before.clone(), json!({}), Write::Merge), Ok(before));
        refused(json!({ "name": null }), Write::Merge, "name", "required");
        refused(
            json!({ "once": "more" }),
            Write::Merge,
            "once",
            "unknown-field",
        );
    }

    #[test]
    fn what_is_not_declared_or_does_not_fit_is_named() {
        for name in [
            "role",
            "id",
            "email",
            "disabled",
            "auth_version",
            "profile",
            "createdAt",
            "__proto__",
            "",
        ] {
            for write in [Write::Create, Write::Merge] {
                refused(
                    json!({ "name": "a", name: "admin" }),
                    write,
                    name,
                    "unknown-field",
                );
            }
        }
        for (body, field, code) in [
            (json!({ "name": 1 }), "name", "type"),
            (json!({ "name": "too long" }), "name", "max-length"),
            (json!({ "level": 1.5 }), "level", "type"),
            (json!({ "bio": "a\u{0}" }), "bio", "nul"),
        ] {
            refused(body, Write::Merge, field, code);
        }
    }

    #[test]
    fn a_username_has_3_to_50_plain_characters() {
        for name in ["ada", "ADA", "a.b-c_9", "...", &"x".repeat(50)] {
            assert!(
                of(json!({}), json!({ "username": name }), Write::Merge).is_ok(),
                "{name}"
            );
        }
        for name in [
            "",
            "ab",
            " ada",
            "ada ",
            "a/b",
            "a#b",
            "ädä",
            "a b",
            "a@b",
            "ada\n",
            "Sessions",
            "password",
            &"x".repeat(51),
        ] {
            refused(
                json!({ "username": name }),
                Write::Merge,
                "username",
                "format",
            );
        }
    }

    #[test]
    fn a_profile_is_bounded() {
        let error = |bytes: usize| {
            let body = Map::from_iter([("bio".to_owned(), json!("x".repeat(bytes)))]);
            profile(&declared(), &Map::new(), body, Write::Merge)
                .map(|_| ())
                .map_err(|error| error.code)
        };
        assert_eq!(error(MAX_PROFILE - 10), Ok(()));
        assert_eq!(error(MAX_PROFILE), Err(Code::RecordTooLarge));
    }
}
