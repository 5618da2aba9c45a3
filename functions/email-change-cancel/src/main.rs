//! `DELETE /api/auth/email/change`: gives up a change of the address that is not confirmed.

use std::process::ExitCode;

use api::Error;
use api::endpoints::EmailChangeCancel;
use api::wire::NoContent;
use auth::proof::{Place, Purpose};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(EmailChangeCancel, cancel)
}

/// Removes the pending change, if there is one: its code and its link prove nothing from then on.
async fn cancel(
    store: &Store,
    call: Call<EmailChangeCancel>,
) -> Result<Reply<EmailChangeCancel>, Error> {
    call.need_mail()?;
    let credentials = call.credentials(store).await?;
    let (caller, _, user) = store.signed_in(&credentials, call.now).await?;
    let place = Place::of_user(Purpose::EmailChange, user.id);
    store.withdraw(place).await?;
    Ok(Reply::to(&caller, NoContent))
}
