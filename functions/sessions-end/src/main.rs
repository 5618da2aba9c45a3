//! `DELETE /api/auth/sessions/{id}`: ends one of the caller's sessions.

use std::process::ExitCode;

use api::endpoints::SessionsEnd;
use api::event::Reason;
use api::wire::NoContent;
use api::{Code, Error};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(SessionsEnd, end)
}

/// Ends a session of the caller that stands; any other is not found.
async fn end(store: &Store, call: Call<SessionsEnd>) -> Result<Reply<SessionsEnd>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, _, user) = store.signed_in(&credentials, call.now).await?;
    let session = call.id().parse().map_err(|_| Code::SessionNotFound)?;
    let writer = call.writer(&caller)?;
    let ended = store.end_own_session(&user, session, Reason::User, &writer);
    if ended.await? {
        Ok(Reply::to(&caller, NoContent))
    } else {
        Err(Code::SessionNotFound.into())
    }
}
