//! `POST /api/admin/mail-templates/{kind}/{locale}/preview`: shows a mail with sample values.

use std::process::ExitCode;

use api::endpoints::MailTemplatesPreview;
use api::mail::Kind;
use api::wire::MailPreview;
use api::{Code, Error, Id};
use auth::Admitted;
use auth::notice::{Content, Notice};
use mails::{Addresses, Rendered};
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
    let draft = call.body.read()?;
    let sends = draft.send == Some(true);
    if sends {
        call.need_mail()?;
    }
    let template = match draft.template() {
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
    if sends {
        send(store, &call, &admin, (kind, &rendered)).await?;
    }
    Ok(Reply::to(
        &admin,
        MailPreview {
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
        },
    ))
}

/// Has the mail sent to the address of the admin.
async fn send(
    store: &Store,
    call: &Call<MailTemplatesPreview>,
    admin: &Admitted,
    (kind, rendered): (Kind, &Rendered),
) -> Result<(), Error> {
    let id = admin.id().ok_or(Code::AuthenticationRequired)?;
    let user = store.user(id).await?.ok_or(Code::SessionRevoked)?;
    let content = Content::Written {
        subject: rendered.subject.clone(),
        text: rendered.text.clone(),
        html: rendered.html.clone(),
    };
    let id = Id::new(call.now, call.random()?);
    let notice = Notice::of_preview(id, kind, user.need_email()?, content);
    let keys = store.sealing_keys(std::iter::empty()).await?;
    let sealed = notice.seal(&keys, &call.random()?)?;
    store.post_notice(&sealed).await
}
