//! The ways to sign in of a line beside the password: accounts at providers, and an authenticator app.

use api::check::is_provider_name;
use api::{Code, Timestamp};
use auth::factor::TotpSecret;
use auth::passkey::MAX_METHODS;
use auth::provider::{Federated, Found, is_subject};
use auth::{User, email};
use serde_json::{Map, Value};

use super::member::{text, time};

/// The most bytes of an issuer.
const MAX_ISSUER: usize = 2048;

/// Takes the accounts at providers, each with the time since when it is linked.
pub(super) fn identities(
    fields: &mut Map<String, Value>,
    now: Timestamp,
    problems: &mut Vec<String>,
) -> Vec<(Found, Timestamp)> {
    let list = match fields.remove("identities") {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(list)) => list,
        Some(_) => {
            problems.push("`identities` must be a list.".to_owned());
            return Vec::new();
        }
    };
    let mut read = Vec::new();
    for (at, value) in list.into_iter().enumerate() {
        let mut wrong = Vec::new();
        read.extend(identity(value, now, &mut wrong));
        let wrong = wrong.into_iter();
        problems.extend(wrong.map(|reason| format!("`identities[{at}]`: {reason}")));
    }
    read
}

/// Reads an account at a provider; `None` where that has problems.
fn identity(
    value: Value,
    now: Timestamp,
    problems: &mut Vec<String>,
) -> Option<(Found, Timestamp)> {
    let Value::Object(mut fields) = value else {
        problems.push("must be an object.".to_owned());
        return None;
    };
    let mut needed = |name: &str, fits: fn(&str) -> bool, form: &str| {
        let text = text(&mut fields, name, problems);
        let text = text.filter(|text| fits(text));
        if text.is_none() {
            problems.push(format!("`{name}` must be {form}."));
        }
        text
    };
    let provider = needed("provider", is_provider_name, "the name of a provider");
    let issuer = needed("issuer", is_issuer, "the issuer as the provider writes it");
    let subject = needed("subject", is_subject, "the id that the provider gives");
    let address = text(&mut fields, "email", problems);
    let address = address.map(|it| email::known(&it)).transpose();
    let address = address.map_err(|detail| problems.push(detail.message));
    let linked_at = time(&mut fields, "linkedAt", now, problems);
    problems.extend(fields.keys().map(|name| format!("`{name}` is unknown.")));
    let found = Found {
        provider: provider?,
        issuer: issuer?,
        subject: subject?,
        email: address.ok()?,
        verified: false,
        authoritative: false,
        profile: Map::new(),
        auth_time: None,
    };
    problems
        .is_empty()
        .then(|| (found, linked_at.unwrap_or(now)))
}

fn is_issuer(text: &str) -> bool {
    (1..=MAX_ISSUER).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Takes the secret of an authenticator app.
pub(super) fn totp_secret(
    fields: &mut Map<String, Value>,
    problems: &mut Vec<String>,
) -> Option<TotpSecret> {
    let text = text(fields, "totpSecret", problems)?;
    let secret = TotpSecret::read(&text);
    if secret.is_none() {
        problems.push("`totpSecret` must be base32 of 160 to 512 bits.".to_owned());
    }
    secret
}

/// The user with these accounts at providers, and their identities.
///
/// # Errors
/// Two accounts are of one provider, or there are more than an account can have.
pub(super) fn linked(
    mut user: User,
    accounts: &[(Found, Timestamp)],
) -> Result<(User, Vec<Federated>), String> {
    let mut identities = Vec::new();
    for (found, at) in accounts {
        user = user.with_provider(found, *at).map_err(|error| {
            if error.code == Code::MethodLimit {
                format!("`identities` has more than {MAX_METHODS}.")
            } else {
                let provider = &found.provider;
                format!("`identities` has two of `{provider}`: an account has one of a provider.")
            }
        })?;
        identities.push(found.linked(user.id, *at));
    }
    Ok((user, identities))
}

#[cfg(test)]
mod tests {
    use api::Id;
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn read(identities: Value) -> Result<Vec<(Found, Timestamp)>, String> {
        let mut fields = Map::from_iter([("identities".to_owned(), identities)]);
        let mut problems = Vec::new();
        let read = super::identities(&mut fields, NOW, &mut problems);
        assert!(fields.is_empty(), "it is taken");
        match problems.is_empty() {
            true => Ok(read),
            false => Err(problems.join(" ")),
        }
    }

    fn google() -> Value {
        json!({ "provider": "google", "issuer": "https://accounts.google.com", "subject": "7" })
    }

    fn user() -> User {
        User::new(Id::new(NOW, [1; 10]), "ada@example.com".into(), false, NOW)
    }

    #[test]
    fn an_account_at_a_provider_is_a_method_and_an_identity() {
        let mut github = json!({ "provider": "github", "issuer": "https://api.github.com", "subject": "583231" });
        github["email"] = json!(" Ada@Example.com ");
        github["linkedAt"] = json!("2020-02-29T12:00:00Z");
        let accounts = read(json!([google(), github])).expect("two");
        let (user, identities) = linked(user(), &accounts).expect("linked");
        let keys: Vec<&str> = user.methods.keys().map(String::as_str).collect();
        assert_eq!(keys, ["provider#github#583231", "provider#google#7"]);
        assert_eq!(
            user.methods["provider#github#583231"].label,
            "ada@example.com"
        );
        assert_eq!(user.methods["provider#google#7"].label, "google");
        let [google, github] = identities.as_slice() else {
            panic!("{identities:?}");
        };
        assert_eq!(
            (google.key.as_str(), google.user, google.linked_at),
            ("provider#google#7", user.id, NOW)
        );
        assert_eq!(github.email.as_deref(), Some("ada@example.com"));
        assert_eq!(github.issuer, "https://api.github.com");
        assert_eq!(github.linked_at.to_string(), "2020-02-29T12:00:00.000Z");
        for none in [json!(null), json!([])] {
            assert_eq!(read(none), Ok(Vec::new()));
        }
    }

    #[test]
    fn what_is_no_account_at_a_provider_says_why() {
        let with = |name: &str, value: Value| {
            let mut one = google();
            one[name] = value;
            json!([google(), one])
        };
        let long = "x".repeat(256);
        for (identities, reason) in [
            (json!("google"), "`identities` must be a list."),
            (json!([1]), "`identities[0]`: must be an object."),
            (json!([{}]), "`identities[0]`: `provider` must be the name"),
            (
                with("provider", json!("Google")),
                "`identities[1]`: `provider` must be",
            ),
            (
                with("provider", json!("password")),
                "`provider` must be the name",
            ),
            (with("provider", json!(1)), "`provider` must be a string."),
            (with("issuer", json!("")), "`issuer` must be the issuer"),
            (with("issuer", json!(null)), "`issuer` must be the issuer"),
            (with("subject", json!("a b")), "`subject` must be the id"),
            (with("subject", json!(long)), "`subject` must be the id"),
            (with("subject", json!(7)), "`subject` must be a string."),
            (with("email", json!("ada")), "`email` must be"),
            (
                with("linkedAt", json!("2999-01-01")),
                "`linkedAt` must be a time that has been",
            ),
            (with("label", json!("x")), "`label` is unknown."),
        ] {
            let refused = read(identities.clone()).expect_err("refused");
            assert!(refused.contains(reason), "{identities}: {refused}");
        }
    }

    #[test]
    fn an_account_has_one_of_a_provider_and_not_too_many() {
        let two = read(json!([google(), google()])).expect("two");
        let refused = linked(user(), &two).expect_err("refused");
        assert!(refused.contains("two of `google`"), "{refused}");
        let many = |count: usize| {
            let many = (0..count).map(|at| {
                let mut one = google();
                one["provider"] = json!(format!("p{at}"));
                one
            });
            read(json!(many.collect::<Vec<_>>())).expect("many")
        };
        assert!(linked(user(), &many(MAX_METHODS)).is_ok());
        let refused = linked(user(), &many(MAX_METHODS + 1)).expect_err("refused");
        assert_eq!(
            refused,
            format!("`identities` has more than {MAX_METHODS}.")
        );
    }

    #[test]
    fn a_secret_that_is_refused_is_not_repeated() {
        let read = |value: Value| {
            let mut fields = Map::from_iter([("totpSecret".to_owned(), value)]);
            let mut problems = Vec::new();
            let secret = totp_secret(&mut fields, &mut problems);
            (secret.map(|it| it.base32()), problems.join(" "))
        };
        let text = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(
            read(json!(text.to_lowercase())),
            (Some(text.to_owned()), String::new())
        );
        assert_eq!(read(json!(null)), (None, String::new()));
        let wrong = (
            None,
            "`totpSecret` must be base32 of 160 to 512 bits.".to_owned(),
        );
        for text in ["", "GEZDGNBV", "not base32 at all, and long enough 1890"] {
            assert_eq!(read(json!(text)), wrong, "{text}");
        }
        assert_eq!(
            read(json!(7)),
            (None, "`totpSecret` must be a string.".to_owned())
        );
    }
}
