//! `GET /api/users`: lists users, newest first.

use std::process::ExitCode;

use api::Error;
use api::endpoints::UsersList;
use api::query::listing;
use api::wire::UserPage;
use auth::cursor::{Binding, Pager};
use auth::user::{ANONYMOUS, check_role};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(UsersList, list)
}

/// Lists after the session check: only admins may cause the cost of reading through all users.
async fn list(store: &Store, call: Call<UsersList>) -> Result<Reply<UsersList>, Error> {
    let keys = store.keys().await?;
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let listing = listing(call.parameters(), &["limit", "cursor", "search", "role"])?;
    // Nobody is given the role of anonymous accounts, and yet they are listed by it.
    if let Some(role) = listing.role.as_ref().filter(|role| *role != ANONYMOUS) {
        check_role(role, &call.settings.auth)?;
    }
    let pager = Pager::new(keys, Binding::of_users(&listing), call.now);
    let after = pager.open_id(listing.cursor.as_deref())?;

    let declared = &call.settings.users.fields;
    let page = store.list_users(&listing, after, declared).await?;
    let next_cursor = pager.seal_id(page.next, call.random()?)?;
    let users = page.users.iter();
    let items = users.map(|user| user.for_admins(declared)).collect();
    Ok(Reply::to(&admin, UserPage { items, next_cursor }))
}
