//! `GET /api/admin/mail-templates`: lists the kinds of mail and their templates.

use std::process::ExitCode;

use api::Error;
use api::endpoints::MailTemplatesList;
use api::wire::MailTemplateList;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(MailTemplatesList, list)
}

/// Finds the templates that are an admin's; everything else is known beforehand.
async fn list(
    store: &Store,
    call: Call<MailTemplatesList>,
) -> Result<Reply<MailTemplatesList>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    call.query(&[])?;
    let overridden = store.mail_templates(mails::LOCALES).await?;
    Ok(Reply::to(
        &admin,
        MailTemplateList::of(mails::LOCALES, &overridden),
    ))
}
