//! `POST /api/auth/magic-link`: asks for a mail that signs in.

use std::process::ExitCode;

use api::Error;
use api::endpoints::MagicLink;
use auth::email;
use auth::proof::{Purpose, Wishes};
use runtime::{Call, Reply};
use store::{Opening, Store};

fn main() -> ExitCode {
    runtime::serve(MagicLink, ask)
}

/// Opens a flow for any address: the function that sends the mail looks who has it.
async fn ask(store: &Store, call: Call<MagicLink>) -> Result<Reply<MagicLink>, Error> {
    let _ = call.need_magic_link()?;
    let body = &call.body;
    let email = email::known(&body.email)?;
    let wishes = Wishes {
        challenge: body.code_challenge.clone(),
        ..call.wishes(body.locale.as_deref(), body.redirect_to.as_deref())?
    };
    let admitted = call.admit(store).await?;
    let opening = Opening {
        purpose: Purpose::MagicLink,
        email: &email,
        handle: body.flow.as_deref(),
        wishes,
        random: call.random()?,
        nonce: call.random()?,
    };
    let opened = store
        .open_flow(&call.asking()?, opening, async || Ok(None))
        .await?;
    Ok(Reply::to(&admitted, opened))
}
