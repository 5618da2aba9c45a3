//! The settings of mail, and of everything that needs it.

use crate::mail::Kind;
use crate::redirect;
use crate::rule::Atom;
use crate::settings::{EmailVerification, MagicLink, Problem, Settings};
use crate::value::{is_email, is_locale};

/// The placeholder of a link's token.
const TOKEN: &str = "{token}";

/// The most redirects.
const MAX_REDIRECTS: usize = 100;

/// The most characters of a name.
const MAX_NAME: usize = 100;

impl Settings {
    /// Refuses settings that need mail where there is none, and addresses that no mail can have.
    pub(super) fn check_mail(&self, local: bool) -> Result<(), Problem> {
        self.check_sender()?;
        self.check_what_needs_mail()?;
        self.check_redirects()?;
        self.check_links(local)?;
        let auth = &self.auth;
        if let Some(address) = auth.public_url.as_deref()
            && !is_base(address, local)
        {
            return Err(problem(
                "auth.publicUrl",
                format!(
                    "`{address}` must be the address of the API by https without a query or a slash at its end, such as https://api.example.com"
                ),
            ));
        }
        let by = &auth.invitations.by;
        if by.alternatives().flatten().any(|atom| *atom == Atom::Owner) {
            return Err(problem(
                "auth.invitations.by",
                "nobody owns an invitation before it is made; leave `owner` out".to_owned(),
            ));
        }
        let version = auth.terms.version.as_deref();
        if let Some(version) = version.filter(|version| !is_version(version)) {
            return Err(problem(
                "auth.terms.version",
                format!(
                    "`{version}` must have 1 to 64 printable ASCII characters without spaces, such as 2026-11"
                ),
            ));
        }
        Ok(())
    }

    fn check_sender(&self) -> Result<(), Problem> {
        let mail = &self.mail;
        for (path, address) in [("mail.from", &mail.from), ("mail.replyTo", &mail.reply_to)] {
            if let Some(address) = address
                && !is_email(address)
            {
                return Err(problem(
                    path,
                    format!(
                        "`{address}` must be an address such as mail@example.com, without a name or brackets"
                    ),
                ));
            }
        }
        for (path, name) in [
            ("mail.fromName", &mail.from_name),
            ("mail.appName", &mail.app_name),
        ] {
            if let Some(name) = name
                && !is_name(name)
            {
                return Err(problem(
                    path,
                    format!(
                        "must have 1 to {MAX_NAME} characters, none of them a control character"
                    ),
                ));
            }
        }
        if is_locale(&mail.locale) {
            Ok(())
        } else {
            Err(problem(
                "mail.locale",
                format!(
                    "`{}` must be a language such as en, de or de-CH",
                    mail.locale
                ),
            ))
        }
    }

    fn check_what_needs_mail(&self) -> Result<(), Problem> {
        if self.mail.from.is_some() {
            return Ok(());
        }
        let auth = &self.auth;
        let verifies = matches!(
            auth.email_verification,
            Some(EmailVerification::Optional | EmailVerification::Required)
        );
        for (path, needs) in [
            ("auth.emailVerification", verifies),
            ("auth.magicLink", auth.magic_link != MagicLink::Off),
        ] {
            if needs {
                return Err(problem(
                    path,
                    "needs mail: set `mail.from` to the address that mails come from".to_owned(),
                ));
            }
        }
        Ok(())
    }

    fn check_redirects(&self) -> Result<(), Problem> {
        let redirects = &self.auth.redirects;
        if redirects.len() > MAX_REDIRECTS {
            return Err(problem(
                "auth.redirects",
                format!(
                    "{} entries must be at most {MAX_REDIRECTS}",
                    redirects.len()
                ),
            ));
        }
        for (at, entry) in redirects.iter().enumerate() {
            if let Some(fault) = redirect::fault(entry) {
                return Err(problem(
                    &format!("auth.redirects[{at}]"),
                    format!("`{entry}` is refused: {fault}"),
                ));
            }
        }
        Ok(())
    }

    fn check_links(&self, local: bool) -> Result<(), Problem> {
        let links = &self.mail.links;
        let with_token = [
            (Kind::VerifyEmail.as_str(), &links.verify_email),
            (Kind::Registration.as_str(), &links.registration),
            (Kind::PasswordReset.as_str(), &links.password_reset),
            (Kind::MagicLink.as_str(), &links.magic_link),
            (Kind::EmailChange.as_str(), &links.email_change),
            (Kind::Invitation.as_str(), &links.invitation),
        ];
        let without = [
            ("login", &links.login),
            ("forgot", &links.forgot),
            ("secure", &links.secure),
        ];
        let all = with_token.map(|(name, link)| (name, link, 1));
        let all = all
            .into_iter()
            .chain(without.map(|(name, link)| (name, link, 0)));
        for (name, link, tokens) in all {
            let Some(link) = link else { continue };
            let path = format!("mail.links.{name}");
            if link.matches(TOKEN).count() != tokens {
                let reason = if tokens == 1 {
                    format!("must have `{TOKEN}` once, where the token of the link goes")
                } else {
                    format!("has no token; leave `{TOKEN}` out")
                };
                return Err(problem(&path, reason));
            }
            if !self.is_of_app(&link.replace(TOKEN, "token"), local) {
                return Err(problem(
                    &path,
                    format!(
                        "`{link}` must be an https address, or have a scheme of `auth.redirects`"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Whether an address is one that a mail may lead to.
    fn is_of_app(&self, address: &str, local: bool) -> bool {
        let printable = address.bytes().all(|byte| byte.is_ascii_graphic());
        let own = redirect::schemes(&self.auth.redirects).any(|scheme| address.starts_with(scheme));
        let developers = local && address.starts_with("http://localhost");
        printable && (address.starts_with("https://") || own || developers)
    }
}

fn problem(path: &str, reason: String) -> Problem {
    Problem {
        path: path.to_owned(),
        reason,
    }
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

fn is_base(address: &str, local: bool) -> bool {
    let host = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://").filter(|_| local));
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-:/_~[]".contains(&byte);
    host.is_some_and(|rest| !rest.is_empty() && !rest.ends_with('/') && rest.bytes().all(fits))
}

/// Whether a text can be the version of terms.
fn is_version(version: &str) -> bool {
    (1..=64).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        Settings::read(json, |_| None, false)
            .err()
            .map(|problem| problem.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn what_needs_mail_says_so() {
        for (json, path) in [
            (
                r#"{"auth":{"emailVerification":"optional"}}"#,
                "auth.emailVerification",
            ),
            (
                r#"{"auth":{"emailVerification":"required"}}"#,
                "auth.emailVerification",
            ),
            (r#"{"auth":{"magicLink":"signIn"}}"#, "auth.magicLink"),
        ] {
            let text = refused(json);
            assert!(
                text.starts_with(path) && text.contains("mail.from"),
                "{text}"
            );
        }
        assert_eq!(refused(r#"{"auth":{"emailVerification":"off"}}"#), "");
        let with = |auth: &str| format!(r#"{{"mail":{{"from":"a@b.example"}},"auth":{auth}}}"#);
        assert_eq!(
            refused(&with(
                r#"{"emailVerification":"required","magicLink":"signUp"}"#
            )),
            ""
        );
    }

    #[test]
    fn addresses_names_and_languages_are_judged() {
        for (json, path) in [
            (r#"{"mail":{"from":"App <a@b>"}}"#, "mail.from"),
            (r#"{"mail":{"replyTo":"a"}}"#, "mail.replyTo"),
            (r#"{"mail":{"fromName":"a\r\nBcc: x@y"}}"#, "mail.fromName"),
            (r#"{"mail":{"appName":""}}"#, "mail.appName"),
            (r#"{"mail":{"locale":"english"}}"#, "mail.locale"),
            (
                r#"{"mail":{"links":{"magic-link":"https://a.example/"}}}"#,
                "mail.links.magic-link",
            ),
            (
                r#"{"mail":{"links":{"login":"javascript:x"}}}"#,
                "mail.links.login",
            ),
            (
                r#"{"auth":{"redirects":["http://a.example"]}}"#,
                "auth.redirects[0]",
            ),
            (
                r#"{"auth":{"publicUrl":"http://a.example"}}"#,
                "auth.publicUrl",
            ),
            (
                r#"{"auth":{"publicUrl":"https://a.example/"}}"#,
                "auth.publicUrl",
            ),
            (
                r#"{"auth":{"invitations":{"by":"owner"}}}"#,
                "auth.invitations.by",
            ),
            (r#"{"auth":{"terms":{"version":""}}}"#, "auth.terms.version"),
            (
                r#"{"auth":{"terms":{"version":"2 b"}}}"#,
                "auth.terms.version",
            ),
        ] {
            let text = refused(json);
            assert!(text.starts_with(path), "{json}: {text}");
        }
    }
}
