//! `GET` and `POST /api/auth/oauth/{provider}/callback`: takes the answer of a provider.

mod finish;
mod page;

use std::process::ExitCode;
use std::sync::Arc;

use api::endpoints::OauthCallback;
use api::{Error, Id};
use auth::Keys;
use auth::provider::{Answer, Browser, State, with_query};
use auth::sealing;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(OauthCallback, take)
}

/// The most bytes of a state.
const MAX_STATE: usize = 2048;

/// A state that is one of ours, of this provider and of this browser.
pub(crate) struct Trusted {
    pub(crate) keys: Arc<Keys>,
    pub(crate) state: State,
    pub(crate) browser: Browser,
}

/// Trusts the state first, which is good once: until then a page refuses, and nothing is redirected. Then the browser goes
/// back to the app, with a code or an error.
async fn take(store: &Store, call: Call<OauthCallback>) -> Result<Reply<OauthCallback>, Error> {
    let pairs = call.answer().unwrap_or_default();
    let Ok((text, issuer, answer)) = Answer::read(&pairs) else {
        return Ok(page::refusal());
    };
    let Some(trusted) = trust(store, &call, text).await? else {
        return Ok(page::refusal());
    };
    let (name, state) = (call.segment("{provider}"), &trusted.state);
    let id = state.id.to_string();
    let request = Id::new(call.now, call.random()?);
    let used = store.use_state((&id, state.until), request, call.now);
    let (is_first, provider) = tokio::try_join!(used, entrance::provider(store, &call, name))?;
    let provider = provider.filter(|(it, _)| is_first && it.answers_as(issuer));
    let Some((connection, kept)) = provider else {
        return Ok(page::refusal());
    };
    let back = match answer {
        Answer::Refusal { error, words } => {
            let pairs = [("error", error), ("error_description", words.as_str())];
            with_query(&state.redirect, &pairs)
        }
        Answer::Code(code) => {
            let beside = finish::name_in(&pairs);
            let provider = (&connection, &kept);
            finish::finish(store, &call, provider, &trusted, (&code, beside.as_deref())).await?
        }
    };
    Ok(call.untied(page::nothing().at(back), text, connection.answers_by_form()))
}

/// Opens a state. Garbage makes no request.
async fn trust(
    store: &Store,
    call: &Call<OauthCallback>,
    text: &str,
) -> Result<Option<Trusted>, Error> {
    let Some(browser) = call.browser(text) else {
        return Ok(None);
    };
    if text.len() > MAX_STATE || sealing::number(text).is_none() {
        return Ok(None);
    }
    let keys = store.sealing_keys(std::iter::once(text)).await?;
    let state = State::open(&keys, call.segment("{provider}"), text, call.now);
    let state = state.filter(|state| state.is_of(&browser));
    Ok(state.map(|state| Trusted {
        keys,
        state,
        browser,
    }))
}
