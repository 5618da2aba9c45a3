//! The end of a sign-in at a provider: its code is traded, and the app gets one of ours.

use api::endpoints::OauthCallback;
use api::{Code, Error, Id};
use auth::provider::{
    Connection, Found, KeptProvider, Proven, ProviderTicket, redirect_uri, with_query,
};
use providers::Trade;
use runtime::Call;
use serde_json::Value;
use store::Store;

use crate::Trusted;

/// The address of the app with a code, or with the error that the provider's part has ended in. `answer` is the provider's
/// code, and the name that came beside it.
pub(crate) async fn finish(
    store: &Store,
    call: &Call<OauthCallback>,
    provider: (&Connection, &KeptProvider),
    trusted: &Trusted,
    answer: (&str, Option<&str>),
) -> Result<String, Error> {
    let redirect = &trusted.state.redirect;
    match trade(store, call, provider, trusted, answer).await {
        Ok(found) => {
            let session = Id::new(call.now, call.random()?);
            let challenge = &trusted.state.challenge;
            let ticket = ProviderTicket::new(Proven::Account(found), session, challenge, call.now);
            let code = ticket.seal(&trusted.keys, call.random()?)?;
            Ok(with_query(redirect, &[("code", &code)]))
        }
        Err(refusal) if is_of_provider(&refusal) => {
            let cause = refusal.cause.unwrap_or_default();
            call.warn(&format!("{}: {cause}", refusal.code.as_str()));
            let words = refusal.message.as_str();
            let pairs = [("error", "provider_error"), ("error_description", words)];
            Ok(with_query(redirect, &pairs))
        }
        Err(error) => Err(error),
    }
}

/// Whether the provider's part of the sign-in has failed, and not ours.
fn is_of_provider(error: &Error) -> bool {
    matches!(
        error.code,
        Code::ProviderUnavailable | Code::InvalidOauthCode | Code::InvalidIdToken
    )
}

async fn trade(
    store: &Store,
    call: &Call<OauthCallback>,
    (connection, kept): (&Connection, &KeptProvider),
    trusted: &Trusted,
    (code, name): (&str, Option<&str>),
) -> Result<Found, Error> {
    let secret = match &kept.secret {
        None => None,
        Some(sealed) => {
            let keys = store.sealing_keys(std::iter::once(sealed.as_str())).await?;
            let secret = kept.open_secret(&keys, &connection.name);
            Some(secret.ok_or_else(|| Error::internal("a provider's secret does not open"))?)
        }
    };
    let Trusted { state, browser, .. } = trusted;
    let back = redirect_uri(&call.origin_of_api(), &connection.name);
    let asked = Trade {
        code,
        client: &connection.client_id,
        redirect_uri: &back,
        verifier: &browser.verifier(state),
        nonces: Some(&[&browser.nonce(state)]),
        name,
        now: call.now,
    };
    let client = providers::client(call.deployment.local);
    providers::trade(&client, connection, secret.as_deref(), asked).await
}

/// The name that Apple sends beside its code, the first time alone.
pub(crate) fn name_in(pairs: &[(String, String)]) -> Option<String> {
    let (_, text) = pairs.iter().find(|(name, _)| name == "user")?;
    let user = api::value::known::<Value>(text.as_bytes())?;
    let part = |name: &str| user.get("name")?.get(name)?.as_str();
    let parts = [part("firstName"), part("lastName")];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}
