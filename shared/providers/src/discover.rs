//! Discovery: the metadata of an issuer (OpenID Connect Discovery, section 4).

use api::Error;
use auth::provider::Discovery;
use outbound::Client;

use crate::call::{Ask, ask, away};

/// Reads the metadata of an issuer. `local` lets addresses by `http` on loopback pass.
///
/// # Errors
/// `auth/provider-unavailable` where there are none, or those of another issuer.
pub async fn discover(client: &Client, issuer: &str, local: bool) -> Result<Discovery, Error> {
    let address = Discovery::address(issuer);
    let request = Ask {
        address: &address,
        authorization: None,
        form: None,
    };
    let (status, metadata) = ask(client, request).await?;
    let found = Discovery::read(issuer, metadata.to_string().as_bytes(), local);
    let found = found.filter(|_| status == 200);
    found.ok_or_else(|| away(&address, "no metadata of this issuer"))
}
