//! `POST /api/auth/password/forgot`: asks for a mail that sets a new password.

use std::process::ExitCode;

use api::Error;
use api::endpoints::PasswordForgot;
use auth::email;
use auth::proof::Purpose;
use runtime::{Call, Reply};
use store::{Opening, Store};

fn main() -> ExitCode {
    runtime::serve(PasswordForgot, forgot)
}

/// Opens a flow for any address: the function that sends the mail looks who has it.
async fn forgot(store: &Store, call: Call<PasswordForgot>) -> Result<Reply<PasswordForgot>, Error> {
    call.need_mail()?;
    let body = &call.body;
    let email = email::known(&body.email)?;
    let wishes = call.wishes(body.locale.as_deref(), body.redirect_to.as_deref())?;
    let admitted = call.admit(store).await?;
    let opening = Opening {
        purpose: Purpose::PasswordReset,
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
