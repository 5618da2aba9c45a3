//! Passkeys: the ceremonies of a browser, and what there is of them afterwards.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::time::Timestamp;
use crate::wire::body::{Body, Fields, Presence, not_null};

/// The most bytes of a ceremony's token, and of a credential.
const MAX_CEREMONY: usize = 16 * 1024;

/// The most bytes of a passkey's name.
const MAX_NAME: usize = 64;

/// A passkey, for its user to recognise.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Passkey {
    /// The passkey's id.
    pub id: String,
    /// The user's name for it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used to sign in; null until then.
    pub last_used_at: Option<Timestamp>,
    /// Whether it is copied elsewhere, such as to an account of the device's maker.
    pub backed_up: bool,
    /// The ways to its device: `ble`, `hybrid`, `internal`, `nfc`, `smart-card` or `usb`.
    pub transports: Vec<String>,
}

/// The passkeys of a user.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Passkeys {
    /// The passkeys, oldest first.
    pub items: Vec<Passkey>,
}

/// A ceremony that has begun.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyCeremony {
    /// The options of the browser's call, as `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` read them
    /// (WebAuthn Level 3, sections 5.1.8 and 5.1.9).
    #[schemars(with = "serde_json::Map<String, Value>")]
    pub options: Value,
    /// The token to send back with the credential, within five minutes.
    pub challenge_token: String,
}

/// A credential that a device has made or signed with, in the ceremony that it belongs to.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct PasskeyProof {
    /// The token of the ceremony.
    #[schemars(length(max = 16384))]
    pub challenge_token: String,
    /// The credential, as `PublicKeyCredential.toJSON` gives it, at most 16 KiB.
    #[schemars(with = "serde_json::Map<String, Value>")]
    pub credential: Value,
}

impl PasskeyProof {
    /// Takes both; each is refused where it is too long to be looked at.
    fn read(fields: &mut Fields) -> Option<Self> {
        let token = fields.text("challengeToken");
        let token = token.filter(|token| fits(fields, "challengeToken", token.len()));
        let credential = object(fields, "credential");
        Some(Self {
            challenge_token: token?,
            credential: credential?,
        })
    }

    /// The same where both may be left out.
    pub(super) fn read_optional(fields: &mut Fields) -> Option<Self> {
        (fields.has("challengeToken") || fields.has("credential"))
            .then(|| Self::read(fields))
            .flatten()
    }
}

/// A new passkey.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPasskey {
    /// The token of the ceremony.
    #[schemars(length(max = 16384))]
    pub challenge_token: String,
    /// The credential, as `PublicKeyCredential.toJSON` gives it (`RegistrationResponseJSON`), at most 16 KiB.
    #[schemars(with = "serde_json::Map<String, Value>")]
    pub credential: Value,
    /// The user's name for it, 1 to 64 bytes.
    pub name: Option<String>,
}

impl Body for NewPasskey {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let proof = PasskeyProof::read(fields);
        let name = fields.optional_text("name");
        let name = name.filter(|name| is_name(fields, name));
        proof.map(|proof| Self {
            challenge_token: proof.challenge_token,
            credential: proof.credential,
            name,
        })
    }
}

/// Another name of a passkey.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PasskeyName {
    /// The name, 1 to 64 bytes.
    pub name: String,
}

impl Body for PasskeyName {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.text("name");
        let name = name.filter(|name| is_name(fields, name));
        Some(Self { name: name? })
    }
}

/// A sign-in by a passkey.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasskeySignIn {
    /// The token of the ceremony.
    #[schemars(length(max = 16384))]
    pub challenge_token: String,
    /// The credential, as `PublicKeyCredential.toJSON` gives it (`AuthenticationResponseJSON`), at most 16 KiB.
    #[schemars(with = "serde_json::Map<String, Value>")]
    pub credential: Value,
    /// Whether a deleted account is brought back.
    #[schemars(transform = not_null)]
    pub restore: Option<bool>,
}

impl Body for PasskeySignIn {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let proof = PasskeyProof::read(fields);
        let restore = fields.given_flag("restore");
        proof.map(|proof| Self {
            challenge_token: proof.challenge_token,
            credential: proof.credential,
            restore,
        })
    }
}

/// An object that must be there.
fn object(fields: &mut Fields, name: &str) -> Option<Value> {
    match fields.object.remove(name) {
        Some(object @ Value::Object(_)) => {
            let length = object.to_string().len();
            fits(fields, name, length).then_some(object)
        }
        None | Some(Value::Null) => {
            fields.wrong(name, "required", &format!("`{name}` is required."));
            None
        }
        Some(_) => {
            fields.wrong(name, "type", &format!("`{name}` must be an object."));
            None
        }
    }
}

fn fits(fields: &mut Fields, name: &str, length: usize) -> bool {
    let fits = length <= MAX_CEREMONY;
    if !fits {
        let message = format!("`{name}` has at most {MAX_CEREMONY} bytes.");
        fields.wrong(name, "too-long", &message);
    }
    fits
}

fn is_name(fields: &mut Fields, name: &str) -> bool {
    let fits = (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(char::is_control);
    if !fits {
        let message = format!("`name` has 1 to {MAX_NAME} bytes, without control characters.");
        fields.wrong("name", "range", &message);
    }
    fits
}
