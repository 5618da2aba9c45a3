//! The settings, read from `bakend.json` and the environment, and checked.

use serde_json::{Map, Value};

use crate::check::passkeys::{check_passkeys, use_localhost};
use crate::check::password::{check_password, refuse_foreign_rules};
use crate::check::profile::profile_problems;
use crate::check::tokens::check_tokens;
use crate::origin;
use crate::redirect;
use crate::rule::is_role;
use crate::settings::{
    Mfa, Problem, SecretProblem, Settings, Span, Throttle, check_secret, override_leaves,
};
use crate::value::{self, is_label};

/// Names that a role cannot have: the built-in roles, and the words of rules.
const GROUPS: &[&str] = &[
    "admin",
    "authenticated",
    "anonymous",
    "public",
    "guest",
    "user",
    "owner",
    "self",
    "verified",
];

impl Settings {
    /// Reads the file's text and lets `variable` override it key by key, where it is not empty. `local` allows settings
    /// that are fit for a developer's machine alone.
    ///
    /// # Errors
    /// The first key that is unknown or has a bad value, named as in the file.
    pub fn read(
        json: &str,
        variable: impl Fn(&str) -> Option<String>,
        local: bool,
    ) -> Result<Self, Problem> {
        let mut file = value::parse(json).map_err(|error| Problem {
            path: String::new(),
            reason: error.to_string(),
        })?;
        refuse_foreign_rules(&file)?;
        if local {
            unthrottle(&mut file);
            reach_everywhere(&mut file);
            lead_back(&mut file);
            use_localhost(&mut file);
        }
        let from_file: Self = parse(file)?;
        let mut tree = serde_json::to_value(from_file).unwrap_or_default();
        override_leaves(&mut tree, "", "BAKEND", &variable)?;
        read_policy(&mut tree, &variable);
        let settings = parse(tree)?;
        settings.check(local)?;
        Ok(settings)
    }

    fn check(&self, local: bool) -> Result<(), Problem> {
        let (auth, registration, day) = (&self.auth, &self.auth.registration, 86_400);
        let least_cost = if local { 4 } else { 10 };
        check_length(auth.jwt_secret.as_deref())?;
        self.check_client()?;
        check_tokens(&auth.tokens)?;
        check_origins(&self.cors.allowed_origins)?;
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
        check_domains("domains", &registration.domains)?;
        check_domains("blockedDomains", &registration.blocked_domains)?;
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
            "auth.refreshRetry",
            auth.refresh_retry,
            0,
            Span::seconds(day),
        )?;
        within(
            "auth.deletionGrace",
            auth.deletion_grace,
            0,
            Span::seconds(366 * day),
        )?;
        check_password(&auth.password, local)?;
        between("auth.bcryptCost", auth.bcrypt_cost as usize, least_cost, 16)?;
        let throttle = &auth.throttle;
        for (name, count) in [
            ("attempts", throttle.attempts),
            ("accountAttempts", throttle.account_attempts),
            ("sourceAttempts", throttle.source_attempts),
            ("registrations", throttle.registrations),
            ("refreshes", throttle.refreshes),
            ("mails", throttle.mails),
            ("addressMails", throttle.address_mails),
            ("sourceMails", throttle.source_mails),
            ("factorAttempts", throttle.factor_attempts),
            ("anonymous", throttle.anonymous),
            ("invitations", throttle.invitations),
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
        )?;
        check_passkeys(&auth.passkeys, local)?;
        self.check_providers(local)?;
        self.check_proofs()?;
        self.check_mail(local)?;
        if self.events.allow_private_addresses && !local {
            return Err(Problem {
                path: "events.allowPrivateAddresses".to_owned(),
                reason: "is for BAKEND_ENV=local only; leave it out".to_owned(),
            });
        }
        self.check_events()
    }

    /// Refuses lifetimes and limits of codes, links and proofs that are out of bounds.
    fn check_proofs(&self) -> Result<(), Problem> {
        let auth = &self.auth;
        let (minute, day, acting) = (60, 86_400, auth.impersonation_ttl);
        for (path, span, least, most) in [
            (
                "auth.verificationTtl",
                auth.verification_ttl,
                minute,
                7 * day,
            ),
            ("auth.resetTtl", auth.reset_ttl, minute, day),
            (
                "auth.magicLinkTtl",
                auth.magic_link_ttl,
                minute,
                15 * minute,
            ),
            ("auth.codeTtl", auth.code_ttl, minute, 10 * minute),
            ("auth.recentAuth", auth.recent_auth, minute, 60 * minute),
            ("auth.impersonationTtl", acting, minute, 60 * minute),
            (
                "auth.invitations.ttl",
                auth.invitations.ttl,
                minute,
                30 * day,
            ),
            (
                "auth.throttle.mailInterval",
                auth.throttle.mail_interval,
                0,
                60 * minute,
            ),
        ] {
            within(path, span, least, Span::seconds(most))?;
        }
        between("auth.totpSkew", auth.totp_skew as usize, 0, 1)?;
        if let Mfa::RequiredFor(roles) = &auth.mfa {
            let unknown = |role: &&String| !auth.all_roles().any(|known| known == *role);
            if let Some(role) = roles.required_for.iter().find(unknown) {
                return Err(Problem {
                    path: "auth.mfa.requiredFor".to_owned(),
                    reason: format!("`{role}` is no role; `auth.roles` declares roles"),
                });
            }
            let count = roles.required_for.len();
            between("auth.mfa.requiredFor", count, 1, usize::MAX)?;
        }
        between(
            "auth.throttle.codeTries",
            auth.throttle.code_tries as usize,
            1,
            10,
        )
    }

    fn check_events(&self) -> Result<(), Problem> {
        let (events, day) = (&self.events, 86_400);
        for (path, span, most) in [
            ("events.retention", events.retention, 366),
            ("events.deliveryLog", events.delivery_log, 366),
            ("audit.retention", self.audit.retention, 3660),
        ] {
            within(path, span, day, Span::seconds(most * day))?;
        }
        between("events.maxDepth", events.max_depth.into(), 1, 10)
    }
}

/// Refuses a length of time outside these bounds, the least in seconds.
fn within(path: &str, span: Span, least: u64, most: Span) -> Result<(), Problem> {
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
}

/// Refuses a number outside these bounds.
fn between(path: &str, value: usize, least: usize, most: usize) -> Result<(), Problem> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(Problem {
            path: path.to_owned(),
            reason: format!("{value} must be {least} to {most}"),
        })
    }
}

/// Refuses a signing secret that no function would start with. A sample of the documentation is left to the doorway,
/// which knows whether this is the cloud.
fn check_length(secret: Option<&str>) -> Result<(), Problem> {
    match secret.map(check_secret) {
        Some(Err(SecretProblem::Short)) => Err(Problem {
            path: "auth.jwtSecret".to_owned(),
            reason: "must have at least 32 bytes (BAKEND_AUTH_JWT_SECRET); unset, a random one is made and kept"
                .to_owned(),
        }),
        Some(Ok(()) | Err(SecretProblem::Sample)) | None => Ok(()),
    }
}

/// Refuses origins that no browser ever sends.
fn check_origins(origins: &[String]) -> Result<(), Problem> {
    for (at, text) in origins.iter().enumerate().filter(|(_, text)| *text != "*") {
        if let Some(fault) = origin::fault(text) {
            return Err(Problem {
                path: format!("cors.allowedOrigins[{at}]"),
                reason: format!("`{text}` is no origin: {fault}"),
            });
        }
    }
    Ok(())
}

/// Refuses domains that no normalised address has.
fn check_domains(name: &str, domains: &[String]) -> Result<(), Problem> {
    let fits = |domain: &str| {
        let is_lower = !domain.bytes().any(|byte| byte.is_ascii_uppercase());
        is_lower && domain.split('.').all(is_label)
    };
    match domains.iter().enumerate().find(|(_, domain)| !fits(domain)) {
        None => Ok(()),
        Some((at, domain)) => Err(Problem {
            path: format!("auth.registration.{name}[{at}]"),
            reason: format!(
                "`{domain}` must be a domain in lower case, such as example.com, without `@` or a star"
            ),
        }),
    }
}

/// Reads the policy of second factors from its variable: a word or JSON, whichever of them the file has.
fn read_policy(tree: &mut Value, variable: &impl Fn(&str) -> Option<String>) {
    let text = variable("BAKEND_AUTH_MFA").filter(|text| !text.is_empty());
    if let (Some(policy), Some(text)) = (tree.pointer_mut("/auth/mfa"), text) {
        let read = value::parse(&text).ok().filter(Value::is_object);
        *policy = read.unwrap_or(Value::String(text));
    }
}

/// Lifts the limits on attempts that the file does not set: a developer tries often.
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
    let Some(object) = at.as_object_mut() else {
        return;
    };
    for name in Throttle::COUNTS {
        object.entry(name).or_insert_with(|| Throttle::MOST.into());
    }
    object.entry("mailInterval").or_insert_with(|| "0s".into());
}

/// Lets pages lead back to the developer's own machine, unless the file names addresses.
fn lead_back(file: &mut Value) {
    let auth = file.as_object_mut().map(|file| {
        file.entry("auth")
            .or_insert_with(|| Value::Object(Map::new()))
    });
    if let Some(auth) = auth.and_then(Value::as_object_mut) {
        auth.entry("redirects")
            .or_insert_with(|| vec![redirect::LOCAL].into());
    }
}

/// Lets webhooks go to the developer's own machine, unless the file says otherwise.
fn reach_everywhere(file: &mut Value) {
    let events = file.as_object_mut().map(|file| {
        file.entry("events")
            .or_insert_with(|| Value::Object(Map::new()))
    });
    if let Some(events) = events.and_then(Value::as_object_mut) {
        events
            .entry("allowPrivateAddresses")
            .or_insert(Value::Bool(true));
    }
}

fn parse(tree: Value) -> Result<Settings, Problem> {
    value::read(tree).map_err(|(path, reason)| Problem { path, reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::RefreshReuse;

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
    fn settings_that_a_build_wrote_are_read_back_as_they_were() {
        let file = r#"{ "auth": { "jwtSecret": "a secret of thirty-two bytes or more", "roles": ["editor"],
            "sessionCheck": "expiry", "accessTokenTtl": "90m", "throttle": { "attempts": 7 } },
            "cors": { "allowedOrigins": ["https://a.example"] },
            "users": { "fields": [
                { "name": "level", "type": "number", "max": 1.5, "public": true },
                { "name": "bio", "type": "object", "fields": [{ "name": "text", "type": "string", "pattern": "^a" }] } ] } }"#;
        for text in ["{}", file] {
            let settings =
                Settings::read(text, |_| None, false).unwrap_or_else(|why| panic!("{why}"));
            let written = serde_json::to_string(&settings).expect("text");
            assert!(serde_json::from_str(&written).is_ok_and(|read: Settings| read == settings));
        }
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
                (
                    "BAKEND_AUTH_JWT_SECRET",
                    "a secret of thirty-two bytes or more",
                ),
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
        assert_eq!(settings.auth.password.min_length, Some(12));
        assert_eq!(settings.auth.refresh_reuse, RefreshReuse::Converge);
        assert!(settings.auth.require_api_key);
        assert_eq!(
            settings.auth.jwt_secret.as_deref(),
            Some("a secret of thirty-two bytes or more")
        );
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
                "auht: unknown field `auht`, expected one of `auth`, `cors`, `users`, `events`, `audit`, `mail`",
            ),
            (
                r#"{ "auth": { "accessTokenTtl": "15 minutes" } }"#,
                &[],
                "auth.accessTokenTtl: `15 minutes` is not a duration; write 30s, 15m, 1h or 7d",
            ),
            (
                r#"{ "auth": { "accessTokenTtl": 15 } }"#,
                &[],
                "auth.accessTokenTtl: invalid type: integer `15`, expected a string",
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
                r#"{ "events": { "retention": "367d" } }"#,
                &[],
                "events.retention: 31708800s must be 86400s to 31622400s",
            ),
            (
                r#"{ "audit": { "retention": "23h" } }"#,
                &[],
                "audit.retention: 82800s must be 86400s to 316224000s",
            ),
            (
                r#"{ "events": { "maxDepth": 0 } }"#,
                &[],
                "events.maxDepth: 0 must be 1 to 10",
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
                &[(
                    "BAKEND_AUTH_REGISTRATION_DOMAINS",
                    "example.com, *.example.org",
                )],
                "auth.registration.domains[1]: `*.example.org` must be a domain in lower case, such as example.com, \
                 without `@` or a star",
            ),
            (
                r#"{ "auth": { "registration": { "blockedDomains": ["Example.com"] } } }"#,
                &[],
                "auth.registration.blockedDomains[0]: `Example.com` must be a domain in lower case, such as example.com, \
                 without `@` or a star",
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
    fn the_policy_of_second_factors_is_a_word_or_json_in_the_environment() {
        use crate::settings::Mfa;

        let file = r#"{"auth":{"roles":["editor"],"mfa":{"requiredFor":["admin"]}}}"#;
        for json in ["{}", file] {
            for (text, for_admins, for_others) in [
                ("off", false, false),
                ("required", true, true),
                (r#"{"requiredFor":["admin"]}"#, true, false),
            ] {
                let read = |text: &str| {
                    Settings::read(
                        json,
                        |name| (name == "BAKEND_AUTH_MFA").then(|| text.to_owned()),
                        false,
                    )
                };
                let mfa: Mfa = read(text).expect("settings").auth.mfa;
                let found = (mfa.requires("admin"), mfa.requires("authenticated"));
                assert_eq!(found, (for_admins, for_others), "{text}");
                for wrong in [
                    "yes",
                    "[]",
                    r#"{"requiredFor":["nobody"]}"#,
                    r#"{"requiredFor":[]}"#,
                ] {
                    let path = read(wrong).map_err(|problem| problem.path);
                    assert!(
                        path.is_err_and(|path| path.starts_with("auth.mfa")),
                        "{wrong}"
                    );
                }
            }
        }
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
            mail_interval: Span::seconds(0),
            mails: high,
            address_mails: high,
            source_mails: high,
            factor_attempts: high,
            anonymous: high,
            invitations: high,
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
}
