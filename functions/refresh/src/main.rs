//! `POST /api/auth/refresh`: trades a refresh token for a new pair of tokens.

use std::process::ExitCode;

use api::endpoints::Refresh;
use api::{Detail, Error};
use auth::refresh::{Exchange, Succession, over};
use auth::{RefreshToken, session};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(Refresh, refresh)
}

/// Swaps the token for its successor. An older token is judged by the session that the swap found.
async fn refresh(store: &Store, call: Call<Refresh>) -> Result<Reply<Refresh>, Error> {
    let (now, settings) = (call.now, &call.settings.auth);
    let succession = Succession::of(call.idempotency_key(), settings, call.random()?)?;
    let keys = store.keys().await?;
    let shown = call.refresh_token(call.body.refresh_token.as_deref())?;
    let shown = shown.ok_or_else(required)?;
    let open = || RefreshToken::open(keys, &shown.token).map_err(|_| shown.refused(over()));
    let presented = open()?;
    call.identified(presented.user, presented.session);
    // A bad API key must be refused before the token is spent.
    let admitted = call.admit(store).await?;
    // The keys were looked at meanwhile: a token that was revoked must not be traded for one of the new keys.
    let exchange = Exchange::new(open()?, succession, settings, now);
    let writer = call.writer(&admitted)?;
    let succeeded = store.succeed(&exchange, &writer).await;
    let (session, user) = succeeded.map_err(|refusal| shown.refused(refusal))?;
    if let Some(age) = exchange.repeats_after(&session) {
        call.log_repeated_refresh(session.id, age);
    }
    let tokens = session::tokens(
        keys,
        &session,
        &exchange.successor,
        &user.role,
        settings,
        now,
    )?;
    Ok(call.hand_out(&admitted, tokens, shown.transport, session.expires_at))
}

/// The refusal of a request without a refresh token.
fn required() -> Detail {
    let message =
        "Send `refreshToken`, or the token as x-refresh-token or as the cookie that a login set.";
    Detail::new("refreshToken", "required", message)
}
