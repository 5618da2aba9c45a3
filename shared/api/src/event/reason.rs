//! The reasons of changes to accounts, sessions and API keys: a closed list, as the items hold them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The reason of a change to a user, a session or an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A user has made an account, and begun its first session.
    Register,
    /// An admin or a server has made a user, or an admin an API key.
    Create,
    /// An operator has imported a user.
    Import,
    /// Role, profile or the switch of an account was changed.
    Update,
    /// An operator has made a user an admin.
    Promote,
    /// A user has changed the password.
    PasswordChange,
    /// An admin or a server has set the password.
    PasswordSet,
    /// All sessions of a user were ended, or all but the one that asked.
    SessionsEnd,
    /// A user or an API key was deleted.
    Delete,
    /// A user has brought the deleted account back, and begun a session.
    Restore,
    /// A user has signed in.
    Login,
    /// A user has signed out.
    Logout,
    /// A refresh token was shown again after its successor: somebody has a copy.
    RefreshTokenReuse,
    /// A user has ended another session of the same account.
    User,
    /// An admin or a server has ended the session of a user.
    Admin,
    /// The secret of an API key, a webhook or a service account was replaced.
    Rotate,
    /// The API key went with the rights of the admin who had made it.
    Leave,
    /// A user has proven the address of the account, or an operator vouches for it.
    VerifyEmail,
    /// A user has set a new password by a code or a link of a mail.
    PasswordReset,
    /// The password is void. The reader of the mails took an unproven account over, or an admin or a server has sent a mail
    /// for another password.
    PasswordRemoved,
    /// A user has another address.
    EmailChange,
    /// A user has signed in by a mail.
    MagicLink,
    /// A user has accepted an invitation.
    Invitation,
    /// A user has authenticated once more, and a session takes the place of another.
    Reauthentication,
    /// Another session has taken its place.
    Reauthenticated,
    /// A mail to the address has failed, or an admin has forgotten that.
    MailFailed,
    /// A user has accepted the terms.
    Terms,
    /// A user has signed in by a second factor.
    Mfa,
    /// A user has signed in by a passkey.
    Passkey,
    /// A user has signed in by a provider.
    Provider,
    /// A user has linked a provider.
    ProviderLinked,
    /// A user has a provider less.
    ProviderUnlinked,
    /// A user has switched the second factor on.
    MfaEnabled,
    /// The second factor is switched off, by its user or an admin.
    MfaDisabled,
    /// A user has new recovery codes.
    MfaCodesRenewed,
    /// A user has another passkey, or another name for one.
    PasskeyAdded,
    /// A user has one passkey less.
    PasskeyRemoved,
    /// Somebody has made an account without an address.
    Anonymous,
    /// An admin acts as the user.
    Impersonation,
    /// A service account has got an access token.
    Service,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 40] = [
        Self::Register,
        Self::Create,
        Self::Import,
        Self::Update,
        Self::Promote,
        Self::PasswordChange,
        Self::PasswordSet,
        Self::SessionsEnd,
        Self::Delete,
        Self::Restore,
        Self::Login,
        Self::Logout,
        Self::RefreshTokenReuse,
        Self::User,
        Self::Admin,
        Self::Rotate,
        Self::Leave,
        Self::VerifyEmail,
        Self::PasswordReset,
        Self::PasswordRemoved,
        Self::EmailChange,
        Self::MagicLink,
        Self::Invitation,
        Self::Reauthentication,
        Self::Reauthenticated,
        Self::MailFailed,
        Self::Terms,
        Self::Mfa,
        Self::Passkey,
        Self::Provider,
        Self::ProviderLinked,
        Self::ProviderUnlinked,
        Self::MfaEnabled,
        Self::MfaDisabled,
        Self::MfaCodesRenewed,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::Anonymous,
        Self::Impersonation,
        Self::Service,
    ];

    /// The name in the items and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Create => "create",
            Self::Import => "import",
            Self::Update => "update",
            Self::Promote => "promote",
            Self::PasswordChange => "password-change",
            Self::PasswordSet => "password-set",
            Self::SessionsEnd => "sessions-end",
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::Login => "login",
            Self::Logout => "logout",
            Self::RefreshTokenReuse => "refresh-token-reuse",
            Self::User => "user",
            Self::Admin => "admin",
            Self::Rotate => "rotate",
            Self::Leave => "leave",
            Self::VerifyEmail => "verify-email",
            Self::PasswordReset => "password-reset",
            Self::PasswordRemoved => "password-removed",
            Self::EmailChange => "email-change",
            Self::MagicLink => "magic-link",
            Self::Invitation => "invitation",
            Self::Reauthentication => "reauthentication",
            Self::Reauthenticated => "reauthenticated",
            Self::MailFailed => "mail-failed",
            Self::Terms => "terms",
            Self::Mfa => "mfa",
            Self::Passkey => "passkey",
            Self::Provider => "provider",
            Self::ProviderLinked => "provider-linked",
            Self::ProviderUnlinked => "provider-unlinked",
            Self::MfaEnabled => "mfa-enabled",
            Self::MfaDisabled => "mfa-disabled",
            Self::MfaCodesRenewed => "mfa-codes-renewed",
            Self::PasskeyAdded => "passkey-added",
            Self::PasskeyRemoved => "passkey-removed",
            Self::Anonymous => "anonymous",
            Self::Impersonation => "impersonation",
            Self::Service => "service",
        }
    }

    /// The reason of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reason_has_one_name_everywhere() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
            assert_eq!(json!(reason), json!(reason.as_str()));
        }
        assert_eq!(Reason::parse("Register"), None);
    }
}
