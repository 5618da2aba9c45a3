//! Providers: the services whose accounts sign in here.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The providers by their names: `google`, `github`, `apple`, `microsoft`, or any other with an `issuer`.
pub type Providers = BTreeMap<String, Provider>;

/// The start of the keys of providers: of their settings in `_configuration`, and of their users' identities in `_users`.
pub const PROVIDER: &str = "provider#";

/// The key of a provider's settings.
#[must_use]
pub fn provider_id(name: &str) -> String {
    format!("{PROVIDER}{name}")
}

/// The names of the providers that are known, and of those in the file, in their order.
#[must_use]
pub fn provider_names(file: &Providers) -> Vec<&str> {
    let known = ["apple", "github", "google", "microsoft"];
    let names = known.into_iter().chain(file.keys().map(String::as_str));
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The settings of a provider, without its secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Provider {
    /// The id of this app at the provider.
    pub client_id: Option<String>,
    /// The ids of its native apps, at most 10.
    pub client_ids: Option<Vec<String>>,
    /// The scopes that are asked for, at most 20; unset: those that tell who it is.
    pub scopes: Option<Vec<String>>,
    /// Whether it signs in; unset: it does.
    pub enabled: Option<bool>,
    /// Whether the addresses that it has verified link to accounts here. Every one of them must be the user's for good.
    pub trust_email: Option<bool>,
    /// The issuer of its ID tokens (OpenID Connect), by https. Each provider but the known ones needs it.
    pub issuer: Option<String>,
    /// The tenant of Microsoft: the id of one, `organizations` or `consumers`; unset: `common`.
    pub tenant: Option<String>,
    /// The id of the team that the key is of (Apple).
    pub team_id: Option<String>,
    /// The id of the key (Apple).
    pub key_id: Option<String>,
    /// The profile fields that a new account gets from it.
    pub profile: Option<ProviderProfile>,
    /// Its addresses, in the place of those that are known or discovered.
    pub endpoints: Option<ProviderEndpoints>,
}

/// The profile fields that a provider fills in a new account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ProviderProfile {
    /// The field of the name.
    pub name: Option<String>,
    /// The field of the picture's address.
    pub picture: Option<String>,
}

/// The addresses of a provider, by https; locally also by http on the same machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ProviderEndpoints {
    /// The page where its users sign in.
    pub authorize: Option<String>,
    /// Where a code is traded.
    pub token: Option<String>,
    /// Where the user is read, without an ID token.
    pub user: Option<String>,
    /// Where the user's addresses are read, without an ID token.
    pub emails: Option<String>,
    /// The keys of its ID tokens.
    pub jwks: Option<String>,
}

/// How a provider tells who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// Google.
    Google,
    /// GitHub, which has no ID tokens.
    Github,
    /// Apple, which answers by a form.
    Apple,
    /// Microsoft, which has an issuer per tenant.
    Microsoft,
    /// Any other provider of OpenID Connect.
    Oidc,
}

impl ProviderKind {
    /// The kind of the provider with this name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            "google" => Self::Google,
            "github" => Self::Github,
            "apple" => Self::Apple,
            "microsoft" => Self::Microsoft,
            _ => Self::Oidc,
        }
    }

    /// Whether it is one whose addresses are known here.
    #[must_use]
    pub fn is_known(self) -> bool {
        self != Self::Oidc
    }
}

impl Provider {
    /// These settings, completed by those of the file: what is unset here is as there.
    #[must_use]
    pub fn over(self, file: &Self) -> Self {
        Self {
            client_id: self.client_id.or_else(|| file.client_id.clone()),
            client_ids: self.client_ids.or_else(|| file.client_ids.clone()),
            scopes: self.scopes.or_else(|| file.scopes.clone()),
            enabled: self.enabled.or(file.enabled),
            trust_email: self.trust_email.or(file.trust_email),
            issuer: self.issuer.or_else(|| file.issuer.clone()),
            tenant: self.tenant.or_else(|| file.tenant.clone()),
            team_id: self.team_id.or_else(|| file.team_id.clone()),
            key_id: self.key_id.or_else(|| file.key_id.clone()),
            profile: self.profile.or_else(|| file.profile.clone()),
            endpoints: self.endpoints.or_else(|| file.endpoints.clone()),
        }
    }

    /// Whether it is switched on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.enabled.unwrap_or(true)
    }

    /// Its own addresses.
    #[must_use]
    pub fn own_endpoints(&self) -> ProviderEndpoints {
        self.endpoints.clone().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unset_is_as_in_the_file() {
        let file = Provider {
            client_id: Some("a".into()),
            trust_email: Some(true),
            enabled: Some(false),
            ..Provider::default()
        };
        let own = Provider {
            client_id: Some("b".into()),
            enabled: Some(true),
            ..Provider::default()
        };
        let both = own.over(&file);
        assert_eq!(both.client_id.as_deref(), Some("b"));
        assert_eq!((both.trust_email, both.is_on()), (Some(true), true));
        assert!(!file.is_on() && Provider::default().is_on());
    }
}
