//! `GET /api/auth/sessions`: lists one's own sessions.

use std::process::ExitCode;

use api::endpoints::SessionsList;
use api::query::listing;
use api::wire::SessionPage;
use api::{Code, Error, Id};
use auth::cursor::{self, Binding};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(SessionsList, list)
}

/// Shows the sessions that stand, a page at a time.
async fn list(store: &Store, call: Call<SessionsList>) -> Result<Reply<SessionsList>, Error> {
    let keys = store.keys().await?;
    let credentials = call.credentials(store).await?;
    let (current, user) = store.signed_in(&credentials, call.now).await?;
    let known = ["limit", "cursor"];
    let asked = listing(call.query(&known)?, &known)?;
    let binding = Binding::of_sessions(user.id);
    let after = match &asked.cursor {
        None => None,
        Some(cursor) => {
            let position = cursor::open(keys, &binding, cursor, call.now)?;
            let position = position.try_into().ok().and_then(Id::from_bytes);
            Some(position.ok_or(Code::InvalidCursor)?)
        }
    };
    let page = store
        .list_sessions(&user, asked.limit, after, call.now)
        .await?;
    let seal = |next: Id| cursor::seal(keys, &binding, &next.bytes(), call.now, call.random()?);
    let next_cursor = page.next.map(seal).transpose()?;
    let items = page
        .sessions
        .into_iter()
        .map(|(session, client)| session.wire(client, Some(current.id)))
        .collect();
    Ok(Reply::of(SessionPage { items, next_cursor }))
}
