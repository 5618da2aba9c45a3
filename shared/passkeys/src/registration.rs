//! Registrations of passkeys (WebAuthn Level 3, section 7.1).

use api::value;
use api::{Code, Detail, Error, Id, Timestamp};
use auth::passkey::Passkey;
use auth::{Keys, User};
use serde_json::{Value, json};
use uuid::Uuid;
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential};

use crate::ceremony;
use crate::client;
use crate::data::attested;
use crate::party::{Opened, Party, public_key, to_value};

/// The ways to a device that are kept; others are left out (WebAuthn Level 3, section 5.8.4).
const TRANSPORTS: [&str; 6] = ["ble", "hybrid", "internal", "nfc", "smart-card", "usb"];

/// The user and the session that ask for a passkey.
#[derive(Clone, Copy, Debug)]
pub struct Newcomer<'a> {
    /// The user.
    pub user: &'a User,
    /// The session.
    pub session: Id,
    /// The time.
    pub now: Timestamp,
}

impl Party<'_> {
    /// Begins a registration: a passkey that the device finds without being told, with the person verified. The credentials
    /// that are there are left out.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn open_registration(
        &self,
        keys: &Keys,
        newcomer: Newcomer<'_>,
        there: Vec<Vec<u8>>,
        nonce: [u8; 12],
    ) -> Result<Opened, Error> {
        let user = newcomer.user;
        let name = user.label();
        let handle = Uuid::from_bytes(user.id.bytes());
        let opened =
            self.checks(None)?
                .start_passkey_registration(handle, &name, &name, Some(there));
        let (options, state) =
            opened.map_err(|error| Error::internal(format!("a registration: {error:?}")))?;
        let mut options = public_key(&options)?;
        // A sign-in tells no device which passkeys there are, so the device has to find them.
        options["authenticatorSelection"] = json!({
            "residentKey": "required",
            "requireResidentKey": true,
            "userVerification": "required",
        });
        options["extensions"] = json!({ "credProps": true });
        let mut state = to_value(&state)?;
        // The write refuses a credential that is there, whoever has it; the ids alone could pass a token's length.
        state["rs"]["exclude_credentials"] = json!([]);
        let place = ceremony::of_registration(user.id, newcomer.session);
        let token = ceremony::seal(keys, &place, (None, state), (newcomer.now, nonce))?;
        Ok(Opened { options, token })
    }

    /// Checks a registration of the user and session that began it: the new passkey.
    ///
    /// # Errors
    /// `common/validation-failed` for a passkey that the device would not find; `auth/invalid-passkey` for everything else.
    pub fn register(
        &self,
        keys: &Keys,
        newcomer: Newcomer<'_>,
        (token, credential): (&str, &Value),
        name: String,
    ) -> Result<Passkey, Error> {
        let place = ceremony::of_registration(newcomer.user.id, newcomer.session);
        let (_, state) = ceremony::open::<PasskeyRegistration>(keys, &place, token, newcomer.now)?;
        let passkey = self.check_registration(&state, credential);
        let (made, aaguid) = passkey.ok_or(Code::InvalidPasskey)?;
        if credential.pointer("/clientExtensionResults/credProps/rk") == Some(&Value::Bool(false)) {
            return Err(unfindable().into());
        }
        let made = to_value(&made)?;
        let is = |name: &str| made["cred"][name] == Value::Bool(true);
        let count = made["cred"]["counter"].as_u64().unwrap_or_default();
        Ok(Passkey {
            credential: raw_id(credential)?,
            user: newcomer.user.id,
            public_key: made["cred"]["cred"].to_string(),
            sign_count: u32::try_from(count).unwrap_or_default(),
            backup_eligible: is("backup_eligible"),
            backed_up: is("backup_state"),
            transports: transports(credential),
            aaguid,
            name,
            added_at: newcomer.now,
            used_at: None,
        })
    }

    fn check_registration(
        &self,
        state: &PasskeyRegistration,
        credential: &Value,
    ) -> Option<(webauthn_rs::prelude::Passkey, String)> {
        let read: RegisterPublicKeyCredential = present(credential)?;
        let response = &read.response;
        let data = attested(&response.attestation_object)?;
        let is_same = data.credential == read.raw_id && read.type_ == "public-key";
        let origin = client::origin(&response.client_data_json, "webauthn.create", self.settings)?;
        let checks = self.checks(Some(&origin)).ok()?;
        let made = checks.finish_passkey_registration(&read, state).ok()?;
        let aaguid = Uuid::from_bytes(data.aaguid).to_string();
        is_same.then_some((made, aaguid))
    }
}

/// The binary values of WebAuthn's JSON.
const BINARY: [&str; 6] = [
    "/rawId",
    "/response/clientDataJSON",
    "/response/attestationObject",
    "/response/authenticatorData",
    "/response/signature",
    "/response/userHandle",
];

/// Reads a credential in WebAuthn's JSON. Its binary values have no padding, which the crate would take.
pub(crate) fn present<T: serde::de::DeserializeOwned>(credential: &Value) -> Option<T> {
    let is_plain = |at: &&str| {
        let text = credential.pointer(at).and_then(Value::as_str);
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        text.is_none_or(|text| text.bytes().all(fits))
    };
    let is_same = credential.get("id") == credential.get("rawId");
    (is_same && BINARY.iter().all(is_plain))
        .then(|| reread(credential))
        .flatten()
}

/// Reads a value anew.
pub(crate) fn reread<T: serde::de::DeserializeOwned>(credential: &Value) -> Option<T> {
    value::known(&serde_json::to_vec(credential).ok()?)
}

fn raw_id(credential: &Value) -> Result<Vec<u8>, Error> {
    let read: Option<RegisterPublicKeyCredential> = reread(credential);
    let read = read.ok_or(Code::InvalidPasskey)?;
    Ok(read.raw_id)
}

fn transports(credential: &Value) -> Vec<String> {
    let told = credential.pointer("/response/transports");
    let told = told
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let known = TRANSPORTS
        .iter()
        .filter(|known| told.iter().any(|it| it == **known));
    known.map(|it| (*it).to_owned()).collect()
}

fn unfindable() -> Detail {
    Detail::new(
        "credential.clientExtensionResults.credProps.rk",
        "required",
        "The device made a passkey that it does not find by itself.",
    )
}
