//! `GET /api/users/{id}`: reads a user.

use std::process::ExitCode;

use api::endpoints::UsersGet;
use api::{Code, Error};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(UsersGet, get)
}

/// Reads the user while the session is checked.
async fn get(store: &Store, call: Call<UsersGet>) -> Result<Reply<UsersGet>, Error> {
    let credentials = call.credentials(store).await?;
    let (admin, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.standing_user(call.id())
    )?;
    let user = user.ok_or(Code::UserNotFound)?;
    let shown = user.for_admins(&call.settings.users.fields);
    Ok(Reply::to(&admin, shown))
}
