//! `POST /api/users/{id}/impersonate`: has an admin act as a user.

use std::process::ExitCode;

use api::endpoints::UsersImpersonate;
use api::{Code, Error, Id};
use auth::impersonation;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(UsersImpersonate, impersonate)
}

/// Begins a session that says who acts in it, and hands out its access token. Its user sees it, and may end it.
async fn impersonate(
    store: &Store,
    call: Call<UsersImpersonate>,
) -> Result<Reply<UsersImpersonate>, Error> {
    let credentials = call.credentials(store).await?;
    let (admin, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.any_user(call.id())
    )?;
    let body = call.body.read()?;
    impersonation::check_reason(&body.reason)?;
    let user = user.ok_or(Code::UserNotFound)?;
    let by = admin.id().ok_or(Code::AuthenticationRequired)?;
    let id = Id::new(call.now, call.random()?);
    let session = impersonation::act(by, &user, id, &call.settings.auth, call.now)?;
    let writer = call.writer(&admin)?;
    store.begin_acting(&session, &body.reason, &writer).await?;
    let keys = store.keys().await?;
    let token = impersonation::token(keys, &session, &user.role, call.now)?;
    Ok(Reply::to(&admin, token))
}
