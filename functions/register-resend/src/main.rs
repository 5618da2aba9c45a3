//! `POST /api/auth/register/resend`: asks once more for the mail of a registration.

use std::process::ExitCode;

use api::Error;
use api::endpoints::RegisterResend;
use auth::proof::Purpose;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(RegisterResend, resend)
}

/// Repeats the mail of the flow, counted by the address that the handle stands for.
async fn resend(store: &Store, call: Call<RegisterResend>) -> Result<Reply<RegisterResend>, Error> {
    call.need_mail()?;
    let admitted = call.admit(store).await?;
    let (asking, flow) = (call.asking()?, (Purpose::Registration, &*call.body.flow));
    let random = (&call.random()?, call.random()?);
    let opened = store.resend(&asking, flow, random).await?;
    Ok(Reply::to(&admitted, opened))
}
