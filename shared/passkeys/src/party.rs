//! The relying party: whose passkeys are made and checked here.

use api::settings::Passkeys;
use api::{Code, Error};
use serde::Serialize;
use serde_json::Value;
use url::Url;
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::ceremony::LIFETIME;

/// The relying party of this deployment.
#[derive(Clone, Copy)]
pub struct Party<'a> {
    pub(crate) settings: &'a Passkeys,
    rp_id: &'a str,
}

/// A ceremony that has begun.
#[derive(Debug)]
pub struct Opened {
    /// The options of the browser's call, in WebAuthn's JSON form.
    pub options: Value,
    /// The sealed state, to be sent back.
    pub token: String,
}

impl<'a> Party<'a> {
    /// The relying party that the settings name.
    ///
    /// # Errors
    /// `auth/method-disabled` where they name none.
    pub fn of(settings: &'a Passkeys) -> Result<Self, Error> {
        let rp_id = settings.rp_id.as_deref().ok_or(Code::MethodDisabled)?;
        Ok(Self { settings, rp_id })
    }

    /// The checks, for a ceremony on this origin, which is one of the settings' own.
    pub(crate) fn checks(&self, origin: Option<&Url>) -> Result<Webauthn, Error> {
        let broken = |what: String| Error::internal(format!("the relying party: {what}"));
        let own = format!("https://{}", self.rp_id);
        let own = Url::parse(&own).map_err(|error| broken(error.to_string()))?;
        let builder = WebauthnBuilder::new(self.rp_id, &own);
        let builder = builder.map_err(|error| broken(format!("{error:?}")))?;
        let builder = builder
            .rp_name(self.settings.name(self.rp_id))
            .timeout(LIFETIME);
        let builder = match origin {
            Some(origin) => builder.append_allowed_origin(origin),
            None => builder,
        };
        builder
            .build()
            .map_err(|error| broken(format!("{error:?}")))
    }
}

/// The options under `publicKey`, which browsers parse.
pub(crate) fn public_key(response: &impl Serialize) -> Result<Value, Error> {
    let mut response = to_value(response)?;
    let options = response.get_mut("publicKey").map(Value::take);
    options.ok_or_else(|| Error::internal("no options of a ceremony"))
}

pub(crate) fn to_value(state: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(state).map_err(|error| Error::internal(error.to_string()))
}
