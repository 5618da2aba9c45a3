//! `POST /api/auth/oauth/{provider}/token`: signs in by what an app of a device has got from a provider itself.

mod keys;
mod proof;

use std::process::ExitCode;

use api::endpoints::OauthToken;
use api::wire::Native;
use api::{Code, Error, Id};
use auth::provider::check_newcomer;
use entrance::Proof;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(OauthToken, sign_in)
}

/// Checks the body, then what proves the account at the provider, and begins a session. An access token of a provider proves
/// nothing: every app has one.
async fn sign_in(store: &Store, call: Call<OauthToken>) -> Result<Reply<OauthToken>, Error> {
    let (joining, settings) = (&call.body.joining, &call.settings.auth);
    check_newcomer(joining, &call.settings.users.fields, settings)?;
    let native = call.body.native().ok_or(Code::InvalidIdToken)?;
    let name = call.segment("{provider}");
    let (admitted, provider) =
        tokio::try_join!(call.admit(store), entrance::provider(store, &call, name))?;
    let (connection, kept) = provider.ok_or(Code::UnsupportedProvider)?;
    let (found, mark) = match native {
        Native::Token { id_token, nonce } => {
            let proven = proof::token(store, &call, &connection, (id_token, nonce));
            let (found, mark) = proven.await?;
            (found, Some(mark))
        }
        Native::Code {
            code,
            redirect_uri,
            verifier,
        } => {
            let shown = (code, redirect_uri, verifier);
            let proven = proof::code(store, &call, (&connection, &kept), shown);
            (proven.await?, None)
        }
    };
    let proof = Proof {
        found: &found,
        session: Id::new(call.now, call.random()?),
        joining,
        mark: mark.as_ref().map(|(mark, until)| (mark.as_str(), *until)),
    };
    entrance::sign_in(store, &call, &admitted, proof).await
}
