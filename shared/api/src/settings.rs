//! The settings: `bakend.json`, overridden key by key by the environment.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use crate::definition::{ProfileField, profile_problems};
use crate::rule::is_role;

/// What a role cannot be called: the roles that there always are, and the words of rules.
const GROUPS: &[&str] = &[
    "admin",
    "authenticated",
    "public",
    "guest",
    "user",
    "owner",
    "self",
];

/// Everything that can be set. A key `a.bC` is `BAKEND_A_B_C` in the environment; lists are comma-separated there, or
/// JSON.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// Sign-up, sign-in and sessions.
    pub auth: Auth,
    /// Who may call from a browser.
    pub cors: Cors,
    /// What is known of a user.
    pub users: Users,
}

/// What is known of a user.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Users {
    /// The profile fields: declared as fields of a collection are, with `public` for what strangers see.
    pub fields: Vec<ProfileField>,
}

/// Sign-up, sign-in and sessions.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Auth {
    /// The signing secret, at least 32 bytes. Absent: a random one is kept in the `_settings` table.
    pub jwt_secret: Option<String>,
    /// Lifetime of an access token, 1 s to 24 h.
    pub access_token_ttl: Span,
    /// Lifetime of a refresh token from its last use, up to `sessionMaxAge`.
    pub refresh_token_ttl: Span,
    /// Lifetime of a session in all, up to 366 days.
    pub session_max_age: Span,
    /// For how long after a rotation the previous refresh token is forgiven, up to 60 s.
    pub refresh_grace: Span,
    /// What the previous refresh token gets within the grace.
    pub refresh_reuse: RefreshReuse,
    /// What a password must be.
    pub password: Password,
    /// bcrypt's cost, 10 to 16 (OWASP's floor is 10); locally from 4.
    pub bcrypt_cost: u32,
    /// When the end of a session is noticed.
    pub session_check: SessionCheck,
    /// For how long a user who deleted the account can bring it back, up to 366 days; `0s`: not at all.
    pub deletion_grace: Span,
    /// Whether the cookie with the refresh token goes to apps on another site.
    pub cookie_same_site: SameSite,
    /// The roles that users may have beside `admin` and `authenticated`, each `^[a-z][a-z0-9_-]{0,31}$`.
    pub roles: Vec<String>,
    /// How often passwords, registrations and refreshes may be tried.
    pub throttle: Throttle,
    /// Whether every request needs an API key; then a publishable one binds its callers to its scopes and origins.
    pub require_api_key: bool,
}

/// How often passwords, registrations and refreshes may be tried. On a developer's machine every number that is not set
/// is out of reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Throttle {
    /// How many failed logins of an account lock it for the source they came from.
    pub attempts: u32,
    /// How many failed logins of an account, from wherever, lock it for everybody.
    pub account_attempts: u32,
    /// How many failed logins of a source, over all accounts, lock the source.
    pub source_attempts: u32,
    /// Within how long failed logins add up, up to a day; a locked source waits for the end of it.
    pub window: Span,
    /// How long an account is locked at first for a source; each further failure doubles it.
    pub first_lock: Span,
    /// How long an account is locked at most for a source, up to a day.
    pub longest_lock: Span,
    /// How long an account is locked for everybody, up to 60 s: whoever wants to keep a user out can.
    pub account_lock: Span,
    /// How many registrations a source may try.
    pub registrations: u32,
    /// Within how long, up to a day.
    pub registration_window: Span,
    /// How many refreshes a session may have.
    pub refreshes: u32,
    /// Within how long, up to an hour.
    pub refresh_window: Span,
}

/// Which sites' requests carry the cookie with the refresh token (RFC 6265bis, section 5.6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SameSite {
    /// Those of the API's own site.
    #[default]
    Lax,
    /// Those of every site that is an allowed origin.
    None,
}

/// What a password must be (NIST SP 800-63B, section 3.1.1: length alone).
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Password {
    /// The fewest characters, 8 to 64.
    pub min_length: usize,
    /// The most characters, 64 to 128.
    pub max_length: usize,
}

/// What the previous refresh token gets within the grace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RefreshReuse {
    /// 401 and nothing else.
    #[default]
    Strict,
    /// The same successor as the first time, while that is unused.
    Converge,
}

/// When the end of a session is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionCheck {
    /// On the next request: one read of session and user.
    #[default]
    Immediate,
    /// When the access token expires: no read at all.
    Expiry,
}

/// Who may call from a browser.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Cors {
    /// Origins such as `https://app.example.com`; `http://localhost:*` stands for any port. Locally, where it is
    /// empty, that one is allowed. In the cloud API Gateway answers, from the template's parameter, and the functions
    /// that take a cookie are told the same. A star is any origin, without cookies.
    pub allowed_origins: Vec<String>,
}

impl Auth {
    /// The roles that a user may have.
    pub fn all_roles(&self) -> impl Iterator<Item = &str> {
        ["admin", "authenticated"]
            .into_iter()
            .chain(self.roles.iter().map(String::as_str))
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            jwt_secret: None,
            access_token_ttl: Span::seconds(15 * 60),
            refresh_token_ttl: Span::seconds(7 * 86_400),
            session_max_age: Span::seconds(30 * 86_400),
            refresh_grace: Span::seconds(10),
            refresh_reuse: RefreshReuse::Strict,
            password: Password::default(),
            bcrypt_cost: 10,
            session_check: SessionCheck::Immediate,
            roles: Vec::new(),
            deletion_grace: Span::seconds(30 * 86_400),
            cookie_same_site: SameSite::Lax,
            throttle: Throttle::default(),
            require_api_key: false,
        }
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            attempts: 5,
            account_attempts: 50,
            source_attempts: 20,
            window: Span::seconds(15 * 60),
            first_lock: Span::seconds(1),
            longest_lock: Span::seconds(15 * 60),
            account_lock: Span::seconds(60),
            registrations: 10,
            registration_window: Span::seconds(3600),
            refreshes: 30,
            refresh_window: Span::seconds(60),
        }
    }
}

impl Throttle {
    /// The numbers that stop somebody, by their keys.
    const COUNTS: [&str; 5] = [
        "attempts",
        "accountAttempts",
        "sourceAttempts",
        "registrations",
        "refreshes",
    ];
    /// The most of any of them; on a developer's machine, also what holds where nothing is said.
    const MOST: u32 = 1_000_000;
}

impl Default for Password {
    fn default() -> Self {
        Self {
            min_length: 8,
            max_length: 128,
        }
    }
}

/// A length of time, written `30s`, `15m`, `1h` or `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(with = "String", extend("pattern" = "^[0-9]+[smhd]$"))]
pub struct Span(Duration);

impl Span {
    /// A span of whole seconds.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The span as a duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// Reads `30s`, `15m`, `1h` or `7d`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        digits
            .parse::<u64>()
            .ok()
            .filter(|_| all_digits)?
            .checked_mul(factor)
            .map(Self::seconds)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}s", self.0.as_secs()))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "`{text}` is not a duration; write 30s, 15m, 1h or 7d"
            ))
        })
    }
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, such as `auth.bcryptCost`; empty for the whole file.
    pub path: String,
    /// What is wrong and what to do.
    pub reason: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let separator = if self.path.is_empty() { "" } else { ": " };
        write!(f, "{}{separator}{}", self.path, self.reason)
    }
}

impl Settings {
    /// Reads the file's text and lets `variable` override it key by key, where it is not empty. `local` allows what is fit for a developer's
    /// machine alone.
    ///
    /// # Errors
    /// The first key that is unknown or has a bad value, named as in the file.
    pub fn read(
        json: &str,
        variable: impl Fn(&str) -> Option<String>,
        local: bool,
    ) -> Result<Self, Problem> {
        let mut file: Value = serde_json::from_str(json).map_err(|error| Problem {
            path: String::new(),
            reason: error.to_string(),
        })?;
        if local {
            unthrottle(&mut file);
        }
        let from_file: Self = parse(file)?;
        let mut tree = serde_json::to_value(from_file).unwrap_or_default();
        override_leaves(&mut tree, "", "BAKEND", &variable)?;
        let settings = parse(tree)?;
        settings.check(local)?;
        Ok(settings)
    }

    /// Every key with its variable and its default, for the documentation.
    #[must_use]
    pub fn keys() -> Vec<(String, String, Value)> {
        let mut keys = Vec::new();
        let tree = serde_json::to_value(Self::default()).unwrap_or_default();
        list_leaves(&tree, "", "BAKEND", &mut keys);
        keys
    }

    fn check(&self, local: bool) -> Result<(), Problem> {
        let auth = &self.auth;
        let day = 86_400;
        let least_cost = if local { 4 } else { 10 };
        let within = |path: &str, span: Span, least: u64, most: Span| {
            let fits = span >= Span::seconds(least) && span <= most;
            let reason = || {
                format!(
                    "{}s must be {least}s to {}s",
                    span.duration().as_secs(),
                    most.duration().as_secs()
                )
            };
            if fits {
                Ok(())
            } else {
                Err(Problem {
                    path: path.to_owned(),
                    reason: reason(),
                })
            }
        };
        let between = |path: &str, value: usize, least: usize, most: usize| {
            let reason = || format!("{value} must be {least} to {most}");
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(Problem {
                    path: path.to_owned(),
                    reason: reason(),
                })
            }
        };
        for (at, role) in auth.roles.iter().enumerate() {
            let reason = if !is_role(role) {
                format!("`{role}` must match ^[a-z][a-z0-9_-]{{0,31}}$")
            } else if GROUPS.contains(&role.as_str()) {
                format!("`{role}` means something else in rules; choose another name")
            } else if auth.roles.iter().take(at).any(|earlier| earlier == role) {
                format!("`{role}` is there twice")
            } else {
                continue;
            };
            return Err(Problem {
                path: format!("auth.roles[{at}]"),
                reason,
            });
        }
        if let Some((place, reason)) = profile_problems(&self.users.fields).into_iter().next() {
            return Err(Problem {
                path: format!("users.{place}"),
                reason,
            });
        }
        within(
            "auth.accessTokenTtl",
            auth.access_token_ttl,
            1,
            Span::seconds(day),
        )?;
        within(
            "auth.sessionMaxAge",
            auth.session_max_age,
            1,
            Span::seconds(366 * day),
        )?;
        within(
            "auth.refreshTokenTtl",
            auth.refresh_token_ttl,
            1,
            auth.session_max_age,
        )?;
        within(
            "auth.refreshGrace",
            auth.refresh_grace,
            0,
            Span::seconds(60),
        )?;
        within(
            "auth.deletionGrace",
            auth.deletion_grace,
            0,
            Span::seconds(366 * day),
        )?;
        between("auth.password.minLength", auth.password.min_length, 8, 64)?;
        between("auth.password.maxLength", auth.password.max_length, 64, 128)?;
        between("auth.bcryptCost", auth.bcrypt_cost as usize, least_cost, 16)?;
        let throttle = &auth.throttle;
        for (name, count) in [
            ("attempts", throttle.attempts),
            ("accountAttempts", throttle.account_attempts),
            ("sourceAttempts", throttle.source_attempts),
            ("registrations", throttle.registrations),
            ("refreshes", throttle.refreshes),
        ] {
            between(
                &format!("auth.throttle.{name}"),
                count as usize,
                1,
                Throttle::MOST as usize,
            )?;
        }
        within(
            "auth.throttle.window",
            throttle.window,
            1,
            Span::seconds(day),
        )?;
        within(
            "auth.throttle.longestLock",
            throttle.longest_lock,
            1,
            Span::seconds(day),
        )?;
        within(
            "auth.throttle.firstLock",
            throttle.first_lock,
            1,
            throttle.longest_lock,
        )?;
        within(
            "auth.throttle.accountLock",
            throttle.account_lock,
            1,
            Span::seconds(60),
        )?;
        within(
            "auth.throttle.registrationWindow",
            throttle.registration_window,
            1,
            Span::seconds(day),
        )?;
        within(
            "auth.throttle.refreshWindow",
            throttle.refresh_window,
            1,
            Span::seconds(3600),
        )
    }
}

/// Whoever works on an app tries often; so locally nothing stops them but what they set themselves.
fn unthrottle(file: &mut Value) {
    let mut at = file;
    for name in ["auth", "throttle"] {
        let Some(object) = at.as_object_mut() else {
            return;
        };
        at = object
            .entry(name)
            .or_insert_with(|| Value::Object(Map::new()));
    }
    for name in Throttle::COUNTS {
        let Some(object) = at.as_object_mut() else {
            return;
        };
        object.entry(name).or_insert_with(|| Throttle::MOST.into());
    }
}

fn parse(tree: Value) -> Result<Settings, Problem> {
    serde_path_to_error::deserialize(tree).map_err(|error| {
        let path = error.path().to_string();
        Problem {
            path: if path == "." { String::new() } else { path },
            reason: error.into_inner().to_string(),
        }
    })
}

/// `refreshTokenTtl` under `BAKEND_AUTH` is `BAKEND_AUTH_REFRESH_TOKEN_TTL`.
fn variable_name(prefix: &str, key: &str) -> String {
    key.chars().fold(format!("{prefix}_"), |mut name, c| {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
        name
    })
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn override_leaves(
    tree: &mut Value,
    path: &str,
    prefix: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<(), Problem> {
    let Value::Object(entries) = tree else {
        return Ok(());
    };
    for (key, value) in entries {
        let (path, name) = (join(path, key), variable_name(prefix, key));
        override_leaves(value, &path, &name, variable)?;
        let Some(text) = variable(&name).filter(|text| !text.is_empty() && !value.is_object())
        else {
            continue;
        };
        *value = match value {
            Value::Number(_) => serde_json::from_str(&text).map_err(|_| Problem {
                path,
                reason: format!("{name}={text} is not a number"),
            })?,
            Value::Array(_) if text.starts_with('[') => {
                serde_json::from_str(&text).map_err(|error| Problem {
                    path,
                    reason: format!("{name} is not JSON: {error}"),
                })?
            }
            Value::Bool(_) => serde_json::from_str(&text)
                .ok()
                .filter(Value::is_boolean)
                .ok_or_else(|| Problem {
                    path,
                    reason: format!("{name}={text} is neither true nor false"),
                })?,
            Value::Array(_) => text
                .split(',')
                .map(|item| Value::from(item.trim()))
                .collect(),
            _ => Value::String(text),
        };
    }
    Ok(())
}

fn list_leaves(tree: &Value, path: &str, prefix: &str, keys: &mut Vec<(String, String, Value)>) {
    for (key, value) in tree.as_object().unwrap_or(&Map::new()) {
        let (path, name) = (join(path, key), variable_name(prefix, key));
        if value.is_object() {
            list_leaves(value, &path, &name, keys);
        } else {
            keys.push((path, name, value.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Settings::read(json, variable, false).map_err(|problem| problem.to_string())
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        assert!(read("{}", &[]) == Ok(Settings::default()));
    }

    #[test]
    fn the_environment_overrides_key_by_key() {
        let settings = read(
            r#"{ "auth": { "accessTokenTtl": "1h", "refreshGrace": "5s" } }"#,
            &[
                ("BAKEND_AUTH_ACCESS_TOKEN_TTL", "30s"),
                ("BAKEND_AUTH_PASSWORD_MIN_LENGTH", "12"),
                ("BAKEND_AUTH_REFRESH_REUSE", "converge"),
                ("BAKEND_AUTH_REQUIRE_API_KEY", "true"),
                ("BAKEND_AUTH_JWT_SECRET", "x"),
                (
                    "BAKEND_USERS_FIELDS",
                    r#"[{ "name": "level", "type": "number", "max": 1.5, "public": true }]"#,
                ),
                (
                    "BAKEND_CORS_ALLOWED_ORIGINS",
                    "https://a.example, https://b.example",
                ),
            ],
        )
        .map_err(|reason| panic!("{reason}"))
        .expect("valid");
        assert_eq!(settings.auth.access_token_ttl, Span::seconds(30));
        assert_eq!(settings.auth.refresh_grace, Span::seconds(5));
        assert_eq!(settings.auth.password.min_length, 12);
        assert_eq!(settings.auth.refresh_reuse, RefreshReuse::Converge);
        assert!(settings.auth.require_api_key);
        assert_eq!(settings.auth.jwt_secret.as_deref(), Some("x"));
        assert_eq!(settings.users.fields.len(), 1);
        assert_eq!(
            settings.users.fields[0]
                .field
                .max
                .as_ref()
                .map(ToString::to_string)
                .as_deref(),
            Some("1.5")
        );
        assert_eq!(
            settings.cors.allowed_origins,
            ["https://a.example", "https://b.example"]
        );
    }

    #[test]
    fn a_bad_setting_is_named_with_its_reason() {
        for (json, variables, expected) in [
            (
                r#"{ "auht": {} }"#,
                &[][..],
                "auht: unknown field `auht`, expected one of `auth`, `cors`, `users`",
            ),
            (
                r#"{ "auth": { "accessTokenTtl": "15 minutes" } }"#,
                &[],
                "auth.accessTokenTtl: `15 minutes` is not a duration; write 30s, 15m, 1h or 7d",
            ),
            (
                r#"{ "auth": { "accessTokenTtl": 15 } }"#,
                &[],
                "auth.accessTokenTtl: invalid type: number, expected a string",
            ),
            (
                r#"{ "auth": { "bcryptCost": 4 } }"#,
                &[],
                "auth.bcryptCost: 4 must be 10 to 16",
            ),
            (
                r#"{ "auth": { "refreshTokenTtl": "31d" } }"#,
                &[],
                "auth.refreshTokenTtl: 2678400s must be 1s to 2592000s",
            ),
            (
                r#"{ "auth": { "roles": ["editor", "Chief"] } }"#,
                &[],
                "auth.roles[1]: `Chief` must match ^[a-z]",
            ),
            (
                r#"{ "auth": { "roles": ["user"] } }"#,
                &[],
                "auth.roles[0]: `user` means something else in rules",
            ),
            (
                "{}",
                &[("BAKEND_AUTH_ROLES", "a, b, a")],
                "auth.roles[2]: `a` is there twice",
            ),
            (
                r#"{ "users": { "fields": [{ "name": "bio", "type": "text" }] } }"#,
                &[],
                "users.fields[0]: type: unknown variant `text`",
            ),
            (
                r#"{ "users": { "fields": [{ "name": "bio", "type": "string" }, { "name": "role", "type": "string" }] } }"#,
                &[],
                "users.fields[1].name: `role` is reserved; choose another name",
            ),
            (
                "{}",
                &[("BAKEND_USERS_FIELDS", "[{")],
                "users.fields: BAKEND_USERS_FIELDS is not JSON: EOF",
            ),
            (
                "{}",
                &[("BAKEND_USERS_FIELDS", "bio")],
                "users.fields[0]: a profile field is an object",
            ),
            (
                "{}",
                &[("BAKEND_AUTH_BCRYPT_COST", "ten")],
                "auth.bcryptCost: BAKEND_AUTH_BCRYPT_COST=ten is not a number",
            ),
            (
                "{}",
                &[("BAKEND_AUTH_REQUIRE_API_KEY", "yes")],
                "auth.requireApiKey: BAKEND_AUTH_REQUIRE_API_KEY=yes is neither true nor false",
            ),
            (
                "{}",
                &[("BAKEND_AUTH_SESSION_CHECK", "never")],
                "auth.sessionCheck: unknown variant `never`, expected `immediate` or `expiry`",
            ),
        ] {
            let reason = read(json, variables).err().unwrap_or_default();
            assert!(
                reason.starts_with(expected),
                "{json} {variables:?}: {reason}"
            );
        }
        assert!(read("{", &[]).is_err());
    }

    #[test]
    fn a_developers_machine_throttles_only_what_it_is_told_to() {
        let local = |json: &str, variables: &[(&str, &str)]| {
            let variable = |name: &str| {
                variables
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            };
            Settings::read(json, variable, true).map(|settings| settings.auth.throttle)
        };
        let high = Throttle::MOST;
        let all = Throttle {
            attempts: high,
            account_attempts: high,
            source_attempts: high,
            registrations: high,
            refreshes: high,
            ..Throttle::default()
        };
        assert_eq!(local("{}", &[]), Ok(all.clone()));
        let file = r#"{ "auth": { "throttle": { "attempts": 7 } } }"#;
        assert_eq!(
            local(file, &[]),
            Ok(Throttle {
                attempts: 7,
                ..all.clone()
            })
        );
        let told = [("BAKEND_AUTH_THROTTLE_REFRESHES", "3")];
        assert_eq!(
            local(file, &told),
            Ok(Throttle {
                attempts: 7,
                refreshes: 3,
                ..all
            })
        );
        assert!(local(r#"{ "auth": { "throttle": 1 } }"#, &[]).is_err());
        assert!(
            read("{}", &[]).is_ok_and(|settings| settings.auth.throttle == Throttle::default())
        );
    }

    #[test]
    fn every_key_has_its_variable() {
        let keys = Settings::keys();
        let name = |path: &str| {
            keys.iter()
                .find(|(key, ..)| key == path)
                .map(|(_, name, _)| name.as_str())
        };
        assert_eq!(
            name("auth.password.minLength"),
            Some("BAKEND_AUTH_PASSWORD_MIN_LENGTH")
        );
        assert_eq!(
            name("cors.allowedOrigins"),
            Some("BAKEND_CORS_ALLOWED_ORIGINS")
        );
        assert_eq!(keys.len(), 27);
    }
}
