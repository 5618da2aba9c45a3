//! Ceremonies: their states, sealed into the tokens of the clients.
//!
//! A registration is bound to the user and the session that asked. A sign-in holds the id of the session that is to begin,
//! which can begin once: that makes the ceremony single-use.

use std::time::Duration;

use api::{Code, Error, Id, Timestamp, value};
use auth::Keys;
use auth::sealing::Purpose;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// For how long a ceremony is good.
pub(crate) const LIFETIME: Duration = Duration::from_secs(300);

/// The content of a token.
#[derive(Serialize, Deserialize)]
struct Content {
    /// Until when it is good, in seconds.
    until: u64,
    /// The session that is to begin.
    session: Option<Id>,
    /// The state as the crate wrote it.
    state: Value,
}

/// The place of a registration.
pub(crate) fn of_registration(user: Id, session: Id) -> (Purpose, String) {
    (Purpose::PasskeyRegistration, format!("{user}/{session}"))
}

/// The place of a sign-in.
pub(crate) fn of_sign_in() -> (Purpose, String) {
    (Purpose::PasskeySignIn, String::new())
}

/// Seals the state of a ceremony that begins now.
pub(crate) fn seal(
    keys: &Keys,
    place: &(Purpose, String),
    (session, state): (Option<Id>, Value),
    (now, nonce): (Timestamp, [u8; 12]),
) -> Result<String, Error> {
    let content = Content {
        until: now.after(LIFETIME).seconds(),
        session,
        state,
    };
    let text = serde_json::to_vec(&content);
    let text = text.map_err(|error| Error::internal(error.to_string()))?;
    keys.seal((place.0, &place.1), &text, nonce)
}

/// Opens the state of a ceremony that is good now.
pub(crate) fn open<S: DeserializeOwned>(
    keys: &Keys,
    place: &(Purpose, String),
    token: &str,
    now: Timestamp,
) -> Result<(Option<Id>, S), Error> {
    let text = keys.unseal((place.0, &place.1), token);
    let content: Option<Content> = text.and_then(|text| value::known(&text));
    let content = content.filter(|content| now.seconds() < content.until);
    let content = content.ok_or(Code::InvalidPasskey)?;
    let state = serde_json::to_vec(&content.state).ok();
    let state = state.and_then(|text| value::known(&text));
    Ok((content.session, state.ok_or(Code::InvalidPasskey)?))
}
