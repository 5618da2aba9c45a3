//! `POST /api/auth/verify-email/resend`: asks once more for the mail that verifies one's own address.

use std::process::ExitCode;

use api::endpoints::VerifyEmailResend;
use api::{Code, Error};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(VerifyEmailResend, resend)
}

/// Repeats the mail, or makes one.
async fn resend(
    store: &Store,
    call: Call<VerifyEmailResend>,
) -> Result<Reply<VerifyEmailResend>, Error> {
    call.need_mail()?;
    let credentials = call.credentials(store).await?;
    let (caller, _, user) = store.signed_in(&credentials, call.now).await?;
    if user.email_verified_at.is_some() {
        return Err(Code::AlreadyVerified.into());
    }
    let wishes = call.wishes(None, None)?;
    let asking = call.asking()?;
    let asked = store.ask_for_verification(&asking, &user, wishes, call.random()?);
    Ok(Reply::to(&caller, asked.await?))
}
