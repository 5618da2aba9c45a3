//! `POST /api/auth/oauth/exchange`: signs in by the code of a sign-in at a provider, or by that of a mail's page.

mod mail;

use std::process::ExitCode;

use api::Error;
use api::endpoints::OauthExchange;
use auth::provider::{Proven, ProviderTicket, check_newcomer};
use entrance::Proof;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(OauthExchange, exchange)
}

/// Opens the code for the holder of its verifier, checks the rest of the body, and begins a session.
async fn exchange(store: &Store, call: Call<OauthExchange>) -> Result<Reply<OauthExchange>, Error> {
    let body = &call.body;
    let keys = store
        .sealing_keys(std::iter::once(body.code.as_str()))
        .await?;
    let ticket = ProviderTicket::open(&keys, &body.code, &body.code_verifier, call.now);
    let ticket = match ticket {
        Ok(ticket) => ticket,
        Err(refusal) => {
            // The faults of the body are told whether or not the code is good.
            check_newcomer(
                &body.joining,
                &call.settings.users.fields,
                &call.settings.auth,
            )?;
            return Err(refusal);
        }
    };
    match &ticket.proven {
        Proven::Mail(token) => mail::sign_in(store, &call, &keys, token).await,
        Proven::Account(found) => {
            check_newcomer(
                &body.joining,
                &call.settings.users.fields,
                &call.settings.auth,
            )?;
            let admitted = call.admit(store).await?;
            let proof = Proof {
                found,
                session: ticket.session,
                joining: &body.joining,
                mark: None,
            };
            entrance::sign_in(store, &call, &admitted, proof).await
        }
    }
}
