//! The facts that are known before the first request: settings and deployment.

use std::env;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::settings::{self, SecretProblem, Settings, check_secret};
use api::wire::ShownSetting;
use api::{Deployment, Error, Timestamp, fingerprint};
use auth::TokenTerms;
use ring::rand::{SecureRandom, SystemRandom};

use crate::log;

/// The file of this build.
const BAKEND_JSON: &str = include_str!(concat!(env!("OUT_DIR"), "/bakend.json"));

/// The settings that the build made of it and checked, whole.
const SETTINGS: &str = include_str!(concat!(env!("OUT_DIR"), "/settings.json"));

/// The variables that override settings.
const VARIABLES: &[&str] = include!(concat!(env!("OUT_DIR"), "/variables.rs"));

/// The facts that are known before the first request.
pub struct Boot {
    /// `bakend.json`, overridden by the environment.
    pub settings: Settings,
    /// Where this process runs.
    pub deployment: Deployment,
    random: SystemRandom,
}

impl Boot {
    /// Reads environment and settings; refuses a bad signing secret, and the template of other definitions, which has
    /// another mark.
    pub(crate) fn read(mark: &str) -> Result<Self, String> {
        let deployment = Deployment::read(variable).map_err(|problem| problem.to_string())?;
        let settings = read_settings(deployment.local)?;
        match settings.auth.jwt_secret.as_deref().map(check_secret) {
            // A short one is refused with the other settings.
            None | Some(Ok(()) | Err(SecretProblem::Short)) => {}
            Some(Err(SecretProblem::Sample)) if deployment.local => {
                log::warn(
                    "auth.jwtSecret is a sample from the documentation; do not deploy with it",
                );
            }
            Some(Err(SecretProblem::Sample)) => {
                return Err("auth.jwtSecret is a sample from the documentation: whoever reads it can sign tokens. \
                     Unset BAKEND_AUTH_JWT_SECRET to have a random one made and kept"
                    .to_owned());
            }
        }
        fingerprint::check(
            variable(fingerprint::VARIABLE).as_deref(),
            mark,
            deployment.local,
        )?;
        #[expect(clippy::disallowed_methods, reason = "the one source of random bytes")]
        let random = SystemRandom::new();
        Ok(Self {
            settings,
            deployment,
            random,
        })
    }

    /// Every setting with its origin.
    ///
    /// # Errors
    /// `common/internal` when the settings cannot be read again, which only a test build does.
    pub(crate) fn shown_settings(&self) -> Result<Vec<ShownSetting>, Error> {
        let file = bakend_json().map_err(Error::internal)?;
        let (settings, deployment) = (&self.settings, &self.deployment);
        Ok(settings::shown(
            settings,
            deployment,
            file.as_ref(),
            variable,
        ))
    }

    /// The signing secret of the settings, if they have one.
    #[must_use]
    pub fn secret(&self) -> Option<&str> {
        self.settings.auth.jwt_secret.as_deref()
    }

    /// The terms of tokens, where others can verify them.
    pub(crate) fn tokens(&self) -> Option<TokenTerms> {
        let tokens = &self.settings.auth.tokens;
        let (issuer, audience) = tokens.parties()?;
        Some(TokenTerms {
            algorithm: tokens.algorithm,
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            longest: self.settings.auth.longest_token(),
            random: self.random.clone(),
        })
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the clock"
        )]
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Timestamp::from_millis(0)
            .after(since)
            .after(self.deployment.clock_offset)
    }

    /// Random bytes, fit for secrets.
    ///
    /// # Errors
    /// `common/internal` when the system has none.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.random
            .fill(&mut bytes)
            .map_err(|_| Error::internal("no random bytes"))?;
        Ok(bytes)
    }
}

/// The settings. In the cloud nothing is read and checked a second time, unless a variable overrides a setting.
fn read_settings(local: bool) -> Result<Settings, String> {
    let is_set = |name: &&str| variable(name).is_some_and(|text| !text.is_empty());
    if local || is_other_project() || VARIABLES.iter().any(is_set) {
        return Settings::read(bakend_json()?.as_ref(), variable, local)
            .map_err(|problem| problem.to_string());
    }
    serde_json::from_str(SETTINGS).map_err(|error| error.to_string())
}

/// Whether the environment names another project: only builds with debug assertions look.
fn is_other_project() -> bool {
    cfg!(debug_assertions) && variable(api::project::VARIABLE).is_some()
}

/// The embedded `bakend.json`.
#[cfg(not(debug_assertions))]
fn bakend_json() -> Result<&'static str, String> {
    Ok(BAKEND_JSON)
}

/// The embedded `bakend.json`, or that of the project that the environment names: `cargo dev` and the suite share
/// their binaries.
#[cfg(debug_assertions)]
fn bakend_json() -> Result<std::borrow::Cow<'static, str>, String> {
    let Some(folder) = variable(api::project::VARIABLE) else {
        return Ok(BAKEND_JSON.into());
    };
    let path = std::path::Path::new(&folder).join("bakend.json");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("Cannot read {}: {error}", path.display()))?;
    Ok(text.into())
}

fn variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    env::var(name).ok()
}
