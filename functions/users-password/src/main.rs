//! `POST /api/users/{id}/password`: sets a password.

use std::process::ExitCode;

use api::endpoints::UsersPassword;
use api::event::Reason;
use api::wire::NoContent;
use api::{Code, Error};
use auth::password::{self, Context};
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(UsersPassword, set_password)
}

/// Sets the password, which ends every session.
async fn set_password(
    store: &Store,
    call: Call<UsersPassword>,
) -> Result<Reply<UsersPassword>, Error> {
    let credentials = call.credentials(store).await?;
    let (admin, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.standing_user(call.id())
    )?;
    let password = call.body.read()?.password;
    let email = user.as_ref().map(|user| user.email.as_str());
    let context = Context::of(email, call.settings);
    password::judge("password", &password, context, &call.settings.auth.password)?;

    let user = user.ok_or(Code::UserNotFound)?;
    let hash = call.hash_password(&password)?;
    let along = Along {
        password_hash: Some(&hash),
        ..Along::of(Reason::PasswordSet)
    };
    let declared = &call.settings.users.fields;
    let writer = call.writer(&admin)?;
    let change = store.change_user(declared, user, &along, &writer, |user| {
        user.without_sessions().map(Some)
    });
    let _ = change.await?;
    Ok(Reply::to(&admin, NoContent))
}
