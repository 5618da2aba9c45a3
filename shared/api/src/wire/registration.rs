//! Registrations that wait for the proof of their address.

use schemars::JsonSchema;
use serde_json::{Map, Value};

use crate::Timestamp;
use crate::wire::body::{Body, Fields, Presence, not_null};

/// The proof that makes the account of a registration: a flow with its code, or the token of the link with the password.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegistrationProof {
    /// The handle of the flow, beside `code`.
    pub flow: Option<String>,
    /// The eight digits of the mail.
    pub code: Option<String>,
    /// The token of the link, beside `password`.
    pub token: Option<String>,
    /// The password that the registration was made with, beside `token`.
    pub password: Option<String>,
    /// Whether a session begins; true where it is left out.
    #[schemars(transform = not_null)]
    pub session: Option<bool>,
}

impl Body for RegistrationProof {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let names = ["flow", "code", "token", "password"];
        let [flow, code, token, password] = fields.optional_texts(names);
        Some(Self {
            flow,
            code,
            token,
            password,
            session: fields.given_flag("session"),
        })
    }
}

/// A request for the mail of a registration once more.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RegistrationResend {
    /// The handle of the flow.
    pub flow: String,
}

impl Body for RegistrationResend {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let flow = fields.text("flow");
        Some(Self { flow: flow? })
    }
}

/// All that is kept of a registration until its address is proven.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Waiting {
    /// The hash of the password.
    pub hash: String,
    /// The profile, in stored form.
    pub profile: Map<String, Value>,
    /// The language of the user's mails.
    pub locale: Option<String>,
    /// The version of the terms that were accepted, and when.
    pub terms: Option<(String, Timestamp)>,
}
