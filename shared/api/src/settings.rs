//! The settings: `bakend.json`, overridden key by key by the environment.

mod auth;
mod client;
mod events;
mod factor;
mod mail;
mod origin;
mod passkeys;
mod password;
mod problem;
mod proof;
mod provider;
mod registration;
mod secret;
mod span;
mod throttle;
mod tokens;
mod variables;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::auth::{Auth, RefreshReuse, SameSite, SessionCheck};
pub use self::client::Client;
pub use self::events::{Audit, Events};
pub use self::factor::{Mfa, RequiredFor};
pub use self::mail::{Links, Mail, Notices};
pub use self::origin::shown;
pub use self::passkeys::{ANDROID, LOCAL_ORIGIN, LOCAL_RP, Passkeys};
pub use self::password::{Factor, Password, Preset};
pub use self::problem::Problem;
pub use self::proof::{EmailVerification, Invitations, MagicLink, TermsOfUse};
pub use self::provider::{
    PROVIDER, Provider, ProviderEndpoints, ProviderKind, ProviderProfile, Providers, provider_id,
    provider_names,
};
pub use self::registration::Registration;
pub use self::secret::{SecretProblem, check_secret};
pub use self::span::Span;
pub use self::throttle::Throttle;
pub use self::tokens::{TokenAlgorithm, Tokens};
use self::variables::list_leaves;
pub(crate) use self::variables::override_leaves;
use crate::definition::ProfileField;

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
    /// The content of events, and how long they are kept.
    pub events: Events,
    /// The audit log.
    pub audit: Audit,
    /// Mail.
    pub mail: Mail,
    /// The clients of the API.
    pub client: Client,
}

/// What is known of a user.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Users {
    /// The profile fields: declared as fields of a collection are, with `public` for what strangers see.
    pub fields: Vec<ProfileField>,
}

/// Who may call from a browser.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Cors {
    /// Origins such as `https://app.example.com`, `capacitor://localhost` or `ionic://localhost`, in lower case and
    /// without a path. A star is the port of `localhost` or `127.0.0.1`. Locally, where the list is empty, pages of
    /// `http://localhost:*`, `http://127.0.0.1:*` and `https://localhost:*` may call. In the cloud API Gateway answers,
    /// from the template's parameter, and the functions that take a cookie are told the same. A star as a whole is any
    /// origin, without cookies.
    pub allowed_origins: Vec<String>,
}

impl Settings {
    /// How an account proves its address: `auth.emailVerification`, by default optional where mail is configured.
    #[must_use]
    pub fn email_verification(&self) -> EmailVerification {
        let default = if self.mail.from.is_some() {
            EmailVerification::Optional
        } else {
            EmailVerification::Off
        };
        self.auth.email_verification.unwrap_or(default)
    }

    /// The keys, each with its variable and its default, for the documentation.
    #[must_use]
    pub fn keys() -> Vec<(String, String, Value)> {
        let mut keys = Vec::new();
        let tree = serde_json::to_value(Self::default()).unwrap_or_default();
        list_leaves(&tree, "", "BAKEND", &mut keys);
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(
            name("events.recordAddresses"),
            Some("BAKEND_EVENTS_RECORD_ADDRESSES")
        );
        assert_eq!(keys.len(), 105);
    }
}
