//! `POST /api/auth/mfa/disable`: switches the caller's second factor off.

use std::process::ExitCode;

use api::endpoints::MfaDisable;
use api::event::Reason;
use api::wire::NoContent;
use api::{Code, Error};
use auth::factor::Typed;
use auth::user::signed_out;
use runtime::{Call, Reply};
use store::{Along, FactorChange, Store};

fn main() -> ExitCode {
    runtime::serve(MfaDisable, disable)
}

/// Removes the factor by a code of it, counted before it is looked at. Every session ends but the one that asks.
async fn disable(store: &Store, call: Call<MfaDisable>) -> Result<Reply<MfaDisable>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, session, user) = store.signed_in(&credentials, call.now).await?;
    let body = call.body.read()?;
    let code = ("code", body.code.as_deref());
    let typed = Typed::needed(code, body.recovery_code.as_deref())?;
    if user.mfa.is_none() {
        return Err(Code::MfaNotEnabled.into());
    }
    let settings = &call.settings.auth;
    // Without a relying party no passkey signs in.
    let has_passkey = settings.passkeys.rp_id.is_some() && user.passkeys() > 0;
    if settings.mfa.requires(&user.role) && !has_passkey {
        return Err(Code::MfaRequiredByPolicy.into());
    }
    let writer = call.writer(&caller)?;
    let remove = async |_, used| {
        let along = Along {
            survivor: Some(session.id),
            factor: Some(FactorChange::Removes(used)),
            ..Along::of(Reason::MfaDisabled)
        };
        let declared = &call.settings.users.fields;
        let change = store.change_user(declared, user.clone(), &along, &writer, |found| {
            user.with_factor(found, None).map(Some)
        });
        change.await.map_err(signed_out)
    };
    let trial = call.trial(user.id, typed)?;
    let _ = store.prove_code(&trial, remove).await?;
    Ok(Reply::to(&caller, NoContent))
}
