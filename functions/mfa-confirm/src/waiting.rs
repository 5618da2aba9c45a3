//! Sign-ins that have waited for the factor: the first code switches it on and begins the session.

use api::Error;
use api::endpoints::MfaConfirm;
use api::event::Reason;
use api::wire::MfaConfirmed;
use auth::factor::Used;
use runtime::{Call, Reply};
use store::{Along, FactorChange, Store};

/// Confirms the secret of the user whom the token names, and begins the session of that sign-in, once.
pub(crate) async fn confirm(
    store: &Store,
    call: &Call<MfaConfirm>,
    token: &str,
) -> Result<Reply<MfaConfirm>, Error> {
    let keyed = call.keyed();
    let enrolling = store.enrolling(token, &keyed, call.now);
    let (caller, user, challenge) = enrolling.await?;
    let factor = store.factor(user.id).await?;
    let (confirmed, recovery_codes) = super::confirmed(store, call, &user, factor).await?;
    let raised = user.with_factor(&user, Some(call.now))?;
    let used = Used::Step(confirmed.last_step);
    let at = (&call.settings.auth, call.now);
    let (session, token) = challenge.finish(&raised, used, call.random()?, at);
    let along = Along {
        begins: Some(&session),
        begun: Some(Reason::Mfa),
        factor: Some(FactorChange::Confirms(&confirmed)),
        ..Along::of(Reason::MfaEnabled)
    };
    let user = super::switch_on(store, call, &caller, (&user, &along)).await?;
    let tokens = call.first_tokens(store.keys().await?, &user, (&session, &token))?;
    let body = MfaConfirmed {
        recovery_codes,
        tokens: Some(tokens),
    };
    Ok(call.hand_out(&caller, body, call.transport(), session.expires_at))
}
