//! `POST /api/auth/login`: trades an email and a password for tokens.

use std::process::ExitCode;

use api::endpoints::Login;
use api::wire::SignedIn;
use api::{Error, Id};
use auth::{Session, email, login, password, session};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(Login, login)
}

/// Counts the attempt while it reads what the address signs in with, checks the password while it reads the user, and
/// begins a session while it gives the attempt back.
///
/// An unknown address costs what a known one does, request by request and hash by hash (ASVS 5.0, 6.3.8).
async fn login(store: &Store, call: Call<Login>) -> Result<Reply<Login>, Error> {
    let (now, settings) = (call.now, &call.settings.auth);
    let keys = store.keys().await?;
    let session_id = Id::new(now, call.random()?);
    let email =
        email::normalise(&call.body.email).map_err(|detail| Error::invalid(vec![detail]))?;

    let client = call.client();
    let attempt = store.attempt_login(&email, &client.ip, &settings.throttle, session_id, now);
    let key = store.admit_key(call.key(), now);
    let (attempt, key) = tokio::join!(attempt, key);
    key?;
    // A deleted account is an unknown one, and of an unknown address a user is read whom nobody has.
    let (attempt, identity) = attempt?;
    let identity = identity.filter(|identity| identity.deleted.is_none());
    let whose = identity
        .as_ref()
        .map_or(session_id, |identity| identity.user);
    let verdict = call.verify_password(&call.body.password, identity.as_ref());
    let (verdict, user) = tokio::join!(verdict, store.user(whose));
    let verdict = verdict?;
    let (identity, user) = login::decide(identity, verdict, user?)?;

    let (session, token) = Session::begin(
        user.id,
        session_id,
        identity.auth_version,
        call.random()?,
        settings,
        now,
    );
    let (begun, ()) = tokio::join!(store.begin_session(&session, &client), attempt.give_back());
    begun?;
    if let (password::Verdict::RightButOutdated, Some(old)) = (verdict, &identity.password_hash) {
        let renewed = call.hash_password(&call.body.password)?;
        // The login has succeeded; a renewal that fails is made by the next one.
        let _ = store.replace_hash(&email, old, &renewed).await;
    }
    let tokens = session::tokens(keys, &token, &user.role, settings, now)?;
    let reply = SignedIn {
        user: user.wire(&call.settings.users.fields),
        tokens,
    };
    Ok(call.hand_out(reply, call.transport(), session.expires_at))
}
