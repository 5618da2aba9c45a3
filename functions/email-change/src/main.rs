//! `POST /api/auth/email/change`: asks for a mail to another address.

use std::process::ExitCode;

use api::Error;
use api::endpoints::EmailChange;
use api::wire::EmailChangeRequest;
use auth::factor::Typed;
use auth::{User, email, password};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(EmailChange, change)
}

/// Takes a recent authentication or the password, counted as a login's, and keeps the change until the new address is proven.
/// Whether anybody has the address is for the function to find that sends the mail.
async fn change(store: &Store, call: Call<EmailChange>) -> Result<Reply<EmailChange>, Error> {
    call.need_mail()?;
    let credentials = call.credentials(store).await?;
    let (caller, session, user) = store.signed_in(&credentials, call.now).await?;
    let body = call.body.read()?;
    if body.password.is_none() {
        credentials.need_recent(Some(&session), &user.role, call.now)?;
    }
    let typed = typed(&body, &user)?;
    let address = email::normalise_field("newEmail", &body.new_email)?;
    user.need_permission(Some(&address), &call.settings.auth)?;
    let wishes = call.wishes(body.locale.as_deref(), body.redirect_to.as_deref())?;
    let (asking, random) = (call.asking()?, call.random()?);
    let ask = async || {
        let to = (&user, address.as_str());
        store
            .ask_for_email_change(&asking, to, wishes, random)
            .await
    };
    let asked = match &body.password {
        None => ask().await?,
        Some(password) => {
            let wrong = Error::from(password::wrong("password"));
            let guess = call.guess(
                user.email.as_deref().ok_or_else(|| wrong.clone())?,
                password,
            )?;
            let both = async || match typed {
                None => ask().await,
                Some(typed) => {
                    let writer = call.writer(&caller)?;
                    let trial = call.trial(user.id, typed)?;
                    let used = async |_, used| {
                        store.use_code(user.id, used, &writer).await?;
                        ask().await
                    };
                    store.prove_code(&trial, used).await
                }
            };
            store.confirm(&guess, &user, wrong, both).await?
        }
    };
    Ok(Reply::to(&caller, asked))
}

/// The code that an account with a second factor has to show beside the password.
fn typed<'a>(body: &'a EmailChangeRequest, user: &User) -> Result<Option<Typed<'a>>, Error> {
    let code = ("code", body.code.as_deref());
    match (&body.password, user.mfa) {
        (Some(_), Some(_)) => Typed::needed(code, body.recovery_code.as_deref()).map(Some),
        _ => Ok(None),
    }
}
