//! `POST /api/auth/token`: trades the id and the secret of a service account for an access token.

use std::process::ExitCode;

use api::endpoints::AuthToken;
use api::event::Reason;
use api::{Error, Id};
use auth::service;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(AuthToken, grant)
}

/// Judges the secret, and begins a session that ends with its token. A secret that is not good counts for its source.
async fn grant(store: &Store, call: Call<AuthToken>) -> Result<Reply<AuthToken>, Error> {
    let presented = call.presented()?;
    let admitted = call.admit(store).await?;
    let keys = store.keys().await?;
    let id = Id::new(call.now, call.random()?);
    // For an id that nobody can have, the user that is read is nobody.
    let found = store.user(presented.id().unwrap_or(id)).await?;
    let user = match presented.judge(found, call.now) {
        Ok(user) => user,
        Err(refusal) => return Err(store.refuse_client(&call.asking()?, refusal).await),
    };
    let session = service::session(&user, id, &call.settings.auth, call.now);
    let writer = call.writer_for(user.id, &admitted)?;
    let begun = store.begin_session(&session, Reason::Service, &writer);
    begun.await?;
    call.identified(user.id, session.id);
    let token = service::token(keys, &session, &user.role, call.now)?;
    Ok(Reply::to(&admitted, token))
}
