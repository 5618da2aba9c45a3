//! `POST /api/auth/mfa/recovery-codes`: gives the caller other recovery codes.

use std::process::ExitCode;

use api::endpoints::MfaRecoveryCodes;
use api::event::Reason;
use api::wire::RecoveryCodes;
use api::{Code, Error};
use auth::factor::{Factor, Typed};
use auth::user::signed_out;
use runtime::{Call, Reply};
use store::{Along, FactorChange, Store};

fn main() -> ExitCode {
    runtime::serve(MfaRecoveryCodes, renew)
}

/// Replaces the codes by a code of the authenticator app, counted before it is looked at. Every session ends but the one that
/// asks.
async fn renew(
    store: &Store,
    call: Call<MfaRecoveryCodes>,
) -> Result<Reply<MfaRecoveryCodes>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, session, user) = store.signed_in(&credentials, call.now).await?;
    let body = call.body.read()?;
    let typed = Typed::needed(("code", Some(&body.code)), None)?;
    let since = user.mfa.ok_or(Code::MfaNotEnabled)?;
    let writer = call.writer(&caller)?;
    let renew = async |factor: Factor, used| {
        let keys = store.sealing_keys(std::iter::once(factor.secret.as_str()));
        let (renewed, codes) = factor.renewed(&*keys.await?, used, (call.random()?, call.now))?;
        let along = Along {
            survivor: Some(session.id),
            factor: Some(FactorChange::Renews(&renewed, used)),
            ..Along::of(Reason::MfaCodesRenewed)
        };
        let declared = &call.settings.users.fields;
        let change = store.change_user(declared, user.clone(), &along, &writer, |found| {
            user.with_factor(found, Some(since)).map(Some)
        });
        let _ = change.await.map_err(signed_out)?;
        Ok(codes)
    };
    let trial = call.trial(user.id, typed)?;
    let recovery_codes = store.prove_code(&trial, renew).await?;
    Ok(Reply::to(&caller, RecoveryCodes { recovery_codes }))
}
