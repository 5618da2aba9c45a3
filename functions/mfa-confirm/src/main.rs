//! `POST /api/auth/mfa/confirm`: switches the second factor on by its first code.

mod waiting;

use std::process::ExitCode;

use api::endpoints::MfaConfirm;
use api::event::Reason;
use api::wire::MfaConfirmed;
use api::{Code, Error};
use auth::authentication::Method;
use auth::factor::Factor;
use auth::user::signed_out;
use auth::{Admitted, User};
use runtime::{Call, Reply};
use store::{Along, FactorChange, Store};

fn main() -> ExitCode {
    runtime::serve(MfaConfirm, confirm)
}

/// Confirms the secret that waits. Every session ends but the one that asks, which has both factors from then on.
async fn confirm(store: &Store, call: Call<MfaConfirm>) -> Result<Reply<MfaConfirm>, Error> {
    if let Some(token) = call.enrolment() {
        return waiting::confirm(store, &call, token).await;
    }
    let credentials = call.credentials(store).await?;
    let reading = store.signed_in_with_factor(&credentials, call.now);
    let (signed_in, factor) = reading.await?;
    let (caller, session, user) = signed_in;
    let (confirmed, recovery_codes) = confirmed(store, &call, &user, factor).await?;
    let proof = session.authentication.map(|proof| proof.and(Method::Otp));
    let proves = proof.map(|proof| proof.methods).unwrap_or_default();
    let along = Along {
        survivor: Some(session.id),
        proves: Some(&proves),
        factor: Some(FactorChange::Confirms(&confirmed)),
        ..Along::of(Reason::MfaEnabled)
    };
    let _ = switch_on(store, &call, &caller, (&user, &along)).await?;
    let body = MfaConfirmed {
        recovery_codes,
        tokens: None,
    };
    Ok(Reply::to(&caller, body))
}

/// The factor after its first code, with its recovery codes.
async fn confirmed(
    store: &Store,
    call: &Call<MfaConfirm>,
    user: &User,
    factor: Option<Factor>,
) -> Result<(Factor, Vec<String>), Error> {
    let body = call.body.read()?;
    if user.mfa.is_some() {
        return Err(Code::MfaAlreadyEnabled.into());
    }
    let factor = factor.ok_or(Code::MfaSetupExpired)?;
    let sealed = std::iter::once(factor.secret.as_str());
    let keys = store.sealing_keys(sealed).await?;
    let at = (&call.settings.auth, call.now);
    factor.confirmed(&keys, &body.code, at, call.random()?)
}

async fn switch_on(
    store: &Store,
    call: &Call<MfaConfirm>,
    caller: &Admitted,
    (user, along): (&User, &Along<'_>),
) -> Result<User, Error> {
    let declared = &call.settings.users.fields;
    let writer = call.writer_for(user.id, caller)?;
    let change = store.change_user(declared, user.clone(), along, &writer, |found| {
        user.with_factor(found, Some(call.now)).map(Some)
    });
    let changed = change.await.map_err(signed_out)?;
    changed.ok_or(Error::new(Code::SessionRevoked))
}
