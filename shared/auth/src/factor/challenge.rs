//! Challenges: the proof of a first factor, sealed and handed to the client until the second one is proven. Nothing is stored.

use std::time::Duration;

use api::settings::Auth;
use api::{Error, Id, Timestamp, value};
use serde::{Deserialize, Serialize};

use super::Used;
use crate::authentication::Authentication;
use crate::keys::Keys;
use crate::provider::Found;
use crate::refresh_token::RefreshToken;
use crate::sealing::Purpose;
use crate::session::Session;
use crate::user::User;

/// The step that a sign-in waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A code of the second factor.
    Factor,
    /// A second factor that the account has to have, and has not.
    Enrolment,
}

impl Stage {
    /// The lifetime of its token.
    #[must_use]
    pub fn lifetime(self) -> Duration {
        Duration::from_secs(match self {
            Self::Factor => 300,
            Self::Enrolment => 600,
        })
    }

    fn purpose(self) -> Purpose {
        match self {
            Self::Factor => Purpose::Challenge,
            Self::Enrolment => Purpose::Enrolment,
        }
    }
}

/// A sign-in whose first factor was right. Its token opens nothing but the one request that goes on with it (ASVS 5.0, 9.2.2),
/// and makes one session, whose id is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// The user.
    pub user: Id,
    /// The session that is to begin.
    pub session: Id,
    /// The version of the account that the first factor was right for.
    pub auth_version: u64,
    /// When it was, in milliseconds.
    pub at: u64,
    /// The methods that were proven.
    pub methods: Vec<String>,
    /// Whether the account is to be brought back from its deletion.
    pub restores: bool,
    /// The account at a provider that is linked with the second factor, and not before.
    #[serde(default)]
    pub links: Option<Found>,
}

impl Challenge {
    /// The challenge of a user whose first factor was right.
    #[must_use]
    pub fn of(user: &User, session: Id, proof: &Authentication) -> Self {
        let begun = session.created_at();
        Self {
            user: user.id,
            session,
            auth_version: user.auth_version,
            at: proof.at.max(begun).millis(),
            methods: proof.methods.clone(),
            restores: user.deleted.is_some(),
            links: None,
        }
    }

    /// The token of the next request.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn seal(&self, keys: &Keys, stage: Stage, nonce: [u8; 12]) -> Result<String, Error> {
        let text = serde_json::to_vec(self).map_err(|error| Error::internal(error.to_string()))?;
        keys.seal((stage.purpose(), ""), &text, nonce)
    }

    /// The challenge of a token of this stage that is good now.
    #[must_use]
    pub fn open(keys: &Keys, stage: Stage, token: &str, now: Timestamp) -> Option<Self> {
        let text = keys.unseal((stage.purpose(), ""), token)?;
        let challenge: Self = value::known(&text)?;
        (now < challenge.proven_at().after(stage.lifetime())).then_some(challenge)
    }

    /// Whether the account is still the one that the first factor was right for. A changed password, an end of all sessions
    /// and a disabled account void it.
    #[must_use]
    pub fn is_of(&self, user: &User, now: Timestamp) -> bool {
        let is_there = match user.deleted {
            None => !self.restores,
            Some(deletion) => self.restores && !deletion.is_final(now),
        };
        self.user == user.id && self.auth_version == user.auth_version && !user.disabled && is_there
    }

    /// Begins the session that the challenge is for, with the code that was right.
    #[must_use]
    pub fn finish(
        &self,
        user: &User,
        used: Used,
        secret: [u8; 32],
        (settings, now): (&Auth, Timestamp),
    ) -> (Session, RefreshToken) {
        let proof = Authentication {
            at: now,
            methods: self.methods.clone(),
        };
        let proof = proof.and(used.method());
        let version = user.auth_version;
        let (session, token) =
            Session::begin(user.id, self.session, version, secret, settings, proof);
        let session = Session {
            recovery_left: used.recovery_left(),
            ..session
        };
        (session, token)
    }

    fn proven_at(&self) -> Timestamp {
        Timestamp::from_millis(self.at)
    }
}
