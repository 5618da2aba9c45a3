//! The mails there are: a closed list of kinds, and the variables that the templates of each may name.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The variables of every kind.
const COMMON: [&str; 4] = ["appName", "userEmail", "userName", "locale"];

/// Joins the common variables and those of a kind.
macro_rules! variables {
    ($($name:literal)*) => {
        &[COMMON[0], COMMON[1], COMMON[2], COMMON[3] $(, $name)*]
    };
}

/// The variables of a notice.
const OF_NOTICES: &[&str] = variables!("what" "when" "userAgent" "place" "secureUrl");

/// Reads the list of kinds: a variant, its name, its variables beside the common ones and when it is sent.
macro_rules! kinds {
    (
        $( $variant:ident $name:literal ($($variable:literal)*) $when:literal )+
        ;
        $( $notice:ident $title:literal $of:literal )+
    ) => {
        /// The kind of a mail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Kind {
            $(
                #[doc = concat!("`", $name, "`")]
                $variant,
            )+
            $(
                #[doc = concat!("`", $title, "`")]
                $notice,
            )+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+ $( Self::$notice, )+];

            /// The name in items, settings, paths and tags.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $name, )+
                    $( Self::$notice => $title, )+
                }
            }

            /// Whether it tells of a change that was made, and asks for nothing.
            #[must_use]
            pub fn is_notice(self) -> bool {
                match self {
                    $( Self::$variant => false, )+
                    $( Self::$notice => true, )+
                }
            }

            /// The variables that its templates may name.
            #[must_use]
            pub fn variables(self) -> &'static [&'static str] {
                match self {
                    $( Self::$variant => variables!($($variable)*), )+
                    $( Self::$notice => OF_NOTICES, )+
                }
            }

            /// When it is sent, for the docs.
            #[must_use]
            pub fn when(self) -> &'static str {
                match self {
                    $( Self::$variant => $when, )+
                    $( Self::$notice => $of, )+
                }
            }
        }
    };
}

kinds! {
    VerifyEmail "verify-email" ("code" "verifyUrl" "minutes")
        "A user has registered, or has asked for the mail again."
    Registration "registration" ("code" "confirmUrl" "minutes")
        "A free address was registered where addresses are proven first."
    AccountExists "account-exists" ("loginUrl" "resetUrl")
        "An address that has an account was registered, or named in an email change."
    PasswordReset "password-reset" ("code" "resetUrl" "minutes")
        "A forgotten password was told of, and the address has an account; or an admin has sent it, without `code`."
    MagicLink "magic-link" ("code" "magicUrl" "minutes")
        "A sign-in by mail was asked for, and is allowed."
    EmailChange "email-change" ("code" "confirmUrl" "oldEmail")
        "A user wants a new address; it is sent there."
    Invitation "invitation" ("acceptUrl" "rejectUrl" "inviterName" "roleName" "resourceName" "message" "days")
        "An invitation was made or sent again."
    ;
    PasswordChanged "password-changed" "The password was changed."
    PasswordWasReset "password-was-reset" "The password was replaced by a code or a link of a mail."
    EmailChanged "email-changed"
        "The address was replaced; it is sent to the old one, and `what` is the new one, masked."
    MfaEnabled "mfa-enabled" "A second factor was enabled."
    MfaDisabled "mfa-disabled" "The second factor was disabled."
    RecoveryCodesRenewed "recovery-codes-renewed" "New recovery codes were made."
    RecoveryCodeUsed "recovery-code-used" "A recovery code was used; `what` is how many are left."
    PasskeyAdded "passkey-added" "A passkey was added; `what` is its name."
    PasskeyRemoved "passkey-removed" "A passkey was removed; `what` is its name."
    AccountLinked "account-linked" "A provider was linked; `what` is its name."
    AccountUnlinked "account-unlinked" "A provider was unlinked; `what` is its name."
    SessionReuse "session-reuse" "A refresh token was used a second time, and its session has ended."
    AccountDeleted "account-deleted" "The account was deleted."
    Impersonated "impersonated" "An administrator has signed in as the user."
    AdminChangedAccount "admin-changed-account" "Somebody else has changed the account; `what` names the changes."
    MfaAttempts "mfa-attempts" "Too many wrong codes of the second factor were typed."
    EmailChangeRequested "email-change-requested"
        "A new address was asked for; it is sent to the old one, and `what` is the new one, masked."
}

impl Kind {
    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

/// The template of a mail, in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "MailTemplate")]
pub struct Template {
    /// The subject, of 1 to 200 characters.
    #[schemars(length(min = 1, max = 200))]
    pub subject: String,
    /// The plain text, of at most 64 KiB.
    #[schemars(length(min = 1, max = 65536))]
    pub text: String,
    /// The same as HTML, of at most 64 KiB; absent or null where the mail has none.
    #[serde(default)]
    #[schemars(length(max = 65536))]
    pub html: Option<String>,
}

/// The start of the id of a template among the configuration.
const TEMPLATE: &str = "template#";

/// The id of an admin's template among the configuration: `template#<kind>#<locale>`.
#[must_use]
pub fn template_id(kind: Kind, locale: &str) -> String {
    format!("{TEMPLATE}{kind}#{locale}")
}

/// The kind and the locale of such an id.
#[must_use]
pub fn template_of(id: &str) -> Option<(Kind, &str)> {
    let (kind, locale) = id.strip_prefix(TEMPLATE)?.split_once('#')?;
    Some((Kind::parse(kind)?, locale))
}

/// The text is no kind of a mail.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAMail(pub String);

impl fmt::Display for NotAMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no kind of a mail", self.0)
    }
}

impl TryFrom<String> for Kind {
    type Error = NotAMail;

    fn try_from(text: String) -> Result<Self, NotAMail> {
        Self::parse(&text).ok_or(NotAMail(text))
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.as_str().to_owned()
    }
}

impl JsonSchema for Kind {
    fn schema_name() -> Cow<'static, str> {
        "MailKind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_kind_has_one_name_everywhere() {
        let names: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!((names.len(), Kind::ALL.len()), (24, 24));
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
            assert_eq!(json!(kind), json!(kind.as_str()));
            assert_eq!(
                serde_json::from_value(json!(kind.as_str())).ok(),
                Some(*kind)
            );
            let plain = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(kind.as_str().chars().all(plain), "{kind}");
        }
        let id = template_id(Kind::VerifyEmail, "de");
        assert_eq!(id, "template#verify-email#de");
        assert_eq!(template_of(&id), Some((Kind::VerifyEmail, "de")));
        assert_eq!(template_of("template#verify-email"), None);
        assert_eq!(template_of("provider#verify-email#de"), None);
        assert_eq!(Kind::parse("Verify-email"), None);
        assert!(serde_json::from_value::<Kind>(json!("mail")).is_err());
    }

    #[test]
    fn a_kind_names_the_common_variables_and_its_own_once() {
        for kind in Kind::ALL {
            let variables = kind.variables();
            let unique: BTreeSet<&&str> = variables.iter().collect();
            assert_eq!(unique.len(), variables.len(), "{kind}");
            assert_eq!(&variables[..4], COMMON);
            assert_eq!(variables.contains(&"secureUrl"), kind.is_notice());
            assert!(!kind.is_notice() || !variables.contains(&"code"));
        }
        let notices = Kind::ALL.iter().filter(|kind| kind.is_notice()).count();
        assert_eq!(notices, 17);
    }
}
