//! `POST /api/auth/password/change`: changes one's own password.

use std::process::ExitCode;

use api::endpoints::PasswordChange;
use api::wire::NoContent;
use api::{Detail, Error, Id};
use auth::user::signed_out;
use auth::{User, password};
use runtime::{Call, Reply};
use store::{Along, Store, Writer};

fn main() -> ExitCode {
    runtime::serve(PasswordChange, change)
}

/// Checks the current password, counted as a login's, and sets the new one with a raised version: what began with the
/// old one is over, but for the session that asks.
async fn change(store: &Store, call: Call<PasswordChange>) -> Result<Reply<PasswordChange>, Error> {
    let settings = &call.settings.auth;
    let credentials = call.credentials(store).await?;
    let (session, user) = store.signed_in(&credentials, call.now).await?;
    let body = call.body.read()?;
    password::check_field("newPassword", &body.new_password, &settings.password)
        .map_err(|detail| Error::invalid(vec![detail]))?;

    let mark = Id::new(call.now, call.random()?);
    let client = call.client();
    let attempt = store.attempt_login(&user.email, &client.ip, &settings.throttle, mark, call.now);
    let (attempt, identity) = attempt.await?;
    let verdict = call
        .verify_password(&body.current_password, identity.as_ref())
        .await?;
    let refused = |field: &str, code: &str, reason: &str| {
        Err(Error::invalid(vec![Detail::new(
            field,
            code,
            format!("`{field}` {reason}."),
        )]))
    };
    if !identity.is_some_and(|identity| identity.confirms(&user, verdict)) {
        return refused("currentPassword", "wrong", "is wrong");
    }
    if body.new_password == body.current_password {
        attempt.give_back().await;
        return refused(
            "newPassword",
            "same",
            "must be another password than the current one",
        );
    }

    let hash = call.hash_password(&body.new_password)?;
    let along = Along {
        password_hash: Some(&hash),
        survivor: Some(session.id),
        ..Along::default()
    };
    let raised = |now: &User| {
        user.goes_on(now)?;
        Ok(Some(User {
            auth_version: now.auth_version + 1,
            ..now.clone()
        }))
    };
    let writer = Writer::new(
        Some(user.id),
        call.request_id.clone(),
        call.now,
        call.random()?,
    );
    let declared = &call.settings.users.fields;
    let change = store.change_user(declared, user.clone(), &along, &writer, raised);
    let (changed, ()) = tokio::join!(change, attempt.give_back());
    let _ = changed.map_err(signed_out)?;
    Ok(Reply::of(NoContent))
}
