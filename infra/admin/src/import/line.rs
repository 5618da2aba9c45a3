//! One line of an import: a user as another system, or `cargo admin export`, writes it.

use api::record::{Write, profile};
use api::settings::Settings;
use api::{Id, Timestamp};
use auth::factor::TotpSecret;
use auth::provider::split_key;
use auth::user::check_role;
use auth::{User, email, password};
use serde_json::{Map, Value};
use store::Ways;

use super::member::{text, time};
use super::ways::{identities, linked, totp_secret};

/// A user to be made, and the ways to sign in.
#[derive(Debug, PartialEq)]
pub(crate) struct Newcomer {
    /// The user.
    pub(crate) user: User,
    /// The ways to sign in, if the line has any; without one no sign-in succeeds until a password is set.
    pub(crate) ways: Ways,
    /// The secret of an authenticator app, which is not sealed yet.
    pub(crate) totp: Option<TotpSecret>,
    /// The mark that tells this line from every other, and recognises the same line again: an interrupted import skips
    /// the users that it has made.
    pub(crate) mark: String,
}

impl Newcomer {
    /// The address, else the name of a provider and the id of the account there.
    pub(crate) fn name(&self) -> String {
        let account = || {
            let first = self.ways.identities.first()?;
            let (provider, subject) = split_key(&first.key)?;
            Some(format!("{provider} {subject}"))
        };
        let address = self.user.email.clone();
        address.or_else(account).unwrap_or_default()
    }
}

/// The identity of a user of another system.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The mark of the user, by which another run recognises it whatever else has changed.
    pub(crate) mark: String,
    /// The id that the user got in an earlier run.
    pub(crate) id: Option<Id>,
}

/// Reads a line: a JSON object with `email` or `identities`, and as there is need `passwordHash`, `role`, `id`, `createdAt`,
/// `disabled`, `emailVerifiedAt`, `totpSecret` and profile fields. `now` is when the account was made if the line does not
/// say it, `random` is for its id. A line of another system has an `origin` in place of an id.
///
/// # Errors
/// Every problem of the line, in words that never repeat a hash or a secret.
pub(crate) fn parse(
    mut fields: Map<String, Value>,
    settings: &Settings,
    now: Timestamp,
    (random, origin): ([u8; 10], Option<Origin>),
) -> Result<Newcomer, String> {
    let mut problems = Vec::new();

    let (mark, known_id) = match origin {
        Some(origin) => (origin.mark, origin.id),
        None => (auth::user::import_mark(&fields), None),
    };
    let accounts = identities(&mut fields, now, &mut problems);
    let email = text(&mut fields, "email", &mut problems);
    if email.is_none() && accounts.is_empty() && problems.is_empty() {
        problems.push("`email` is required without `identities`.".to_owned());
    }
    let has_email = email.is_some();
    let email = email.and_then(|email| {
        // A line with an id is an account that was there before: its address is what it signs in with.
        let read = match fields.contains_key("id") {
            true => email::known(&email),
            false => email::normalise(&email),
        };
        read.map_err(|detail| problems.push(detail.message)).ok()
    });
    let password_hash = text(&mut fields, "passwordHash", &mut problems);
    if let Some(Err(reason)) = password_hash.as_deref().map(password::check_hash) {
        problems.push(format!("`passwordHash` {reason}."));
    }
    let totp = totp_secret(&mut fields, &mut problems);
    if fields.get("role").is_some_and(Value::is_null) {
        problems.push("`role` must be a string.".to_owned());
    }
    let role = text(&mut fields, "role", &mut problems)
        .unwrap_or_else(|| auth::user::AUTHENTICATED.to_owned());
    problems.extend(
        check_role(&role, &settings.auth)
            .err()
            .map(|detail| detail.message),
    );
    let created_at = time(&mut fields, "createdAt", now, &mut problems);
    let email_verified_at = time(&mut fields, "emailVerifiedAt", now, &mut problems);
    if !has_email && !accounts.is_empty() {
        let of_address = [
            ("passwordHash", password_hash.is_some()),
            ("emailVerifiedAt", email_verified_at.is_some()),
        ];
        let of_address = of_address.iter().filter(|(_, is_there)| *is_there);
        problems.extend(of_address.map(|(name, _)| format!("`{name}` needs `email`.")));
    }
    let id = text(&mut fields, "id", &mut problems).and_then(|text| {
        let id = text.parse::<Id>().ok();
        let problem = match id {
            None => "`id` must be a UUIDv7 in lower case; leave it out to have one made.",
            // It would stay the newest for ever.
            Some(id) if id.created_at() > now => {
                "`id` must have a time that has been; leave it out to have one made."
            }
            Some(_) => return id,
        };
        problems.push(problem.to_owned());
        None
    });
    let disabled = match fields.remove("disabled") {
        None => false,
        Some(Value::Bool(disabled)) => disabled,
        Some(_) => {
            problems.push("`disabled` must be true or false.".to_owned());
            false
        }
    };
    let profile = match profile(&settings.users.fields, &Map::new(), fields, Write::Create) {
        Ok(profile) => profile,
        Err(error) => {
            problems.extend(error.details.iter().map(|detail| detail.message.clone()));
            if error.details.is_empty() {
                problems.push(error.message);
            }
            Map::new()
        }
    };

    let id = id.or(known_id);
    let created_at = created_at.or_else(|| id.map(Id::created_at)).unwrap_or(now);
    let id = id.unwrap_or_else(|| Id::new(created_at, random));
    let user = User {
        role,
        disabled,
        profile,
        email,
        email_verified_at,
        mfa: totp.as_ref().map(|_| now),
        ..User::new(id, String::new(), false, created_at)
    };
    let (user, identities) = match linked(user, &accounts) {
        Ok(linked) if problems.is_empty() => linked,
        result => {
            problems.extend(result.err());
            return Err(problems.join(" "));
        }
    };
    Ok(Newcomer {
        user,
        ways: Ways {
            password_hash,
            identities,
            factor: None,
        },
        totp,
        mark,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rows::object;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
    const HASH: &str = "$2y$12$JkRVk2mZ5VJ3kbm3ZQpTWuRz7h3dN2jCmJrtkH7y6lT0mJj5cY2mG";
    const SECOND: std::time::Duration = std::time::Duration::from_secs(1);
    const ID: &str = "0197a3b0-0000-7000-8000-000000000001";

    fn settings() -> Settings {
        let json = json!({ "auth": { "roles": ["editor"] }, "users": { "fields": [
            { "name": "username", "type": "string", "public": true }, { "name": "level", "type": "integer", "max": 9 } ] } });
        Settings::read(&json.to_string(), |_| None, false)
            .unwrap_or_else(|problem| panic!("{problem}"))
    }

    fn read(line: &str) -> Result<Newcomer, String> {
        parse(object(line.as_bytes())?, &settings(), NOW, ([7; 10], None))
    }

    #[test]
    fn a_line_is_a_user() {
        let whole = json!({ "email": " Ada@Example.com ", "passwordHash": HASH, "role": "editor", "id": ID,
            "createdAt": "2020-02-29T12:00:00+01:00", "disabled": true, "username": "Ada", "level": 7 });
        let newcomer = read(&whole.to_string()).expect("a user");
        let user = newcomer.user;
        assert_eq!(
            (user.email.as_deref(), user.role.as_str(), user.disabled),
            (Some("ada@example.com"), "editor", true)
        );
        assert_eq!((user.id.to_string().as_str(), user.auth_version), (ID, 1));
        assert_eq!(user.created_at.to_string(), "2020-02-29T11:00:00.000Z");
        assert_eq!(
            Value::Object(user.profile),
            json!({ "username": "Ada", "level": 7 })
        );
        assert_eq!(newcomer.ways.password_hash.as_deref(), Some(HASH));

        let least = read(r#"{"email":"a@b","passwordHash":null}"#).expect("a user");
        assert_eq!(
            (least.user.role.as_str(), least.user.disabled),
            ("authenticated", false)
        );
        assert_eq!(
            (least.user.created_at, least.user.id),
            (NOW, Id::new(NOW, [7; 10]))
        );
        assert_eq!((least.ways, least.totp), (Ways::default(), None));
    }

    /// An export of a stack whose accounts have addresses of before moves whole.
    #[test]
    fn a_line_with_an_id_keeps_the_address_that_its_account_signs_in_with() {
        let line = |id: bool| {
            let mut line = json!({ "email": "Ada(Work)@example.com" });
            if id {
                line["id"] = json!(ID);
            }
            read(&line.to_string()).map(|newcomer| newcomer.user.email)
        };
        assert_eq!(line(true), Ok(Some("ada(work)@example.com".to_owned())));
        assert!(line(false).is_err());
    }

    #[test]
    fn an_id_and_a_time_go_together() {
        let by_id = read(&json!({ "email": "a@b", "id": ID }).to_string())
            .expect("a user")
            .user;
        assert_eq!(by_id.created_at, by_id.id.created_at());
        let by_time = read(r#"{"email":"a@b","createdAt":"2020-01-01"}"#)
            .expect("a user")
            .user;
        assert_eq!(
            by_time.id.created_at(),
            by_time.created_at,
            "so that it is where it belongs among the newest"
        );
    }

    #[test]
    fn an_account_at_a_provider_stands_for_the_address_but_has_no_password() {
        let google = json!({ "provider": "google", "issuer": "https://accounts.google.com", "subject": "7#8" });
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let line = json!({ "identities": [google], "totpSecret": secret, "email": null });
        let newcomer = read(&line.to_string()).expect("a user");
        assert_eq!(newcomer.name(), "google 7#8");
        let Newcomer {
            user, ways, totp, ..
        } = newcomer;
        assert_eq!((&user.email, user.mfa), (&None, Some(NOW)));
        assert_eq!(totp.map(|it| it.base32()).as_deref(), Some(secret));
        let [identity] = ways.identities.as_slice() else {
            panic!("{ways:?}");
        };
        assert!(user.methods.contains_key(&identity.key) && identity.user == user.id);
        for (name, value) in [("passwordHash", HASH), ("emailVerifiedAt", "2020-01-01")] {
            let mut line = line.clone();
            line[name] = json!(value);
            let refused = read(&line.to_string()).expect_err("refused");
            assert_eq!(refused, format!("`{name}` needs `email`."));
            line["email"] = json!("a@b");
            let newcomer = read(&line.to_string()).expect("a user");
            assert_eq!(newcomer.name(), "a@b");
        }
        let twice = read(&json!({ "identities": [google, google] }).to_string());
        assert!(twice.expect_err("refused").contains("two of `google`"));
    }

    #[test]
    fn a_user_of_another_system_has_the_mark_of_its_id_there_and_the_id_of_the_run_before() {
        let origin = |id: Option<&str>| Origin {
            mark: "mark".to_owned(),
            id: id.and_then(|id| id.parse().ok()),
        };
        let line = |origin| {
            let line = object(br#"{"email":"a@b","createdAt":"2020-01-01"}"#).expect("a line");
            parse(line, &settings(), NOW, ([7; 10], Some(origin))).expect("a user")
        };
        let first = line(origin(None));
        assert_eq!(first.mark, "mark");
        assert_eq!(first.user.id, Id::new(first.user.created_at, [7; 10]));
        let again = line(origin(Some(ID)));
        assert_eq!(again.user.id.to_string(), ID);
        assert_eq!(again.user.created_at, first.user.created_at);
    }

    #[test]
    fn the_same_line_has_the_same_mark() {
        let mark = |line: &str| read(line).expect("a user").mark;
        let line = r#"{"email":"a@b","level":1}"#;
        assert_eq!(mark(line), mark(r#" { "level" : 1, "email" : "a@b" }"#));
        for other in [
            r#"{"email":"a@b"}"#,
            r#"{"email":"a@b","level":2}"#,
            r#"{"email":"a@b","level":1,"role":"admin"}"#,
        ] {
            assert_ne!(mark(line), mark(other));
        }
    }

    #[test]
    fn what_is_refused_says_why_and_never_repeats_a_hash() {
        let with = |name: &str, value: Value| {
            let mut line = json!({ "email": "a@b", "passwordHash": HASH });
            line[name] = value;
            line.to_string()
        };
        for (line, reason) in [
            ("".to_owned(), "is not JSON"),
            (
                r#"{"passwordHash":"$2b$10$secret"#.to_owned(),
                "is not JSON: character",
            ),
            ("[]".to_owned(), "is not a JSON object"),
            ("{}".to_owned(), "`email` is required without `identities`."),
            (with("email", json!(1)), "`email` must be a string."),
            (
                with("email", json!("ada")),
                "`email` must be an email address.",
            ),
            (
                with("passwordHash", json!("secret")),
                "`passwordHash` is not a bcrypt hash",
            ),
            (
                with("passwordHash", json!(HASH.replace("$12$", "$17$"))),
                "over 16",
            ),
            (
                with("passwordHash", json!(1)),
                "`passwordHash` must be a string.",
            ),
            (
                with("role", json!("chief")),
                "`role` must be one of: admin, authenticated, editor.",
            ),
            (
                with("role", json!("public")),
                "`role` must be one of: admin, authenticated, editor.",
            ),
            (with("id", json!("1")), "`id` must be a UUIDv7"),
            (
                with("id", json!("550e8400-e29b-41d4-a716-446655440000")),
                "`id` must be a UUIDv7",
            ),
            (
                with("id", json!(Id::new(NOW.after(SECOND), [7; 10]))),
                "`id` must have a time that has been",
            ),
            (
                with("createdAt", json!("yesterday")),
                "`createdAt` must be a time",
            ),
            (
                with("createdAt", json!("2999-01-01")),
                "`createdAt` must be a time that has been",
            ),
            (
                with("disabled", json!("no")),
                "`disabled` must be true or false.",
            ),
            (with("level", json!(10)), "`level`"),
            (with("username", json!("a b")), "`username`"),
            (with("password", json!("plain")), "`password`"),
            (with("identities", json!([7])), "`identities[0]`"),
            (with("totpSecret", json!("secret")), "`totpSecret` must be"),
            (with("authVersion", json!(1)), "`authVersion`"),
        ] {
            let refused = read(&line).expect_err("refused");
            assert!(
                refused.contains(reason) && !refused.contains("secret"),
                "{line}: {refused}"
            );
        }
        let two = read(r#"{"email":"x","role":"chief"}"#).expect_err("refused");
        assert_eq!(
            two,
            "`email` must be an email address. `role` must be one of: admin, authenticated, editor."
        );
        let latin = object(b"{\"email\":\"\xff\"}");
        assert_eq!(latin, Err("is not UTF-8".to_owned()));
    }
}
