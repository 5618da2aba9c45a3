//! `DELETE /api/auth/me`: deletes one's own account.

use std::process::ExitCode;

use api::endpoints::MeDelete;
use api::wire::NoContent;
use api::{Detail, Error, Id};
use auth::User;
use auth::user::{Deletion, signed_out};
use runtime::{Call, Reply};
use store::{Along, Store, Writer};

fn main() -> ExitCode {
    runtime::serve(MeDelete, delete)
}

/// Checks the password once more, counted as a login's, and marks the account as deleted, or without a grace removes it.
/// Either ends every session.
async fn delete(store: &Store, call: Call<MeDelete>) -> Result<Reply<MeDelete>, Error> {
    let (now, settings) = (call.now, &call.settings.auth);
    let credentials = call.credentials(store).await?;
    let (_, user) = store.signed_in(&credentials, now).await?;
    let password = call.body.read()?.password;

    let mark = Id::new(now, call.random()?);
    let client = call.client();
    let attempt = store.attempt_login(&user.email, &client.ip, &settings.throttle, mark, now);
    let (attempt, identity) = attempt.await?;
    let verdict = call.verify_password(&password, identity.as_ref()).await?;
    if !identity.is_some_and(|identity| identity.confirms(&user, verdict)) {
        return Err(Error::invalid(vec![Detail::new(
            "password",
            "wrong",
            "`password` is wrong.",
        )]));
    }

    let grace = settings.deletion_grace;
    let deletion = Some(Deletion::new(now, grace)).filter(|deletion| !deletion.is_final(now));
    let deleted = |user_now: &User| {
        user.goes_on(user_now)?;
        let auth_version = user_now.auth_version + 1;
        Ok(deletion.map(|deletion| User {
            deleted: Some(deletion),
            auth_version,
            ..user_now.clone()
        }))
    };
    let writer = Writer::new(Some(user.id), call.request_id.clone(), now, call.random()?);
    let declared = &call.settings.users.fields;
    let along = Along::default();
    let change = store.change_user(declared, user.clone(), &along, &writer, deleted);
    let (changed, ()) = tokio::join!(change, attempt.give_back());
    let _ = changed.map_err(signed_out)?;
    Ok(Reply::of(NoContent))
}
