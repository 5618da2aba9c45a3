//! `GET /api/auth/sessions`: lists the caller's sessions.

use std::process::ExitCode;

use api::Error;
use api::endpoints::SessionsList;
use api::query::listing;
use api::wire::SessionPage;
use auth::cursor::{Binding, Pager};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(SessionsList, list)
}

/// Shows the sessions that stand, a page at a time.
async fn list(store: &Store, call: Call<SessionsList>) -> Result<Reply<SessionsList>, Error> {
    let keys = store.keys().await?;
    let credentials = call.credentials(store).await?;
    let (caller, current, user) = store.signed_in(&credentials, call.now).await?;
    let known = ["limit", "cursor"];
    let asked = listing(call.query(&known)?, &known)?;
    let pager = Pager::new(keys, Binding::of_sessions(user.id), call.now);
    let after = pager.open_id(asked.cursor.as_deref())?;
    let page = store.list_sessions(&user, asked.limit, after, call.now);
    let page = page.await?;
    let next_cursor = pager.seal_id(page.next, call.random()?)?;
    let items = page.wire(Some(current.id));
    Ok(Reply::to(&caller, SessionPage { items, next_cursor }))
}
