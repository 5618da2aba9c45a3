//! `POST /api/auth/mfa/verify`: finishes a sign-in by a code of the second factor.

use std::process::ExitCode;

use api::endpoints::MfaVerify;
use api::event::Reason;
use api::{Code, Error};
use auth::factor::{Challenge, Stage, Typed, Used};
use auth::{Admitted, RefreshToken, Session, User};
use runtime::{Call, Reply};
use store::{Along, FactorChange, Store};

fn main() -> ExitCode {
    runtime::serve(MfaVerify, verify)
}

/// Begins the session that the token of the first step names, once, while the attempt is given back.
async fn verify(store: &Store, call: Call<MfaVerify>) -> Result<Reply<MfaVerify>, Error> {
    let body = &call.body;
    let code = ("code", body.code.as_deref());
    let typed = Typed::needed(code, body.recovery_code.as_deref())?;
    let signing = store.keys().await?;
    let token = body.mfa_token.as_str();
    let keys = store.sealing_keys(std::iter::once(token)).await?;
    let challenge = Challenge::open(&keys, Stage::Factor, token, call.now);
    let challenge = challenge.ok_or(Code::InvalidMfaCode)?;
    let admitted = call.admit(store).await?;
    let trial = call.trial(challenge.user, typed)?;
    let is_of = |user: &Option<User>| {
        let user = user.as_ref();
        let is_of = user.is_some_and(|user| challenge.is_of(user, call.now));
        is_of.then_some(()).ok_or(Code::InvalidMfaCode.into())
    };
    let begin = async |_, used, user: Option<User>| {
        let user = user.ok_or(Code::InvalidMfaCode)?;
        begin(store, &call, &admitted, (&challenge, user, used)).await
    };
    let user = store.user(challenge.user);
    let proving = store.prove_factor(&trial, user, is_of, begin);
    let (user, session, token) = proving.await?;
    call.sign_in(&admitted, signing, &user, (&session, &token))
}

/// Uses the code up and begins the session. An account that the first step was to bring back is back with it, and a provider
/// that was to be linked is.
async fn begin(
    store: &Store,
    call: &Call<MfaVerify>,
    admitted: &Admitted,
    (challenge, user, used): (&Challenge, User, Used),
) -> Result<(User, Session, RefreshToken), Error> {
    let at = (&call.settings.auth, call.now);
    let (session, token) = challenge.finish(&user, used, call.random()?, at);
    let writer = call.writer_for(user.id, admitted)?;
    if !challenge.restores && challenge.links.is_none() {
        let begins = store.begin_by_factor(&session, used, Reason::Mfa, &writer);
        begins.await?;
        return Ok((user, session, token));
    }
    let links = challenge.links.as_ref();
    let federated = links.map(|found| found.linked(user.id, call.now));
    let along = Along {
        begins: Some(&session),
        begun: (!challenge.restores).then_some(Reason::Mfa),
        factor: Some(FactorChange::Restores(used)),
        links: federated.as_ref(),
        ..Along::of(match challenge.restores {
            true => Reason::Restore,
            false => Reason::ProviderLinked,
        })
    };
    let declared = &call.settings.users.fields;
    let change = store.change_user(declared, user.clone(), &along, &writer, |found| {
        let back = user.restored(found)?;
        let linked = links.map_or(Ok(back.clone()), |it| back.with_provider(it, call.now));
        linked.map(Some)
    });
    let back = change.await.map_err(|refusal| match refusal.code {
        Code::UserNotFound
        | Code::InvalidCredentials
        | Code::AccountAlreadyLinked
        | Code::MethodLimit
        | Code::InvalidOauthCode => Code::InvalidMfaCode.into(),
        _ => refusal,
    });
    Ok((back?.ok_or(Code::InvalidMfaCode)?, session, token))
}
