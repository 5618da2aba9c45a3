//! `PUT /api/admin/mail-templates/{kind}/{locale}`: replaces the template of a mail.

use std::process::ExitCode;

use api::Error;
use api::endpoints::MailTemplatesSet;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(MailTemplatesSet, set)
}

/// Keeps a template that can be rendered.
async fn set(
    store: &Store,
    call: Call<MailTemplatesSet>,
) -> Result<Reply<MailTemplatesSet>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let place = mails::place(call.segment("{kind}"), call.segment("{locale}"))?;
    let template = call.body.read()?;
    mails::check(&template, place.0).map_err(Error::invalid)?;
    let writer = call.writer(&admin)?;
    store.set_mail_template(place, &template, &writer).await?;
    Ok(Reply::to(&admin, template))
}
