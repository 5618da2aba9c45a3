//! `GET /api/users/{id}/sessions`: lists a user's sessions.

use std::process::ExitCode;

use api::endpoints::UsersSessionsList;
use api::query::listing;
use api::wire::SessionPage;
use api::{Code, Error, Id};
use auth::cursor::{self, Binding};
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
    let (_, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.standing_user(call.id())
    )?;
    let listing = listing(call.parameters(), &["limit", "cursor"])?;
    let user = user.ok_or(Code::UserNotFound)?;
    let binding = Binding::of_sessions(user.id);
    let position = listing
        .cursor
        .as_deref()
        .map(|text| cursor::open(keys, &binding, text, call.now))
        .transpose()?;
    let session = |bytes: Vec<u8>| {
        bytes
            .try_into()
            .ok()
            .and_then(Id::from_bytes)
            .ok_or(Code::InvalidCursor)
    };
    let page = store
        .list_sessions(
            &user,
            listing.limit,
            position.map(session).transpose()?,
            call.now,
        )
        .await?;

    let seal =
        |session: Id| cursor::seal(keys, &binding, &session.bytes(), call.now, call.random()?);
    let next_cursor = page.next.map(seal).transpose()?;
    let asking = credentials.claims.as_ref().map(|claims| claims.sid);
    let items = page
        .sessions
        .into_iter()
        .map(|(session, client)| session.wire(client, asking))
        .collect();
    Ok(Reply::of(SessionPage { items, next_cursor }))
}
