//! `DELETE /api/auth/sessions`: ends one's own sessions but for the one that asks.

use std::process::ExitCode;

use api::Error;
use api::endpoints::SessionsEndOthers;
use api::wire::NoContent;
use auth::User;
use auth::user::signed_out;
use runtime::{Call, Reply};
use store::{Along, Store, Writer};

fn main() -> ExitCode {
    runtime::serve(SessionsEndOthers, end_others)
}

/// Raises the user's version, and that of the session that asks: every other is over.
async fn end_others(
    store: &Store,
    call: Call<SessionsEndOthers>,
) -> Result<Reply<SessionsEndOthers>, Error> {
    let credentials = call.credentials(store).await?;
    let (session, user) = store.signed_in(&credentials, call.now).await?;
    let along = Along {
        survivor: Some(session.id),
        ..Along::default()
    };
    // Whether this session still stands is a condition of the write.
    let raised = |now: &User| {
        Ok(Some(User {
            auth_version: now.auth_version + 1,
            ..now.clone()
        }))
    };
    let writer = Writer::new(
        Some(user.id),
        call.request_id.clone(),
        call.now,
        call.random()?,
    );
    let declared = &call.settings.users.fields;
    let _ = store
        .change_user(declared, user, &along, &writer, raised)
        .await
        .map_err(signed_out)?;
    Ok(Reply::of(NoContent))
}
