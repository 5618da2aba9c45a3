//! `POST /api/users/{id}/password`: sets a password, or sends the user a mail that sets one.

use std::process::ExitCode;

use api::endpoints::UsersPassword;
use api::event::Reason;
use api::wire::{MailAsked, NoContent};
use api::{Code, Error};
use auth::password::{self, Context};
use auth::{Admitted, User};
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(UsersPassword, set_password)
}

/// Sets the password, or has its user set it. Either voids the old one and ends every session.
async fn set_password(
    store: &Store,
    call: Call<UsersPassword>,
) -> Result<Reply<UsersPassword>, Error> {
    let credentials = call.credentials(store).await?;
    let (admin, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.standing_user(call.id())
    )?;
    match call.body.read()?.password {
        Some(password) => set(store, &call, (&admin, user), &password).await,
        None => send(store, &call, (&admin, user)).await,
    }
}

/// Sets the password that the admin has chosen.
async fn set(
    store: &Store,
    call: &Call<UsersPassword>,
    (admin, user): (&Admitted, Option<User>),
    password: &str,
) -> Result<Reply<UsersPassword>, Error> {
    let email = user.as_ref().and_then(|user| user.email.as_deref());
    let context = Context::of(email, call.settings);
    password::judge("password", password, context, &call.settings.auth.password)?;

    let user = user.ok_or(Code::UserNotFound)?;
    let _ = user.need_email()?;
    let hash = breaches::hash(call, "password", password).await?;
    let along = Along {
        password_hash: Some(&hash),
        ..Along::of(Reason::PasswordSet)
    };
    change(store, call, (admin, user), &along).await?;
    Ok(Reply::to(admin, NoContent))
}

/// Removes the password and sends the mail in the same transaction: the admin never knows a password (ASVS 5.0, 6.4.6).
async fn send(
    store: &Store,
    call: &Call<UsersPassword>,
    (admin, user): (&Admitted, Option<User>),
) -> Result<Reply<UsersPassword>, Error> {
    call.need_mail()?;
    let user = user.ok_or(Code::UserNotFound)?;
    let (wishes, at) = (call.wishes(None, None)?, (&call.settings.auth, call.now));
    let posted = store.mail_for_password(&user, wishes, call.random()?, at);
    let posted = posted.await?;
    let along = Along {
        forgets_password: true,
        posts: Some(&posted),
        ..Along::of(Reason::PasswordRemoved)
    };
    change(store, call, (admin, user), &along).await?;
    let expires_in = posted.ends.link.seconds() - call.now.seconds();
    Reply::other(admin, &MailAsked { expires_in })
}

async fn change(
    store: &Store,
    call: &Call<UsersPassword>,
    (admin, user): (&Admitted, User),
    along: &Along<'_>,
) -> Result<(), Error> {
    let declared = &call.settings.users.fields;
    let writer = call.writer(admin)?;
    let email = user.email.clone();
    let decide = |found: &User| {
        // The mail would go to an address that the user has no more.
        if along.posts.is_some() && found.email != email {
            return Err(Error::unavailable("the user has another address by now"));
        }
        found.without_sessions().map(Some)
    };
    let change = store.change_user(declared, user, along, &writer, decide);
    change.await.map(|_| ())
}
