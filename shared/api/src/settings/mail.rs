//! Mail: its sender, its links and the notices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mail::Kind;

/// Mail. Without `from` nothing is sent, and the stack has no function for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Mail {
    /// The sender's address, of a domain or an address that SES has verified.
    pub from: Option<String>,
    /// The sender's name.
    pub from_name: Option<String>,
    /// The address that answers go to; absent: the sender's.
    pub reply_to: Option<String>,
    /// The name of the app in mails and on pages; absent: the sender's name, else the domain of the sender's address.
    pub app_name: Option<String>,
    /// The language of a mail where neither request nor user names one.
    pub locale: String,
    /// Addresses of the app.
    pub links: Links,
    /// The notices that are sent.
    pub notices: Notices,
}

/// Addresses of the app. In those of a kind of mail, `{token}` stands for the token of the link; where one is absent, the
/// link leads to a page of the API's own.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Links {
    /// Where an address is verified.
    pub verify_email: Option<String>,
    /// Where a registration is confirmed.
    pub registration: Option<String>,
    /// Where a new password is set.
    pub password_reset: Option<String>,
    /// Where the link of a sign-in by mail leads.
    pub magic_link: Option<String>,
    /// Where a new address is confirmed.
    pub email_change: Option<String>,
    /// Where an invitation is accepted.
    pub invitation: Option<String>,
    /// Where a user signs in.
    pub login: Option<String>,
    /// Where a user asks for a new password.
    pub forgot: Option<String>,
    /// Where a user who did not make a change secures the account.
    pub secure: Option<String>,
}

/// The notices, each sent unless it is switched off here. No user can switch one off (ASVS 5.0, 6.3.7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Notices {
    /// The user has changed the password, or an admin has set it.
    pub password_changed: bool,
    /// The password was reset by mail.
    pub password_was_reset: bool,
    /// The address is another, told to the old one.
    pub email_changed: bool,
    /// Another address is asked for, told to the present one.
    pub email_change_requested: bool,
    /// A second factor is on.
    pub mfa_enabled: bool,
    /// The second factor is off.
    pub mfa_disabled: bool,
    /// The recovery codes are new.
    pub recovery_codes_renewed: bool,
    /// A recovery code was used.
    pub recovery_code_used: bool,
    /// A passkey was added.
    pub passkey_added: bool,
    /// A passkey was removed.
    pub passkey_removed: bool,
    /// An account of a provider was linked.
    pub account_linked: bool,
    /// An account of a provider was unlinked.
    pub account_unlinked: bool,
    /// An old refresh token was used again.
    pub session_reuse: bool,
    /// The account is deleted.
    pub account_deleted: bool,
    /// An admin acts as the user.
    pub impersonated: bool,
    /// Somebody else has changed the account.
    pub admin_changed_account: bool,
    /// Too many wrong second factors.
    pub mfa_attempts: bool,
}

impl Notices {
    /// Whether the notices of a kind are sent. No other kind of mail can be switched off.
    #[must_use]
    pub fn has(&self, kind: Kind) -> bool {
        match kind {
            Kind::VerifyEmail
            | Kind::Registration
            | Kind::AccountExists
            | Kind::PasswordReset
            | Kind::MagicLink
            | Kind::EmailChange
            | Kind::Invitation => true,
            Kind::PasswordChanged => self.password_changed,
            Kind::PasswordWasReset => self.password_was_reset,
            Kind::EmailChanged => self.email_changed,
            Kind::EmailChangeRequested => self.email_change_requested,
            Kind::MfaEnabled => self.mfa_enabled,
            Kind::MfaDisabled => self.mfa_disabled,
            Kind::RecoveryCodesRenewed => self.recovery_codes_renewed,
            Kind::RecoveryCodeUsed => self.recovery_code_used,
            Kind::PasskeyAdded => self.passkey_added,
            Kind::PasskeyRemoved => self.passkey_removed,
            Kind::AccountLinked => self.account_linked,
            Kind::AccountUnlinked => self.account_unlinked,
            Kind::SessionReuse => self.session_reuse,
            Kind::AccountDeleted => self.account_deleted,
            Kind::Impersonated => self.impersonated,
            Kind::AdminChangedAccount => self.admin_changed_account,
            Kind::MfaAttempts => self.mfa_attempts,
        }
    }
}

impl Mail {
    /// Whether notices of a kind are sent: there is a sender, and they are not switched off.
    #[must_use]
    pub fn tells(&self, kind: Kind) -> bool {
        self.from.is_some() && self.notices.has(kind)
    }

    /// The name of the app, where mail is configured.
    #[must_use]
    pub fn app(&self) -> Option<&str> {
        let domain = || self.from.as_deref()?.rsplit_once('@');
        let named = self.app_name.as_deref().or(self.from_name.as_deref());
        named.or_else(|| domain().map(|(_, domain)| domain))
    }
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            from: None,
            from_name: None,
            reply_to: None,
            app_name: None,
            locale: "en".to_owned(),
            links: Links::default(),
            notices: Notices::default(),
        }
    }
}

impl Default for Notices {
    fn default() -> Self {
        Self {
            password_changed: true,
            password_was_reset: true,
            email_changed: true,
            email_change_requested: true,
            mfa_enabled: true,
            mfa_disabled: true,
            recovery_codes_renewed: true,
            recovery_code_used: true,
            passkey_added: true,
            passkey_removed: true,
            account_linked: true,
            account_unlinked: true,
            session_reuse: true,
            account_deleted: true,
            impersonated: true,
            admin_changed_account: true,
            mfa_attempts: true,
        }
    }
}
