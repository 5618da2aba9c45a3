//! `GET /api/users/public/{username}`: reads the public profile of a user.

use std::process::ExitCode;

use api::endpoints::UsersPublic;
use api::{Code, Error, Id};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(UsersPublic, get)
}

/// Shows the public profile of the user with this username. An unknown, a disabled and a deleted user get the same
/// reply at the same cost.
async fn get(store: &Store, call: Call<UsersPublic>) -> Result<Reply<UsersPublic>, Error> {
    let declared = &call.settings.users.fields;
    let nobody = Id::new(call.now, call.random()?);
    let found = store.user_called(call.segment("{username}"), nobody);
    let (user, admitted) = tokio::try_join!(found, call.admit(store))?;
    let is_declared = declared.iter().any(|field| field.is_username());
    let shown = user.filter(|user| is_declared && !user.disabled && user.deleted.is_none());
    let shown = shown.ok_or(Code::UserNotFound)?.public(declared);
    Ok(Reply::to(&admitted, shown))
}
