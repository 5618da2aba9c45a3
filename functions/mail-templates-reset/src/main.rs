//! `DELETE /api/admin/mail-templates/{kind}/{locale}`: takes back the shipped template of a mail.

use std::process::ExitCode;

use api::Error;
use api::endpoints::MailTemplatesReset;
use api::wire::NoContent;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(MailTemplatesReset, reset)
}

/// Forgets an admin's template, if there is one.
async fn reset(
    store: &Store,
    call: Call<MailTemplatesReset>,
) -> Result<Reply<MailTemplatesReset>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let place = mails::place(call.segment("{kind}"), call.segment("{locale}"))?;
    let writer = call.writer(&admin)?;
    store.reset_mail_template(place, &writer).await?;
    Ok(Reply::to(&admin, NoContent))
}
