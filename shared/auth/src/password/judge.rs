//! The judgement of a new password. A login never asks it.

use api::Detail;
use api::settings::{Factor, Password as Policy, Settings};

use super::common::is_common;

/// The fewest characters of a piece of the address, or of the app's name, that a password may not contain. Shorter ones are
/// in passwords by chance.
const LEAST_PIECE: usize = 4;

/// The words that a password may not contain, since they are known of the account.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The address of the account, if it has one.
    pub email: Option<&'a str>,
    /// The name of the app.
    pub app_name: Option<&'a str>,
    /// The part of the password in a sign-in.
    pub factor: Factor,
}

impl<'a> Context<'a> {
    /// The context of an account with this address.
    #[must_use]
    pub fn of(email: Option<&'a str>, settings: &'a Settings) -> Self {
        Self {
            email,
            app_name: settings.mail.app_name.as_deref(),
            factor: settings.auth.password_factor(),
        }
    }
}

/// Judges a new password: its length, and by the presets beyond `basic` also common words and the context. No rule asks for
/// kinds of characters (NIST SP 800-63B-4, section 3.1.1.2).
///
/// # Errors
/// A detail for that field: `too-short`, `too-long`, `common`, `contains-email` or `contains-app-name`.
pub fn judge(
    field: &str,
    password: &str,
    context: Context<'_>,
    policy: &Policy,
) -> Result<(), Detail> {
    let (least, most) = (policy.least(context.factor), policy.max_length);
    let detail =
        |code: &str, rest: String| Err(Detail::new(field, code, format!("`{field}` {rest}.")));
    match password.chars().count() {
        length if length < least => {
            return detail(
                "too-short",
                format!("must have at least {least} characters"),
            );
        }
        length if length > most => {
            return detail("too-long", format!("must have at most {most} characters"));
        }
        _ => {}
    }
    if !policy.refuses_words() {
        return Ok(());
    }
    let lower = password.to_lowercase();
    if is_common(password) {
        return detail("common", "is one of the most common passwords".to_owned());
    }
    if context
        .email
        .is_some_and(|email| contains_email(&lower, email))
    {
        return detail(
            "contains-email",
            "must not contain a part of the email".to_owned(),
        );
    }
    if context
        .app_name
        .is_some_and(|name| contains_name(&lower, name))
    {
        return detail(
            "contains-app-name",
            "must not contain the name of the app".to_owned(),
        );
    }
    Ok(())
}

/// Whether a password contains the local part of an address, or a piece of it.
fn contains_email(lower: &str, email: &str) -> bool {
    let local = email.rsplit_once('@').map_or(email, |(local, _)| local);
    let local = local.to_lowercase();
    let mut pieces = local.split(['.', '+', '-', '_']).chain([local.as_str()]);
    pieces.any(|piece| contains(lower, piece))
}

/// Whether a password contains the name of the app, with its spaces or without.
fn contains_name(lower: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    let joined: String = name.split_whitespace().collect();
    contains(lower, &name) || contains(lower, &joined)
}

fn contains(lower: &str, piece: &str) -> bool {
    piece.chars().count() >= LEAST_PIECE && lower.contains(piece)
}

#[cfg(test)]
mod tests {
    use api::settings::Preset;

    use super::*;

    fn policy(preset: Preset, min_length: Option<usize>) -> Policy {
        Policy {
            preset,
            min_length,
            ..Policy::default()
        }
    }

    fn code(password: &str, context: Context<'_>, policy: &Policy) -> String {
        judge("newPassword", password, context, policy).map_or_else(
            |detail| {
                assert_eq!(detail.field, "newPassword");
                detail.code
            },
            |()| String::new(),
        )
    }

    #[test]
    fn basic_judges_the_length_alone_and_in_characters() {
        let basic = policy(Preset::Basic, None);
        let context = Context {
            email: Some("password@example.com"),
            app_name: Some("password"),
            ..Context::default()
        };
        let of = |password: &str| code(password, context, &basic);
        assert_eq!(of("1234567"), "too-short");
        assert_eq!(of("password123"), "");
        assert_eq!(of("ääääääää"), "");
        assert_eq!(of(&"ä".repeat(128)), "");
        assert_eq!(of(&"x".repeat(129)), "too-long");
    }

    #[test]
    fn a_preset_has_its_length_and_an_explicit_one_wins() {
        for (preset, min_length, least) in [
            (Preset::Basic, None, 8),
            (Preset::Owasp, None, 8),
            (Preset::Nist, None, 15),
            (Preset::Basic, Some(12), 12),
            (Preset::Owasp, Some(20), 20),
            (Preset::Nist, Some(10), 10),
        ] {
            let policy = policy(preset, min_length);
            let of = |length: usize| code(&"xq".repeat(40)[..length], Context::default(), &policy);
            assert_eq!(of(least - 1), "too-short", "{preset:?} {min_length:?}");
            assert_eq!(of(least), "", "{preset:?} {min_length:?}");
        }
    }

    #[test]
    fn the_presets_refuse_common_passwords_as_typed_and_in_lower_case() {
        let owasp = policy(Preset::Owasp, None);
        let of = |password: &str| code(password, Context::default(), &owasp);
        for common in ["password123", "Password123", "PASSWORD123", "!qaz2wsx"] {
            assert_eq!(of(common), "common", "{common}");
        }
        assert_eq!(of("password123 and more"), "");
        let long = policy(Preset::Nist, None);
        assert_eq!(code("password123", Context::default(), &long), "too-short");
        let short = policy(Preset::Nist, Some(8));
        assert_eq!(code("password123", Context::default(), &short), "common");
    }

    #[test]
    fn the_presets_refuse_the_address_and_the_app() {
        let owasp = policy(Preset::Owasp, None);
        let with = |email: &str, app: &str, password: &str| {
            let context = Context {
                email: Some(email),
                app_name: Some(app),
                ..Context::default()
            };
            code(password, context, &owasp)
        };
        for (email, app, password, expected) in [
            (
                "lovelace@example.com",
                "x",
                "I am LoveLace!",
                "contains-email",
            ),
            (
                "ada.lovelace+b@example.com",
                "x",
                "xx lovelace xx",
                "contains-email",
            ),
            ("ada.lovelace@example.com", "x", "xx ada xx xx", ""),
            ("ada.b@example.com", "x", "xx ada.b xx", "contains-email"),
            (
                "ada-love_lace+news@example.com",
                "x",
                "what a LACE",
                "contains-email",
            ),
            (
                "ada-love_lace+news@example.com",
                "x",
                "what news!!",
                "contains-email",
            ),
            ("ada@example.com", "x", "example.com ada", ""),
            (
                "ada@x.test",
                "Green Leaf",
                "my green leaf 1",
                "contains-app-name",
            ),
            (
                "ada@x.test",
                "Green Leaf",
                "myGreenLeaf1",
                "contains-app-name",
            ),
            ("ada@x.test", "Green Leaf", "green and a leaf", ""),
            ("ada@x.test", "Ada", "xx ada xx xx", ""),
            ("leaf@x.test", "leaf", "a leaf in autumn", "contains-email"),
        ] {
            assert_eq!(
                with(email, app, password),
                expected,
                "{email} {app} {password}"
            );
        }
        assert_eq!(code("green leaf", Context::default(), &owasp), "");
    }
}
