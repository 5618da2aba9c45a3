//! The settings of a provider as `_configuration` keeps them, with its secret.

use api::Error;
use api::settings::{Provider, ProviderKind, provider_id};
use api::wire::ShownProvider;

use super::{Connection, Discovery};
use crate::keys::Keys;
use crate::sealing::Purpose;

/// The settings that an admin has set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptProvider {
    /// The settings; what is unset is as in the file.
    pub settings: Provider,
    /// The secret, sealed.
    pub secret: Option<String>,
    /// When the secret was set, in milliseconds.
    pub secret_at: Option<u64>,
    /// The metadata of its issuer.
    pub discovery: Option<Discovery>,
}

impl KeptProvider {
    /// Seals the secret of a provider.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn seal(keys: &Keys, name: &str, secret: &str, nonce: [u8; 12]) -> Result<String, Error> {
        let place = provider_id(name);
        keys.seal((Purpose::ProviderSecret, &place), secret.as_bytes(), nonce)
    }

    /// The secret; `None` where none is kept or it does not open.
    #[must_use]
    pub fn open_secret(&self, keys: &Keys, name: &str) -> Option<String> {
        let place = provider_id(name);
        let secret = keys.unseal((Purpose::ProviderSecret, &place), self.secret.as_deref()?)?;
        String::from_utf8(secret).ok()
    }

    /// The secret under the newest sealing key.
    ///
    /// # Errors
    /// `common/internal` where it does not open.
    pub fn resealed(&self, keys: &Keys, name: &str, nonce: [u8; 12]) -> Result<Self, Error> {
        let place = provider_id(name);
        let anew = self
            .secret
            .as_deref()
            .map(|secret| keys.reseal((Purpose::ProviderSecret, &place), secret, nonce));
        Ok(Self {
            secret: anew.transpose()?,
            ..self.clone()
        })
    }

    /// The settings that hold: these, completed by those of the file.
    #[must_use]
    pub fn whole(&self, file: Option<&Provider>) -> Provider {
        let file = file.cloned().unwrap_or_default();
        self.settings.clone().over(&file)
    }

    /// The connection of a provider that signs in: it is switched on, and has all that it needs. One that is neither known nor
    /// in the file signs nobody in, whatever an admin has once set.
    #[must_use]
    pub fn connection(&self, name: &str, file: Option<&Provider>) -> Option<Connection> {
        if file.is_none() && ProviderKind::of(name) == ProviderKind::Oidc {
            return None;
        }
        let settings = self.whole(file);
        let connection = Connection::of(name, &settings, self.discovery.as_ref())?;
        let has_secret = self.secret.is_some() || !connection.needs_secret();
        (settings.is_on() && has_secret).then_some(connection)
    }

    /// Whether a secret is kept that other settings would send to another server than these. Apple gets none.
    #[must_use]
    pub fn sends_elsewhere(&self, name: &str, other: &Provider, file: Option<&Provider>) -> bool {
        let server = |it: &Provider| (it.issuer.clone(), it.own_endpoints().token);
        let is_sent = self.secret.is_some() && ProviderKind::of(name) != ProviderKind::Apple;
        is_sent && server(&self.whole(file)) != server(other)
    }

    /// The provider as an admin sees it.
    #[must_use]
    pub fn shown(&self, name: &str, file: Option<&Provider>, origin: &str) -> ShownProvider {
        ShownProvider {
            name: name.to_owned(),
            kind: ProviderKind::of(name),
            ready: self.connection(name, file).is_some(),
            has_secret: self.secret.is_some(),
            redirect_uri: redirect_uri(origin, name),
            settings: self.whole(file),
        }
    }
}

/// The address that a provider's answers come to, of its own so that no other provider's answer does (RFC 9700, section
/// 4.4.2).
#[must_use]
pub fn redirect_uri(origin: &str, name: &str) -> String {
    format!("{origin}/api/auth/oauth/{name}/callback")
}
