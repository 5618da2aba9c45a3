//! `POST /api/users`: makes a user.

use std::process::ExitCode;

use api::endpoints::UsersCreate;
use api::event::Reason;
use api::{Error, Id};
use auth::proof::Posted;
use auth::{User, account};
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(UsersCreate, create)
}

/// Makes the account. Without a password no login succeeds until one is set; with `send` a mail sets it, which is in the
/// transaction that makes the account.
async fn create(store: &Store, call: Call<UsersCreate>) -> Result<Reply<UsersCreate>, Error> {
    let (settings, declared) = (call.settings, &call.settings.users.fields);
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let body = call.body.read()?;
    let id = Id::new(call.now, call.random()?);
    let user = account::new_user(&body, declared, settings, id, call.now)?;

    let hash = match &body.password {
        Some(password) => Some(breaches::hash(&call, "password", password).await?),
        None => None,
    };
    let posted = match body.send {
        Some(true) => Some(mail(store, &call, &user).await?),
        _ => None,
    };
    let along = Along {
        password_hash: hash.as_deref(),
        posts: posted.as_ref(),
        ..Along::of(Reason::Create)
    };
    let writer = call.writer(&admin)?;
    store.create_user(declared, &user, &along, &writer).await?;
    let location = format!("/api/users/{}", user.id);
    Ok(Reply::to(&admin, user.for_admins(declared)).at(location))
}

/// The mail by which the user sets the first password.
async fn mail(store: &Store, call: &Call<UsersCreate>, user: &User) -> Result<Posted, Error> {
    call.need_mail()?;
    let (wishes, at) = (call.wishes(None, None)?, (&call.settings.auth, call.now));
    let posted = store.mail_for_password(user, wishes, call.random()?, at);
    posted.await
}
