//! `POST /api/auth/register`: creates an account and signs it in.

use std::process::ExitCode;

use api::endpoints::Register;
use api::record::{Write, profile};
use api::wire::SignedIn;
use api::{Error, Id};
use auth::{Session, User, email, password, session};
use runtime::{Call, Reply};
use serde_json::Map;
use store::{Along, Store, Writer};

fn main() -> ExitCode {
    runtime::serve(Register, register)
}

/// Checks address, password and profile, counts the attempt, makes user, identity and session in one transaction, and
/// answers as a login does.
async fn register(store: &Store, call: Call<Register>) -> Result<Reply<Register>, Error> {
    let (now, settings, declared) = (call.now, &call.settings.auth, &call.settings.users.fields);
    let keys = store.keys().await?;
    let email = email::normalise(&call.body.email);
    let checked = password::check(&call.body.password, &settings.password);
    let profile = profile(
        declared,
        &Map::new(),
        call.body.profile.clone(),
        Write::Create,
    );
    let (email, profile) = match (email, checked, profile) {
        (Ok(email), Ok(()), Ok(profile)) => (email, profile),
        (Ok(_), Ok(()), Err(error)) => return Err(error),
        (email, checked, profile) => {
            let mut details = call.body.faults.clone();
            let profile = profile.err().into_iter().flat_map(|error| error.details);
            for detail in email.err().into_iter().chain(checked.err()).chain(profile) {
                // What is missing is not also malformed.
                if !details.iter().any(|earlier| earlier.field == detail.field) {
                    details.push(detail);
                }
            }
            return Err(Error::invalid(details));
        }
    };

    store.admit_key(call.key(), now).await?;
    let id = Id::new(now, call.random()?);
    let client = call.client();
    store
        .attempt_registration(&client.ip, &settings.throttle, id, now)
        .await?;
    let hash = call.hash_password(&call.body.password)?;
    let is_admin = call.deployment.admin_email.as_ref() == Some(&email);
    let user = User {
        profile,
        ..User::new(id, email, is_admin, now)
    };
    let session_id = Id::new(now, call.random()?);
    let (session, token) = Session::begin(
        user.id,
        session_id,
        user.auth_version,
        call.random()?,
        settings,
        now,
    );
    let along = Along {
        password_hash: Some(&hash),
        begins: Some((&session, &client)),
        ..Along::default()
    };
    let writer = Writer::new(Some(user.id), call.request_id.clone(), now, call.random()?);
    store.create_user(declared, &user, &along, &writer).await?;
    let tokens = session::tokens(keys, &token, &user.role, settings, now)?;
    let reply = SignedIn {
        user: user.wire(declared),
        tokens,
    };
    Ok(call.hand_out(reply, call.transport(), session.expires_at))
}
