//! `POST /api/auth/logout`: ends a session.

use std::process::ExitCode;

use api::endpoints::Logout;
use api::event::Reason;
use api::wire::NoContent;
use api::{Detail, Error};
use auth::{RefreshToken, Writer};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(Logout, logout)
}

/// Ends the session of the refresh token, or without one that of the access token, which may have expired. A refresh
/// token that proves nothing ends nothing, and is told nothing either.
async fn logout(store: &Store, call: Call<Logout>) -> Result<Reply<Logout>, Error> {
    let keys = store.keys().await?;
    let admitted = call.admit(store).await?;
    let shown = call.refresh_token(call.body.refresh_token.as_deref())?;
    let session = match &shown {
        Some(shown) => RefreshToken::open(keys, &shown.token)
            .ok()
            .map(|token| (token.user, token.session, None)),
        None => {
            let claims = call.signed(store).await?.ok_or_else(required)?;
            Some((claims.sub, claims.sid, claims.act))
        }
    };
    if let Some((user, session, act)) = session {
        call.identified(user, session);
        let writer = Writer {
            impersonator: act.map(|act| act.sub),
            ..call.writer_for(user, &admitted)?
        };
        let ended = store.end_session(user, session, Reason::Logout, &writer);
        ended.await?;
    }
    Ok(call.forgetting(Reply::to(&admitted, NoContent), shown.as_ref()))
}

/// The refusal of a request without a token.
fn required() -> Detail {
    let message = "Send `refreshToken`, or the access token as Authorization: Bearer <token>.";
    Detail::new("refreshToken", "required", message)
}
