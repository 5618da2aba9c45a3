//! `DELETE /api/auth/sessions`: ends the caller's sessions except the one that asks.

use std::process::ExitCode;

use api::Error;
use api::endpoints::SessionsEndOthers;
use api::event::Reason;
use api::wire::NoContent;
use auth::User;
use auth::user::signed_out;
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(SessionsEndOthers, end_others)
}

/// Raises the user's version, and that of the session that asks: every other session is over.
async fn end_others(
    store: &Store,
    call: Call<SessionsEndOthers>,
) -> Result<Reply<SessionsEndOthers>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, session, user) = store.signed_in(&credentials, call.now).await?;
    let along = Along {
        survivor: Some(session.id),
        ..Along::of(Reason::SessionsEnd)
    };
    // Whether this session still stands is a condition of the write.
    let raised = |now: &User| {
        Ok(Some(User {
            auth_version: now.auth_version + 1,
            ..now.clone()
        }))
    };
    let declared = &call.settings.users.fields;
    let writer = call.writer(&caller)?;
    let change = store.change_user(declared, user, &along, &writer, raised);
    let _ = change.await.map_err(signed_out)?;
    Ok(Reply::to(&caller, NoContent))
}
