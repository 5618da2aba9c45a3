//! `POST /api/auth/oauth/exchange`: signs in by the code of a sign-in at a provider.

use std::process::ExitCode;

use api::Error;
use api::endpoints::OauthExchange;
use auth::provider::{ProviderTicket, check_newcomer};
use entrance::Proof;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(OauthExchange, exchange)
}

/// Checks the body, opens the code for the holder of its verifier, and begins a session.
async fn exchange(store: &Store, call: Call<OauthExchange>) -> Result<Reply<OauthExchange>, Error> {
    let (body, settings) = (&call.body, &call.settings.auth);
    check_newcomer(&body.joining, &call.settings.users.fields, settings)?;
    let keys = store
        .sealing_keys(std::iter::once(body.code.as_str()))
        .await?;
    let ticket = ProviderTicket::open(&keys, &body.code, &body.code_verifier, call.now)?;
    let admitted = call.admit(store).await?;
    let proof = Proof {
        found: &ticket.found,
        session: ticket.session,
        joining: &body.joining,
        mark: None,
    };
    entrance::sign_in(store, &call, &admitted, proof).await
}
