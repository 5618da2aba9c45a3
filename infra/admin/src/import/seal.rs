//! Second factors of lines, sealed for their users.

use auth::Keys;
use auth::factor::Factor;

use super::line::Newcomer;
use crate::sealing::random;
use crate::{now, words};

/// The keys that seal, if the deployment has one, or why they cannot be read.
pub(super) type Sealing = Result<Option<Keys>, String>;

/// The newcomer with the second factor whose secret the line has, sealed for this user.
pub(super) fn sealed(mut newcomer: Newcomer, keys: &Sealing) -> Result<Newcomer, String> {
    let Some(secret) = &newcomer.totp else {
        return Ok(newcomer);
    };
    let keys = keys.as_ref().map_err(|reason| {
        format!("`totpSecret` cannot be sealed: the keys cannot be read: {reason}")
    })?;
    let keys = keys.as_ref().ok_or(
        "`totpSecret` cannot be sealed: there is no sealing key before the first request to the API.",
    )?;
    let nonce = random().map_err(|error| words(&error))?;
    let factor = Factor::brought(keys, (newcomer.user.id, secret), (nonce, now()));
    newcomer.ways.factor = Some(factor.map_err(|error| words(&error))?);
    Ok(newcomer)
}
