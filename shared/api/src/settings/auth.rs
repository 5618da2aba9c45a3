//! Sign-up, sign-in and sessions.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::factor::Mfa;
use crate::settings::passkeys::Passkeys;
use crate::settings::password::{Factor, Password};
use crate::settings::proof::{EmailVerification, Invitations, MagicLink, TermsOfUse};
use crate::settings::provider::Providers;
use crate::settings::registration::Registration;
use crate::settings::span::Span;
use crate::settings::throttle::Throttle;
use crate::settings::tokens::Tokens;

/// Sign-up, sign-in and sessions.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Auth {
    /// The signing secret, at least 32 bytes. Absent: a random one is kept in the `_settings` table.
    pub jwt_secret: Option<String>,
    /// The signature of access tokens.
    pub tokens: Tokens,
    /// Lifetime of an access token, 1 s to 24 h.
    pub access_token_ttl: Span,
    /// Lifetime of a refresh token from its last use, up to `sessionMaxAge`.
    pub refresh_token_ttl: Span,
    /// Lifetime of a session in all, up to 366 days.
    pub session_max_age: Span,
    /// For how long after a rotation the previous refresh token is forgiven, up to 60 s.
    pub refresh_grace: Span,
    /// For how long a client may ask again for a refresh whose reply it has lost, by its `Idempotency-Key`, up to 24 h.
    pub refresh_retry: Span,
    /// What the previous refresh token gets within the grace.
    pub refresh_reuse: RefreshReuse,
    /// The rules of a new password.
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
    /// The limits on accounts that people make for themselves.
    pub registration: Registration,
    /// Whether accounts without an address can be made, of the role `anonymous`.
    pub anonymous: bool,
    /// Lifetime of a session in which an admin acts as a user, 1 min to 1 h.
    pub impersonation_ttl: Span,
    /// Whether every request needs an API key; then a publishable one binds its callers to its scopes and origins.
    pub require_api_key: bool,
    /// How an account proves its address; unset: `optional` where `mail.from` is set, else `off`.
    pub email_verification: Option<EmailVerification>,
    /// Lifetime of a link that verifies an address or confirms a registration, up to 7 days.
    pub verification_ttl: Span,
    /// Lifetime of a link that sets a new password, up to 24 h.
    pub reset_ttl: Span,
    /// Lifetime of a link that signs in, up to 15 min.
    pub magic_link_ttl: Span,
    /// Lifetime of a code in a mail, up to 10 min (ASVS 5.0, 6.5.5).
    pub code_ttl: Span,
    /// Whether a mail signs in.
    pub magic_link: MagicLink,
    /// For how long an authentication counts as recent, 1 min to 1 h.
    pub recent_auth: Span,
    /// The users who have a second factor: `off`, `optional`, `required`, or `{"requiredFor": ["admin"]}`.
    pub mfa: Mfa,
    /// How many steps of 30 s the clock of an authenticator app may be off, 0 or 1 (RFC 6238, section 5.2).
    pub totp_skew: u32,
    /// The providers whose sign-in counts as two factors: they are trusted to ask for the second one themselves.
    pub mfa_trusted_providers: Vec<String>,
    /// Whether a provider's verified address links to the account that has it, where the provider is authoritative for it.
    pub link_by_email: bool,
    /// The providers that sign in, by name; secrets are set by `PUT /api/admin/providers/{name}` alone.
    pub providers: Providers,
    /// Invitations.
    pub invitations: Invitations,
    /// Passkeys.
    pub passkeys: Passkeys,
    /// The terms that a new user accepts.
    pub terms: TermsOfUse,
    /// The addresses of apps that a page or a sign-in may lead back to, at most 100, each of at most 200 bytes:
    /// `https://app.example.com/done`, a scheme of the app's own such as `com.example.app:/done`, or
    /// `http://localhost:*` with any port. Locally, where the list is empty, `http://localhost:*`.
    pub redirects: Vec<String>,
    /// The public address of the API, such as `https://api.example.com`; unset: that of the request. Needed behind a
    /// distribution or a base path.
    pub public_url: Option<String>,
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

impl Auth {
    /// The part of a password in a sign-in: one of two where everybody has to have a second factor.
    #[must_use]
    pub fn password_factor(&self) -> Factor {
        match self.mfa {
            Mfa::Required => Factor::OneOfTwo,
            Mfa::Off | Mfa::Optional | Mfa::RequiredFor(_) => Factor::Only,
        }
    }

    /// The longest lifetime of an access token.
    #[must_use]
    pub fn longest_token(&self) -> Duration {
        let acting = self.impersonation_ttl.duration();
        self.access_token_ttl.duration().max(acting)
    }

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
            tokens: Tokens::default(),
            access_token_ttl: Span::seconds(15 * 60),
            refresh_token_ttl: Span::seconds(7 * 86_400),
            session_max_age: Span::seconds(30 * 86_400),
            refresh_grace: Span::seconds(10),
            refresh_retry: Span::seconds(86_400),
            refresh_reuse: RefreshReuse::Strict,
            password: Password::default(),
            bcrypt_cost: 10,
            session_check: SessionCheck::Immediate,
            roles: Vec::new(),
            deletion_grace: Span::seconds(30 * 86_400),
            cookie_same_site: SameSite::Lax,
            throttle: Throttle::default(),
            registration: Registration::default(),
            anonymous: false,
            impersonation_ttl: Span::seconds(15 * 60),
            require_api_key: false,
            email_verification: None,
            verification_ttl: Span::seconds(86_400),
            reset_ttl: Span::seconds(30 * 60),
            magic_link_ttl: Span::seconds(10 * 60),
            code_ttl: Span::seconds(10 * 60),
            magic_link: MagicLink::Off,
            recent_auth: Span::seconds(10 * 60),
            mfa: Mfa::Optional,
            totp_skew: 1,
            mfa_trusted_providers: Vec::new(),
            link_by_email: true,
            providers: Providers::new(),
            invitations: Invitations::default(),
            passkeys: Passkeys::default(),
            terms: TermsOfUse::default(),
            redirects: Vec::new(),
            public_url: None,
        }
    }
}
