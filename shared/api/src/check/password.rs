//! The settings of passwords, and the rules of other systems that this one refuses.

use serde_json::Value;

use crate::settings::{Password, Problem};

/// Rules about kinds of characters, by the names of other systems.
const COMPOSITION: [&str; 4] = [
    "requireUppercase",
    "requireLowercase",
    "requireNumbers",
    "requireSpecialChars",
];

/// The age at which another system makes a password void.
const EXPIRY: &str = "expirationDays";

/// The most bytes of the address of a service.
const MOST_OF_URL: usize = 200;

/// Refuses, with the sentence that forbids them, rules about kinds of characters and about a password's age.
pub(super) fn refuse_foreign_rules(file: &Value) -> Result<(), Problem> {
    let password = file.pointer("/auth/password").and_then(Value::as_object);
    for name in password.into_iter().flat_map(|password| password.keys()) {
        let rule = if COMPOSITION.contains(&name.as_str()) {
            "impose other composition rules (such as mixtures of different character types) for passwords"
        } else if name == EXPIRY {
            "require users to change passwords periodically, only after a compromise"
        } else {
            continue;
        };
        return Err(Problem {
            path: format!("auth.password.{name}"),
            reason: format!(
                "is refused: verifiers SHALL NOT {rule} (NIST SP 800-63B-4, section 3.1.1.2); leave it out, and see \
                 `auth.password.preset`"
            ),
        });
    }
    Ok(())
}

/// Refuses lengths out of bounds, and a service of breaches that is not asked in secret. `http` is for a developer's machine.
pub(super) fn check_password(password: &Password, local: bool) -> Result<(), Problem> {
    let url = &password.breach_url;
    let fits = url.starts_with("https://") || local && url.starts_with("http://");
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic()) && !url.contains(['#', '\\']);
    if !(fits && is_plain && url.ends_with('/') && url.len() <= MOST_OF_URL) {
        return Err(Problem {
            path: "auth.password.breachUrl".to_owned(),
            reason: format!(
                "`{url}` must begin with https://, end with a slash, and have at most {MOST_OF_URL} bytes"
            ),
        });
    }
    for (name, length, least, most) in [
        ("minLength", password.min_length, 8, 64),
        ("maxLength", Some(password.max_length), 64, 128),
    ] {
        if let Some(length) = length
            && !(least..=most).contains(&length)
        {
            return Err(Problem {
                path: format!("auth.password.{name}"),
                reason: format!("{length} must be {least} to {most}"),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::settings::{Factor, Preset, Settings};

    fn read(json: &str, variable: (&str, &str)) -> Result<(Preset, usize), String> {
        let of = |name: &str| (name == variable.0).then(|| variable.1.to_owned());
        Settings::read(json, of, false)
            .map(|settings| settings.auth.password)
            .map(|password| (password.preset, password.least(Factor::Only)))
            .map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_preset_and_a_length_come_from_file_or_environment() {
        let file = |password: &str| format!(r#"{{"auth":{{"password":{password}}}}}"#);
        let length = "BAKEND_AUTH_PASSWORD_MIN_LENGTH";
        for (password, variable, expected) in [
            ("{}", ("", ""), (Preset::Basic, 8)),
            (r#"{"preset":"nist"}"#, ("", ""), (Preset::Nist, 15)),
            (
                r#"{"preset":"nist","minLength":9}"#,
                ("", ""),
                (Preset::Nist, 9),
            ),
            (r#"{"preset":"owasp"}"#, (length, "12"), (Preset::Owasp, 12)),
            (r#"{"minLength":9}"#, (length, "12"), (Preset::Basic, 12)),
            (
                "{}",
                ("BAKEND_AUTH_PASSWORD_PRESET", "nist"),
                (Preset::Nist, 15),
            ),
        ] {
            assert_eq!(read(&file(password), variable), Ok(expected), "{password}");
        }
        let nist = Settings::read(&file(r#"{"preset":"nist"}"#), |_| None, false);
        let nist = nist.unwrap_or_else(|why| panic!("{why}")).auth.password;
        assert_eq!(nist.least(Factor::OneOfTwo), 8);
        for (password, variable, reason) in [
            (
                r#"{"minLength":7}"#,
                ("", ""),
                "minLength: 7 must be 8 to 64",
            ),
            (
                r#"{"minLength":8.5}"#,
                ("", ""),
                "minLength: 8.5 is not a whole number",
            ),
            (
                r#"{"minLength":[8]}"#,
                ("", ""),
                "minLength: [8] is not a whole number",
            ),
            (
                "{}",
                (length, "eight"),
                "minLength: \"eight\" is not a whole number",
            ),
            ("{}", (length, "65"), "minLength: 65 must be 8 to 64"),
            (
                r#"{"preset":"strong"}"#,
                ("", ""),
                "preset: unknown variant `strong`",
            ),
        ] {
            let text = read(&file(password), variable).expect_err("refused");
            assert!(
                text.starts_with(&format!("auth.password.{reason}")),
                "{text}"
            );
        }
    }

    #[test]
    fn expiry_and_composition_are_refused_with_the_sentence_that_forbids_them() {
        for (name, value, rule) in [
            ("requireUppercase", "true", "composition rules"),
            ("requireLowercase", "true", "composition rules"),
            ("requireNumbers", "false", "composition rules"),
            ("requireSpecialChars", "true", "composition rules"),
            ("expirationDays", "90", "periodically"),
        ] {
            let file = format!(r#"{{"auth":{{"password":{{"{name}":{value}}}}}}}"#);
            let text = read(&file, ("", "")).expect_err("refused");
            for part in [
                &format!("auth.password.{name}: "),
                rule,
                "NIST SP 800-63B-4",
            ] {
                assert!(text.contains(part), "{text}");
            }
        }
    }
}
