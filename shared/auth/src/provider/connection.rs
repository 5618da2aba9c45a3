//! Connections: all that a sign-in needs to know of a provider.

use api::settings::{Provider, ProviderEndpoints, ProviderKind, ProviderProfile};

use super::Discovery;

/// The tenant of all personal accounts of Microsoft.
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

const MICROSOFT: &str = "https://login.microsoftonline.com";

/// The issuers whose answers count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuers {
    /// This one, under any of these names; the first is the one that is kept.
    One(Vec<String>),
    /// Those of tenants of Microsoft.
    Tenants(Tenants),
}

/// The tenants of Microsoft whose accounts count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenants {
    /// All of them.
    All,
    /// All but that of personal accounts.
    Organizations,
    /// That of personal accounts.
    Personal,
    /// This one alone.
    One(String),
}

impl Tenants {
    fn of(setting: Option<&str>) -> Self {
        match setting {
            None | Some("common") => Self::All,
            Some("organizations") => Self::Organizations,
            Some("consumers") => Self::Personal,
            Some(one) => Self::One(one.to_owned()),
        }
    }

    /// Whether a tenant is one of them.
    pub(super) fn take(&self, tenant: &str) -> bool {
        match self {
            Self::All => true,
            Self::Organizations => tenant != PERSONAL,
            Self::Personal => tenant == PERSONAL,
            Self::One(one) => tenant == one,
        }
    }
}

/// All that a sign-in needs to know of a provider, but its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: ProviderKind,
    /// The id of this app.
    pub client_id: String,
    /// The ids of its native apps.
    pub client_ids: Vec<String>,
    /// The scopes that are asked for.
    pub scopes: Vec<String>,
    /// Whether its verified addresses link.
    pub trusts_email: bool,
    /// The issuers.
    pub issuers: Issuers,
    /// The profile fields that it fills.
    pub profile: ProviderProfile,
    /// The page where its users sign in.
    pub authorize: String,
    /// Where a code is traded.
    pub token: String,
    /// Where the user is read, without an ID token.
    pub user: String,
    /// Where the user's addresses are read, without an ID token.
    pub emails: String,
    /// The keys of its ID tokens.
    pub jwks: String,
    /// Whether the secret goes in a header.
    pub basic: bool,
    /// Whether its answers name the issuer.
    pub names_issuer: bool,
    /// The team and the id of the key (Apple).
    pub key: Option<(String, String)>,
}

impl Connection {
    /// The connection of these settings. `None` without a client, and for a provider whose addresses are neither known, set
    /// nor discovered.
    #[must_use]
    pub fn of(name: &str, settings: &Provider, discovery: Option<&Discovery>) -> Option<Self> {
        let kind = ProviderKind::of(name);
        let discovery = discovery.filter(|it| settings.issuer.as_ref() == Some(&it.issuer));
        let own = settings.own_endpoints();
        let known = known(kind, settings, discovery);
        let user = own.user.or(known.user).unwrap_or_default();
        Some(Self {
            name: name.to_owned(),
            kind,
            client_id: settings.client_id.clone()?,
            client_ids: settings.client_ids.clone().unwrap_or_default(),
            scopes: settings.scopes.clone().unwrap_or_else(|| scopes(kind)),
            trusts_email: settings.trust_email.unwrap_or(false),
            issuers: issuers(kind, settings, &user)?,
            profile: settings.profile.clone().unwrap_or_default(),
            authorize: own.authorize.or(known.authorize)?,
            token: own.token.or(known.token)?,
            user,
            emails: own.emails.or(known.emails).unwrap_or_default(),
            jwks: own.jwks.or(known.jwks).unwrap_or_default(),
            basic: discovery.is_some_and(Discovery::takes_basic),
            names_issuer: discovery
                .is_some_and(|it| it.authorization_response_iss_parameter_supported),
            key: settings.team_id.clone().zip(settings.key_id.clone()),
        })
    }

    /// Whether a client of this kind proves itself by a secret.
    #[must_use]
    pub fn needs_secret(&self) -> bool {
        self.kind.is_known()
    }

    /// Whether its answers come as a form.
    #[must_use]
    pub fn answers_by_form(&self) -> bool {
        self.kind == ProviderKind::Apple
    }

    /// Whether an answer of this issuer is one of the provider's (RFC 9207, section 2.4). Each tenant of Microsoft answers in its
    /// own name, which the ID token proves.
    #[must_use]
    pub fn answers_as(&self, issuer: Option<&str>) -> bool {
        match (issuer, &self.issuers) {
            (None, _) => !self.names_issuer,
            (Some(issuer), Issuers::One(known)) => known.iter().any(|it| it == issuer),
            (Some(issuer), Issuers::Tenants(_)) => issuer.starts_with(&format!("{MICROSOFT}/")),
        }
    }

    /// Whether it is a single tenant of Microsoft.
    pub(super) fn is_single_tenant(&self) -> bool {
        matches!(&self.issuers, Issuers::Tenants(Tenants::One(_)))
    }
}

/// The issuer of a tenant of Microsoft.
pub(super) fn issuer_of_tenant(tenant: &str) -> String {
    format!("{MICROSOFT}/{tenant}/v2.0")
}

/// The addresses that are known, or discovered.
fn known(
    kind: ProviderKind,
    settings: &Provider,
    discovery: Option<&Discovery>,
) -> ProviderEndpoints {
    let tenant = settings.tenant.as_deref().unwrap_or("common");
    let texts: [Option<String>; 5] = match kind {
        ProviderKind::Google => [
            Some("https://accounts.google.com/o/oauth2/v2/auth".to_owned()),
            Some("https://oauth2.googleapis.com/token".to_owned()),
            Some("https://www.googleapis.com/oauth2/v3/certs".to_owned()),
            None,
            None,
        ],
        ProviderKind::Github => [
            Some("https://github.com/login/oauth/authorize".to_owned()),
            Some("https://github.com/login/oauth/access_token".to_owned()),
            None,
            Some("https://api.github.com/user".to_owned()),
            Some("https://api.github.com/user/emails".to_owned()),
        ],
        ProviderKind::Apple => [
            Some("https://appleid.apple.com/auth/authorize".to_owned()),
            Some("https://appleid.apple.com/auth/token".to_owned()),
            Some("https://appleid.apple.com/auth/keys".to_owned()),
            None,
            None,
        ],
        ProviderKind::Microsoft => [
            Some(format!("{MICROSOFT}/{tenant}/oauth2/v2.0/authorize")),
            Some(format!("{MICROSOFT}/{tenant}/oauth2/v2.0/token")),
            Some(format!("{MICROSOFT}/{tenant}/discovery/v2.0/keys")),
            None,
            None,
        ],
        ProviderKind::Oidc => [
            discovery.map(|it| it.authorization_endpoint.clone()),
            discovery.map(|it| it.token_endpoint.clone()),
            discovery.map(|it| it.jwks_uri.clone()),
            None,
            None,
        ],
    };
    let [authorize, token, jwks, user, emails] = texts;
    ProviderEndpoints {
        authorize,
        token,
        user,
        emails,
        jwks,
    }
}

/// The scopes that tell who somebody is.
fn scopes(kind: ProviderKind) -> Vec<String> {
    let scopes: &[&str] = match kind {
        ProviderKind::Github => &["read:user", "user:email"],
        ProviderKind::Apple => &["name", "email"],
        ProviderKind::Google | ProviderKind::Microsoft | ProviderKind::Oidc => {
            &["openid", "email", "profile"]
        }
    };
    scopes.iter().map(|scope| (*scope).to_owned()).collect()
}

/// The scheme and the authority of an address.
fn origin_of(address: &str) -> &str {
    let start = address.find("://").map_or(0, |at| at + 3);
    let end = address.get(start..).and_then(|rest| rest.find(['/', '?']));
    let end = end.map_or(address.len(), |at| start + at);
    address.get(..end).unwrap_or(address)
}

/// The issuers of a provider. GitHub has none: the origin of its users' address stands for it, so that another server's users
/// are others.
fn issuers(kind: ProviderKind, settings: &Provider, user: &str) -> Option<Issuers> {
    let one = |name: &str| Issuers::One(vec![name.to_owned()]);
    Some(match kind {
        ProviderKind::Google => Issuers::One(
            ["https://accounts.google.com", "accounts.google.com"]
                .map(ToOwned::to_owned)
                .to_vec(),
        ),
        ProviderKind::Github => one(origin_of(user)),
        ProviderKind::Apple => one("https://appleid.apple.com"),
        ProviderKind::Microsoft => Issuers::Tenants(Tenants::of(settings.tenant.as_deref())),
        ProviderKind::Oidc => one(settings.issuer.as_deref()?),
    })
}
