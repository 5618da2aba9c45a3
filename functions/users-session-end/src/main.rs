//! `DELETE /api/users/{id}/sessions/{sid}`: ends one session of a user.

use std::process::ExitCode;

use api::endpoints::UsersSessionEnd;
use api::event::Reason;
use api::wire::NoContent;
use api::{Code, Error};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(UsersSessionEnd, end_session)
}

/// Ends the session, on condition that it stands.
async fn end_session(
    store: &Store,
    call: Call<UsersSessionEnd>,
) -> Result<Reply<UsersSessionEnd>, Error> {
    let credentials = call.credentials(store).await?;
    let (admin, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.standing_user(call.id())
    )?;
    let user = user.ok_or(Code::UserNotFound)?;
    let session = call.segment("{sid}").parse();
    let session = session.map_err(|_| Code::SessionNotFound)?;
    let writer = call.writer(&admin)?;
    let ended = store.end_own_session(&user, session, Reason::Admin, &writer);
    if ended.await? {
        Ok(Reply::to(&admin, NoContent))
    } else {
        Err(Code::SessionNotFound.into())
    }
}
