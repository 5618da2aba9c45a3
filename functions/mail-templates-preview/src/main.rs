//! `POST /api/admin/mail-templates/{kind}/{locale}/preview`: shows a mail with sample values.

use std::process::ExitCode;

use api::endpoints::MailTemplatesPreview;
use api::wire::MailPreview;
use api::{Code, Error};
use mails::Addresses;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(MailTemplatesPreview, preview)
}

/// Renders the template that was sent, else an admin's, else the shipped one.
async fn preview(
    store: &Store,
    call: Call<MailTemplatesPreview>,
) -> Result<Reply<MailTemplatesPreview>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let (kind, locale) = mails::place(call.segment("{kind}"), call.segment("{locale}"))?;
    let template = match call.body.read()?.template() {
        Some(template) => Some(template),
        None => store.mail_template(kind, locale).await?,
    };
    let template = template.or_else(|| mails::shipped(kind, locale).cloned());
    let template = template.ok_or(Code::TemplateNotFound)?;
    mails::check(&template, kind).map_err(Error::invalid)?;
    let mut values = mails::sample(kind, locale);
    values.extend(
        call.settings
            .mail
            .app()
            .map(|app| ("appName".to_owned(), app.into())),
    );
    let rendered = mails::render(&template, kind, &values, &Addresses::default());
    let rendered = rendered.map_err(|error| Error::internal(error.to_string()))?;
    Ok(Reply::to(
        &admin,
        MailPreview {
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
        },
    ))
}
