//! `DELETE /api/users/{id}`: removes a user.

use std::process::ExitCode;

use api::endpoints::UsersDelete;
use api::event::Reason;
use api::wire::NoContent;
use api::{Code, Error};
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(UsersDelete, delete)
}

/// Removes the account at once, and with it the reservations of its address and its unique values. An account that its
/// user has deleted, and could bring back, is removed as well.
async fn delete(store: &Store, call: Call<UsersDelete>) -> Result<Reply<UsersDelete>, Error> {
    let credentials = call.credentials(store).await?;
    let (admin, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.any_user(call.id())
    )?;
    let keys = call.keys_of_leaver()?;
    let user = user.ok_or(Code::UserNotFound)?;
    let writer = call.writer(&admin)?;
    let declared = &call.settings.users.fields;
    let along = Along {
        keys,
        ..Along::of(Reason::Delete)
    };
    let _ = store
        .change_user(declared, user, &along, &writer, |_| Ok(None))
        .await?;
    Ok(Reply::to(&admin, NoContent))
}
