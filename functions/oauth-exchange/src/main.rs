//! `POST /api/auth/oauth/exchange`: signs in by the code of a sign-in at a provider.

mod entry;

use std::process::ExitCode;

use api::Error;
use api::endpoints::OauthExchange;
use api::wire::SignedInByProvider;
use auth::provider::{ProviderTicket, check_newcomer};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(OauthExchange, exchange)
}

/// Checks the body, opens the code for the holder of its verifier, and begins a session: of the account of the identity, of the
/// address, or of a new one.
async fn exchange(store: &Store, call: Call<OauthExchange>) -> Result<Reply<OauthExchange>, Error> {
    let (body, settings) = (&call.body, &call.settings.auth);
    check_newcomer(body, &call.settings.users.fields, settings)?;
    let signing = store.keys().await?;
    let keys = store
        .sealing_keys(std::iter::once(body.code.as_str()))
        .await?;
    let ticket = ProviderTicket::open(&keys, &body.code, &body.code_verifier, call.now)?;
    let admitted = call.admit(store).await?;
    let entered = entry::enter(store, &call, &admitted, &ticket).await?;
    let (session, token) = store.finished(entered.begun, call.random()?).await?;
    let body = SignedInByProvider {
        tokens: call.first_tokens(signing, &entered.user, (&session, &token))?,
        user: entered.user.wire(&call.settings.users.fields),
        is_new_user: entered.is_new,
        linked_by_email: entered.is_linked,
    };
    Ok(call.hand_out(&admitted, body, call.transport(), session.expires_at))
}
