//! `POST /api/auth/password/change`: changes the caller's password.

use std::process::ExitCode;

use api::Error;
use api::endpoints::PasswordChange;
use api::event::Reason;
use api::wire::NoContent;
use auth::password::{self, Context};
use auth::user::signed_out;
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(PasswordChange, change)
}

/// Checks the current password, counted as a login's, and sets the new one with a raised version. All sessions begun
/// with the old password end, except the one that asks.
async fn change(store: &Store, call: Call<PasswordChange>) -> Result<Reply<PasswordChange>, Error> {
    let policy = &call.settings.auth.password;
    let credentials = call.credentials(store).await?;
    let (caller, session, user) = store.signed_in(&credentials, call.now).await?;
    let body = call.body.read()?;
    let email = user.need_email()?;
    let context = Context::of(Some(email), call.settings);
    password::judge("newPassword", &body.new_password, context, policy)?;
    let guess = call.guess(email, &body.current_password)?;
    let declared = &call.settings.users.fields;
    let writer = call.writer(&caller)?;
    let change = async || {
        if body.new_password == body.current_password {
            return Err(password::same("newPassword").into());
        }
        let hash = breaches::hash(&call, "newPassword", &body.new_password).await?;
        let along = Along {
            password_hash: Some(&hash),
            survivor: Some(session.id),
            ..Along::of(Reason::PasswordChange)
        };
        let change = store.change_user(declared, user.clone(), &along, &writer, |found| {
            user.raised(found).map(Some)
        });
        change.await.map_err(signed_out)
    };
    let wrong = password::wrong("currentPassword").into();
    let _ = store.confirm(&guess, &user, wrong, change).await?;
    Ok(Reply::to(&caller, NoContent))
}
