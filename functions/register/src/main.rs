//! `POST /api/auth/register`: creates an account and signs it in, or has its address proven first.

use std::process::ExitCode;

use api::endpoints::Register;
use api::event::Reason;
use api::settings::EmailVerification;
use api::wire::Waiting;
use api::{Error, Id};
use auth::account::{self, Registration};
use auth::proof::{Account, Place, Posted, Purpose, Wishes};
use auth::{Admitted, User};
use runtime::{Call, Reply};
use serde_json::json;
use store::{Along, Opening, Store};

fn main() -> ExitCode {
    runtime::serve(Register, register)
}

/// Checks address, password and profile, and makes the account, or keeps the registration until its address is proven.
async fn register(store: &Store, call: Call<Register>) -> Result<Reply<Register>, Error> {
    let (settings, declared) = (call.settings, &call.settings.users.fields);
    let registration = account::registration(&call.body, declared, settings, call.now)?;
    let body = &call.body;
    let wishes = call.wishes(body.locale.as_deref(), body.redirect_to.as_deref())?;
    let admitted = call.admit(store).await?;
    if call.settings.email_verification() == EmailVerification::Required {
        return wait(store, &call, &admitted, registration, wishes).await;
    }
    make(store, &call, &admitted, registration, wishes).await
}

/// Counts the attempt, makes user, identity and session in one transaction, and answers as a login does.
async fn make(
    store: &Store,
    call: &Call<Register>,
    admitted: &Admitted,
    Registration {
        email,
        profile,
        terms,
    }: Registration,
    wishes: Wishes,
) -> Result<Reply<Register>, Error> {
    let keys = store.keys().await?;
    let guess = call.guess(&email, &call.body.password)?;
    let register = async || {
        let hash = breaches::hash(call, "password", &call.body.password).await?;
        let is_bootstrap = call.deployment.admin_email.as_deref() == Some(email.as_str());
        // Where there is mail, the proof of the address makes the admin.
        let bootstraps = is_bootstrap && call.settings.mail.from.is_none();
        let id = Id::new(call.now, call.random()?);
        let user = User {
            profile,
            terms,
            locale: call.body.locale.clone(),
            ..User::new(id, email.clone(), bootstraps, call.now)
        };
        let begun = guess.begin(&user, call.random()?);
        let posted = verification(store, call, &user, wishes).await?;
        let along = Along {
            password_hash: Some(&hash),
            begins: begun.session(),
            posts: posted.as_ref(),
            ..Along::of(Reason::Register)
        };
        let writer = call.writer_for(user.id, admitted)?;
        let declared = &call.settings.users.fields;
        let user = store.register_user(declared, user, &along, &writer).await?;
        Ok((user, begun))
    };
    let (user, begun) = store.registering(&guess, register).await?;
    let (session, token) = store.finished(begun, call.random()?).await?;
    call.sign_in(admitted, keys, &user, (&session, &token))
}

/// The mail that verifies the address of a new account, where addresses are proven after the registration.
async fn verification(
    store: &Store,
    call: &Call<Register>,
    user: &User,
    wishes: Wishes,
) -> Result<Option<Posted>, Error> {
    if call.settings.email_verification() != EmailVerification::Optional {
        return Ok(None);
    }
    let keys = store.sealing_keys(std::iter::empty()).await?;
    let settings = (&call.settings.auth, call.now);
    let place = Place::of_user(Purpose::VerifyEmail, user.id);
    let posted = Posted::new(
        &keys,
        place,
        user.need_email()?,
        wishes,
        call.random()?,
        settings,
    )?;
    Ok(Some(posted.of(Account::of(user))))
}

/// Keeps the registration, sealed, and answers the same for every address: no account, address or username is taken before
/// the proof.
async fn wait(
    store: &Store,
    call: &Call<Register>,
    admitted: &Admitted,
    Registration {
        email,
        profile,
        terms,
    }: Registration,
    wishes: Wishes,
) -> Result<Reply<Register>, Error> {
    let opening = Opening {
        purpose: Purpose::Registration,
        email: &email,
        handle: None,
        wishes,
        random: call.random()?,
        nonce: call.random()?,
    };
    let waiting = async || {
        Ok(Some(json!(Waiting {
            hash: breaches::hash(call, "password", &call.body.password).await?,
            profile,
            locale: call.body.locale.clone(),
            terms: terms.map(|terms| (terms.version, terms.accepted_at)),
        })))
    };
    let opened = store.open_flow(&call.asking()?, opening, waiting).await?;
    Reply::other(admitted, &opened)
}
