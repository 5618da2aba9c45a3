//! `GET /api/auth/oauth/{provider}/start`: sends the browser to a provider.

use std::process::ExitCode;

use api::endpoints::OauthStart;
use api::wire::NoContent;
use api::{Code, Error, Id};
use auth::provider::{Begun, Wish, authorization, redirect_uri};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(OauthStart, start)
}

/// Seals all that the sign-in needs into its state, and ties it to the browser by a cookie. Nothing is stored.
async fn start(store: &Store, call: Call<OauthStart>) -> Result<Reply<OauthStart>, Error> {
    call.need_page()?;
    let (name, settings) = (call.segment("{provider}"), &call.settings.auth);
    let parameters = call.query(&Wish::PARAMETERS)?;
    let wish = Wish::read(&parameters, &settings.redirects)?;
    let provider = entrance::provider(store, &call, name).await?;
    let (connection, _) = provider.ok_or(Code::UnsupportedProvider)?;
    let id = Id::new(call.now, call.random()?);
    let secret = call.random()?;
    let begun = Begun::new(&wish.redirect, &wish.challenge, id, secret, call.now);
    let keys = store.sealing_keys(std::iter::empty()).await?;
    let state = begun.state.seal(&keys, name, call.random()?)?;
    let back = redirect_uri(&call.origin_of_api(), name);
    let address = authorization(&connection, &wish, &begun, (&state, &back));
    let reply = Reply::to_anybody(NoContent).at(address);
    Ok(call.tied(reply, &state, &begun.browser, connection.answers_by_form()))
}
