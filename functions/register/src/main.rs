//! `POST /api/auth/register`: creates an account and signs it in.

use std::process::ExitCode;

use api::endpoints::Register;
use api::event::Reason;
use api::{Error, Id};
use auth::{User, account};
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(Register, register)
}

/// Checks address, password and profile, counts the attempt, makes user, identity and session in one transaction, and
/// answers as a login does.
async fn register(store: &Store, call: Call<Register>) -> Result<Reply<Register>, Error> {
    let (settings, declared) = (call.settings, &call.settings.users.fields);
    let keys = store.keys().await?;
    let (email, profile) = account::registration(&call.body, declared, settings)?;
    let admitted = call.admit(store).await?;
    let guess = call.guess(&email, &call.body.password)?;
    let register = async || {
        let hash = call.hash_password(&call.body.password)?;
        let bootstraps = call.deployment.admin_email.as_ref() == Some(&email);
        let id = Id::new(call.now, call.random()?);
        let user = User {
            profile,
            ..User::new(id, email.clone(), bootstraps, call.now)
        };
        let (session, token) = guess.begin(&user, call.random()?);
        let along = Along {
            password_hash: Some(&hash),
            begins: Some(&session),
            ..Along::of(Reason::Register)
        };
        let writer = call.writer_for(user.id, &admitted)?;
        let user = store.register_user(declared, user, &along, &writer).await?;
        Ok((user, session, token))
    };
    let (user, session, token) = store.registering(&guess, register).await?;
    call.sign_in(&admitted, keys, &user, (&session, &token))
}
