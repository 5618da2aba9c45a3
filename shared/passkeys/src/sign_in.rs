//! Sign-ins by passkeys, and further proofs by them (WebAuthn Level 3, section 7.2).

use api::{Code, Error, Id, Timestamp};
use auth::Keys;
use auth::passkey::{self, Passkey, Use};
use serde_json::{Value, json};
use webauthn_rs::Webauthn;
use webauthn_rs::prelude::{DiscoverableAuthentication, PublicKeyCredential, WebauthnError};

use crate::ceremony;
use crate::client;
use crate::data::is_signable;
use crate::party::{Opened, Party, public_key, to_value};
use crate::registration::{present, reread};

/// A credential that was presented in a ceremony of this deployment, and is not checked yet.
pub struct Presented {
    /// The session that is to begin.
    pub session: Id,
    /// The user whom the credential names.
    pub user: Id,
    credential: PublicKeyCredential,
    state: DiscoverableAuthentication,
    checks: Webauthn,
}

impl Party<'_> {
    /// Begins a sign-in, the same for everybody: nothing is read and nothing is stored. The session with this id is to begin
    /// by it.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn open_sign_in(
        &self,
        keys: &Keys,
        session: Id,
        now: Timestamp,
        nonce: [u8; 12],
    ) -> Result<Opened, Error> {
        let opened = self.checks(None)?.start_discoverable_authentication();
        let (options, state) =
            opened.map_err(|error| Error::internal(format!("a sign-in: {error:?}")))?;
        let mut options = public_key(&options)?;
        if let Some(options) = options.as_object_mut() {
            options.remove("allowCredentials");
            options.remove("extensions");
        }
        let state = (Some(session), to_value(&state)?);
        let token = ceremony::seal(keys, &ceremony::of_sign_in(), state, (now, nonce))?;
        Ok(Opened { options, token })
    }

    /// Reads a credential that is presented in a ceremony.
    ///
    /// # Errors
    /// `auth/invalid-passkey`.
    pub fn present(
        &self,
        keys: &Keys,
        (token, credential): (&str, &Value),
        now: Timestamp,
    ) -> Result<Presented, Error> {
        let place = ceremony::of_sign_in();
        let (session, state) = ceremony::open(keys, &place, token, now)?;
        let presented = || {
            let credential: PublicKeyCredential = present(credential)?;
            let response = &credential.response;
            let handle = response.user_handle.as_deref()?;
            let user = Id::from_bytes(handle.try_into().ok()?)?;
            let origin = client::origin(&response.client_data_json, "webauthn.get", self.settings)?;
            let fits =
                is_signable(&response.authenticator_data) && credential.type_ == "public-key";
            fits.then_some(Presented {
                session: session?,
                user,
                checks: self.checks(Some(&origin)).ok()?,
                credential,
                state,
            })
        };
        presented().ok_or_else(|| Code::InvalidPasskey.into())
    }
}

impl Presented {
    /// The id of the passkey, by which its item is found.
    #[must_use]
    pub fn passkey_id(&self) -> String {
        passkey::id_of(&self.credential.raw_id)
    }

    /// Checks the signature by the passkey that the table has.
    ///
    /// # Errors
    /// `auth/invalid-passkey`, with a cause where the counter shows that there may be two devices.
    pub fn check(self, stored: Option<&Passkey>, now: Timestamp) -> Result<Use, Error> {
        let own = stored.filter(|stored| stored.user == self.user);
        let own = own.ok_or(Code::InvalidPasskey)?;
        let key = read_key(own).ok_or_else(|| Error::internal("a passkey cannot be read"))?;
        let checked =
            self.checks
                .finish_discoverable_authentication_v2(&self.credential, self.state, &key);
        match checked {
            Ok(result) => Ok(Use {
                sign_count: result.counter(),
                backed_up: result.backup_state(),
                at: now,
            }),
            Err(WebauthnError::CredentialPossibleCompromise) => Err(Error {
                cause: Some("the counter of a passkey went back: there may be a copy".to_owned()),
                ..Code::InvalidPasskey.into()
            }),
            Err(_) => Err(Code::InvalidPasskey.into()),
        }
    }
}

/// The passkey as the crate knows it. The check needs neither attestation nor extensions.
fn read_key(stored: &Passkey) -> Option<webauthn_rs::prelude::Passkey> {
    let key: Value = api::value::parse(&stored.public_key).ok()?;
    reread(&json!({ "cred": {
        "cred_id": encode(&stored.credential),
        "cred": key,
        "counter": stored.sign_count,
        "transports": null,
        "user_verified": true,
        "backup_eligible": stored.backup_eligible,
        "backup_state": stored.backed_up,
        "registration_policy": "required",
        "extensions": {},
        "attestation": { "data": "None", "metadata": "None" },
        "attestation_format": "none",
    } }))
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
