//! `GET /api/users`: lists users, newest first.

use std::process::ExitCode;

use api::endpoints::UsersList;
use api::query::listing;
use api::wire::UserPage;
use api::{Code, Error, Id};
use auth::cursor::{self, Binding};
use auth::user::check_role;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(UsersList, list)
}

/// Lists after the session check: what it costs to look through all users is for admins to spend.
async fn list(store: &Store, call: Call<UsersList>) -> Result<Reply<UsersList>, Error> {
    let keys = store.keys().await?;
    let credentials = call.credentials(store).await?;
    let _ = store.admin(&credentials, call.now).await?;
    let listing = listing(call.parameters(), &["limit", "cursor", "search", "role"])?;
    if let Some(Err(detail)) = listing
        .role
        .as_deref()
        .map(|role| check_role(role, &call.settings.auth))
    {
        return Err(Error::invalid(vec![detail]));
    }
    let binding = Binding::of_users(&listing);
    let position = listing
        .cursor
        .as_deref()
        .map(|text| cursor::open(keys, &binding, text, call.now))
        .transpose()?;
    let user = |bytes: Vec<u8>| {
        bytes
            .try_into()
            .ok()
            .and_then(Id::from_bytes)
            .ok_or(Code::InvalidCursor)
    };
    let after = position.map(user).transpose()?;

    let page = store
        .list_users(&listing, after, &call.settings.users.fields)
        .await?;
    let seal = |user: Id| cursor::seal(keys, &binding, &user.bytes(), call.now, call.random()?);
    let next_cursor = page.next.map(seal).transpose()?;
    let items = page
        .users
        .iter()
        .map(|user| user.for_admins(&call.settings.users.fields))
        .collect();
    Ok(Reply::of(UserPage { items, next_cursor }))
}
