//! The API key that a request shows.

use api::endpoints::Entry;
use api::{Code, Error};
use auth::PresentedKey;

use crate::boot::Boot;
use crate::event::Event;

/// The header with the key.
pub(crate) const HEADER: &str = "x-api-key";

/// The key, well formed and not yet judged; none where the endpoint ignores it.
///
/// # Errors
/// `auth/invalid-api-key` for a malformed key, `auth/api-key-required` where a required key is missing.
pub(crate) fn shown(
    entry: &Entry,
    boot: &Boot,
    event: &Event,
) -> Result<Option<PresentedKey>, Error> {
    if !entry.reads_api_keys() {
        return Ok(None);
    }
    let required = boot.settings.auth.require_api_key;
    match event.header(HEADER) {
        None if required => Err(Code::ApiKeyRequired.into()),
        None => Ok(None),
        Some(header) => {
            let key = PresentedKey::parse(header)?;
            Ok(Some(if required {
                key.binding(event.header("origin"))
            } else {
                key
            }))
        }
    }
}
