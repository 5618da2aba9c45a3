//! `GET /api/users/{id}/sessions`: lists a user's sessions.

use std::process::ExitCode;

use api::endpoints::UsersSessionsList;
use api::query::listing;
use api::wire::SessionPage;
use api::{Code, Error};
use auth::cursor::{Binding, Pager};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(UsersSessionsList, list_sessions)
}

/// Reads the user while the session is checked, and lists the user's sessions.
async fn list_sessions(
    store: &Store,
    call: Call<UsersSessionsList>,
) -> Result<Reply<UsersSessionsList>, Error> {
    let keys = store.keys().await?;
    let credentials = call.credentials(store).await?;
    let (admin, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.standing_user(call.id())
    )?;
    let listing = listing(call.parameters(), &["limit", "cursor"])?;
    let user = user.ok_or(Code::UserNotFound)?;
    let pager = Pager::new(keys, Binding::of_sessions(user.id), call.now);
    let after = pager.open_id(listing.cursor.as_deref())?;
    let page = store.list_sessions(&user, listing.limit, after, call.now);
    let page = page.await?;
    let next_cursor = pager.seal_id(page.next, call.random()?)?;
    let asking = credentials.claims.as_ref().map(|claims| claims.sid);
    let items = page.wire(asking);
    Ok(Reply::to(&admin, SessionPage { items, next_cursor }))
}
