//! The proofs of an account at a provider: an ID token with its signature, or a code that is traded.

use api::endpoints::OauthToken;
use api::settings::ProviderKind;
use api::{Code, Error};
use auth::provider::{
    Connection, Expected, Found, KeptProvider, NativeToken, native_client, nonces, read_claims,
};
use providers::Trade;
use runtime::Call;
use store::Store;

use crate::keys;

/// The mark of a token that is good once, and until when it is kept, in seconds.
type Mark = (String, u64);

/// The account of an ID token that the provider has signed, for one of the native apps and with the nonce of this one.
pub(crate) async fn token(
    store: &Store,
    call: &Call<OauthToken>,
    connection: &Connection,
    (text, nonce): (&str, &str),
) -> Result<(Found, Mark), Error> {
    let token = NativeToken::read(text).filter(|_| !connection.jwks.is_empty());
    let token = token.ok_or(Code::InvalidIdToken)?;
    let audiences: Vec<&str> = connection.client_ids.iter().map(String::as_str).collect();
    let hashes = nonces(nonce);
    let expected = Expected {
        issuers: &connection.issuers,
        audiences: &audiences,
        nonces: Some(&[&hashes[0], &hashes[1]]),
        now: call.now,
    };
    if !token.claims_fit(expected) {
        return Err(Code::InvalidIdToken.into());
    }
    let keys = keys::of(store, call, &connection.jwks, &token).await?;
    let claims = token.claims(&keys, expected).ok_or(Code::InvalidIdToken)?;
    let found = read_claims(connection, claims, None).ok_or(Code::InvalidIdToken)?;
    Ok((found, (token.mark(), token.until(call.now))))
}

/// The account of a code that the app has got at an address of its own. The app's verifier stands for a nonce.
pub(crate) async fn code(
    store: &Store,
    call: &Call<OauthToken>,
    (connection, kept): (&Connection, &KeptProvider),
    (code, redirect_uri, verifier): (&str, &str, &str),
) -> Result<Found, Error> {
    let redirects = &call.settings.auth.redirects;
    let client = native_client(connection, redirect_uri, redirects);
    let (client, proves_itself) = client.ok_or(Code::RedirectNotAllowed)?;
    // Apple asks every client for a secret.
    let needs_secret = proves_itself || connection.kind == ProviderKind::Apple;
    let secret = match kept.secret.as_deref().filter(|_| needs_secret) {
        None => None,
        Some(sealed) => {
            let keys = store.sealing_keys(std::iter::once(sealed)).await?;
            let secret = kept.open_secret(&keys, &connection.name);
            Some(secret.ok_or_else(|| Error::internal("a provider's secret does not open"))?)
        }
    };
    let trade = Trade {
        code,
        client,
        redirect_uri,
        verifier,
        nonces: None,
        name: None,
        now: call.now,
    };
    let caller = providers::client(call.deployment.local);
    providers::trade(&caller, connection, secret.as_deref(), trade).await
}
