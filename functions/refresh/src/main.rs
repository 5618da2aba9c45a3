//! `POST /api/auth/refresh`: trades a refresh token for a new pair of tokens.

use std::process::ExitCode;

use api::endpoints::Refresh;
use api::{Detail, Error};
use auth::refresh::{Succession, Verdict, judge, refusal};
use auth::{RefreshToken, session};
use runtime::{Call, Reply};
use store::{Rotation, Store};

fn main() -> ExitCode {
    runtime::serve(Refresh, refresh)
}

/// Swaps the token for its successor in one conditional write, while the user is read beside it. A token whose time
/// has passed is judged by the session that the write found.
async fn refresh(store: &Store, call: Call<Refresh>) -> Result<Reply<Refresh>, Error> {
    let (now, settings) = (call.now, &call.settings.auth);
    let succession = Succession::of(call.idempotency_key(), settings, call.random()?)?;
    let keys = store.keys().await?;
    let shown = call
        .refresh_token(call.body.refresh_token.as_deref())?
        .ok_or_else(required)?;
    let over = || shown.over(refusal());
    let presented =
        RefreshToken::open(keys, &shown.token).map_err(|refusal| shown.over(refusal))?;
    // Before the token is spent.
    store.admit_key(call.key(), now).await?;
    let successor = succession.next(&presented);

    let expires_at = session::expiry(presented.session, settings, now);
    let rotate = |counted| {
        store.rotate(
            &presented,
            &successor,
            expires_at,
            counted,
            &settings.throttle,
            now,
        )
    };
    let (rotation, user) = tokio::join!(rotate(None), store.user(presented.user));
    let mut rotation = rotation?;
    let session = loop {
        let found = match rotation {
            Rotation::Done(session) => break session,
            Rotation::Refused(found) => found,
        };
        match (
            judge(found.as_ref(), &presented, &succession, settings, now),
            found,
        ) {
            (Verdict::Again, Some(session)) => break session,
            (Verdict::Count(counted), _) => rotation = rotate(Some(counted)).await?,
            (Verdict::Throttle(refused), _) => return Err(refused.error(now)),
            (Verdict::Revoke, _) => {
                store
                    .end_session(
                        presented.user,
                        presented.session,
                        "refresh-token-reuse",
                        now,
                    )
                    .await?;
                return Err(over());
            }
            // The cookie may be what another tab got.
            (Verdict::Forgive, _) => return Err(refusal()),
            _ => return Err(over()),
        }
    };
    // The old token is dead by now: a read that failed is tried again before the client is sent away with nothing.
    let user = match user {
        Ok(user) => user,
        Err(_) => store.user(presented.user).await?,
    };
    let (session, user) = match user {
        // What ends all other sessions raises user and session together, here between the write and the read: both are
        // looked at again. The session is found by a write whose condition cannot hold.
        Some(user) if user.auth_version != session.auth_version => {
            match tokio::try_join!(rotate(None), store.user(presented.user))? {
                (Rotation::Refused(Some(found)), user)
                    if found.refresh_token_hash == successor.hash() =>
                {
                    (found, user)
                }
                _ => return Err(over()),
            }
        }
        user => (session, user),
    };
    let user = user
        .filter(|user| session.stands(user, now))
        .ok_or_else(over)?;
    let tokens = session::tokens(keys, &successor, &user.role, settings, now)?;
    Ok(call.hand_out(tokens, shown.transport, session.expires_at))
}

/// The refusal of a request that shows no refresh token.
fn required() -> Error {
    let message =
        "Send `refreshToken`, or the token as x-refresh-token or as the cookie that a login set.";
    Error::invalid(vec![Detail::new("refreshToken", "required", message)])
}
