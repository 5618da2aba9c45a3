//! Second factors: switching them on and off, and the second step of a sign-in.

use schemars::JsonSchema;
use serde::Serialize;

use crate::time::Timestamp;
use crate::wire::account::{Bearing, Tokens};
use crate::wire::body::{Body, Fields, Presence};

/// The factors of a user.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MfaStatus {
    /// The codes of an authenticator app; null without.
    pub totp: Option<Totp>,
    /// How many recovery codes are left.
    pub recovery_codes_left: usize,
    /// The number of passkeys.
    pub passkeys: usize,
    /// Whether the user has to have a second factor.
    pub required: bool,
}

/// The codes of an authenticator app, as a factor.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totp {
    /// Since when a sign-in asks for them.
    pub enabled_at: Timestamp,
}

/// The secret of an authenticator app. Nothing is switched on before a code of it is confirmed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MfaSetup {
    /// The secret in base32, shown this once.
    pub secret: String,
    /// The same as an `otpauth:` address, for a QR code.
    pub uri: String,
    /// For how many seconds it can be confirmed.
    pub expires_in: u64,
}

/// The first code of an authenticator app.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct MfaConfirmation {
    /// The six digits.
    pub code: String,
}

impl Body for MfaConfirmation {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let code = fields.text("code");
        Some(Self { code: code? })
    }
}

/// The recovery codes of a factor that is switched on, with the tokens of the session where one begins.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MfaConfirmed {
    /// Ten codes, each good once. They are shown this once.
    pub recovery_codes: Vec<String>,
    /// The tokens of the session that begins, where a sign-in has waited for the factor.
    #[serde(flatten)]
    pub tokens: Option<Tokens>,
}

impl Bearing for MfaConfirmed {
    fn tokens(&mut self) -> Option<&mut Tokens> {
        self.tokens.as_mut()
    }
}

/// Recovery codes in place of earlier ones.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCodes {
    /// Ten codes, each good once. They are shown this once.
    pub recovery_codes: Vec<String>,
}

/// A code of the second factor.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct FactorProof {
    /// The six digits of the authenticator app.
    pub code: Option<String>,
    /// A recovery code, in place of `code`.
    pub recovery_code: Option<String>,
}

impl Body for FactorProof {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let [code, recovery_code] = fields.optional_texts(["code", "recoveryCode"]);
        Some(Self {
            code,
            recovery_code,
        })
    }
}

/// The most bytes of a token of a sign-in that waits for a second factor.
const MAX_TOKEN: usize = 2048;

/// The second step of a sign-in.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct MfaVerification {
    /// The token of `error.mfa`.
    #[schemars(length(max = 2048))]
    pub mfa_token: String,
    /// The six digits of the authenticator app.
    pub code: Option<String>,
    /// A recovery code, in place of `code`.
    pub recovery_code: Option<String>,
}

impl Body for MfaVerification {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let mfa_token = fields.text("mfaToken");
        if mfa_token.as_ref().is_some_and(|it| it.len() > MAX_TOKEN) {
            let message = format!("`mfaToken` has at most {MAX_TOKEN} bytes.");
            fields.wrong("mfaToken", "too-long", &message);
        }
        let [code, recovery_code] = fields.optional_texts(["code", "recoveryCode"]);
        Some(Self {
            mfa_token: mfa_token?,
            code,
            recovery_code,
        })
    }
}
