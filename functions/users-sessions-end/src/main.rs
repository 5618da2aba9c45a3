//! `DELETE /api/users/{id}/sessions`: ends all sessions of a user.

use std::process::ExitCode;

use api::endpoints::UsersSessionsEnd;
use api::event::Reason;
use api::wire::NoContent;
use api::{Code, Error};
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(UsersSessionsEnd, end_sessions)
}

/// Raises the user's version: one write ends every session.
async fn end_sessions(
    store: &Store,
    call: Call<UsersSessionsEnd>,
) -> Result<Reply<UsersSessionsEnd>, Error> {
    let credentials = call.credentials(store).await?;
    let (admin, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.standing_user(call.id())
    )?;
    let user = user.ok_or(Code::UserNotFound)?;
    let writer = call.writer(&admin)?;
    let declared = &call.settings.users.fields;
    let along = Along::of(Reason::SessionsEnd);
    let change = store.change_user(declared, user, &along, &writer, |user| {
        user.without_sessions().map(Some)
    });
    let _ = change.await?;
    Ok(Reply::to(&admin, NoContent))
}
