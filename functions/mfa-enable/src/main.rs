//! `POST /api/auth/mfa/enable`: gives the secret of an authenticator app.

use std::process::ExitCode;

use api::endpoints::MfaEnable;
use api::wire::MfaSetup;
use api::{Code, Error};
use auth::factor::{Factor, SETUP, need_proven};
use auth::{Admitted, User};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(MfaEnable, enable)
}

/// Keeps a secret that waits for its first code. The caller is a user who has authenticated of late, or one whose sign-in waits
/// for a second factor.
async fn enable(store: &Store, call: Call<MfaEnable>) -> Result<Reply<MfaEnable>, Error> {
    let (caller, user) = asking(store, &call).await?;
    if !call.settings.auth.mfa.is_open() {
        let message = "Nobody switches a second factor on here: `auth.mfa` is off.";
        return Err(Error::new(Code::MethodDisabled).with_message(message));
    }
    need_proven(&user, call.has_mail())?;
    if user.mfa.is_some() {
        return Err(Code::MfaAlreadyEnabled.into());
    }
    let keys = store.sealing_keys(std::iter::empty()).await?;
    let app = call.settings.mail.app().unwrap_or("Bakend");
    let random = (call.random()?, call.random()?);
    let label = user.label();
    let whose = (user.id, label.as_str());
    let (pending, enrolment) = Factor::pending(&keys, whose, app, random, call.now)?;
    store.keep_pending(&pending).await?;
    let setup = MfaSetup {
        secret: enrolment.secret,
        uri: enrolment.uri,
        expires_in: SETUP.as_secs(),
    };
    Ok(Reply::to(&caller, setup))
}

/// The user who asks, by the token of a sign-in that waits or by a session.
async fn asking(store: &Store, call: &Call<MfaEnable>) -> Result<(Admitted, User), Error> {
    if let Some(token) = call.enrolment() {
        let keyed = call.keyed();
        let enrolling = store.enrolling(token, &keyed, call.now);
        let (caller, user, _) = enrolling.await?;
        return Ok((caller, user));
    }
    let credentials = call.credentials(store).await?;
    let (caller, _, user) = store.signed_in(&credentials, call.now).await?;
    Ok((caller, user))
}
