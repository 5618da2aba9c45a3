//! `PATCH /api/users/{id}`: changes a user.

use std::process::ExitCode;

use api::endpoints::UsersUpdate;
use api::record::{Write, profile};
use api::{Code, Error, told_together};
use auth::User;
use auth::user::check_role;
use runtime::{Call, Reply};
use serde_json::Map;
use store::{Along, Store, Writer};

fn main() -> ExitCode {
    runtime::serve(UsersUpdate, update)
}

/// Reads the user while the session is checked, and changes all of it or nothing. Whoever is disabled has no session
/// from then on, and gets none back.
async fn update(store: &Store, call: Call<UsersUpdate>) -> Result<Reply<UsersUpdate>, Error> {
    let declared = &call.settings.users.fields;
    let credentials = call.credentials(store).await?;
    let (admin, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.standing_user(call.id())
    )?;
    let body = call.body.read()?;
    let role = body
        .role
        .as_deref()
        .and_then(|role| check_role(role, &call.settings.auth).err());
    // What a merge refuses it refuses whatever was there.
    let checked = profile(declared, &Map::new(), body.profile.clone(), Write::Merge);
    let _ = told_together(body.faults, role, checked)?;

    let user = user.ok_or(Code::UserNotFound)?;
    let writer = Writer::new(
        admin.id(),
        call.request_id.clone(),
        call.now,
        call.random()?,
    )
    .with_key(admin.key());
    let decide = |user: &User| {
        if user.deleted.is_some() {
            return Err(Code::UserNotFound.into());
        }
        let profile = profile(declared, &user.profile, body.profile.clone(), Write::Merge)?;
        Ok(Some(User {
            profile,
            ..user.administered(body.role.as_deref(), body.disabled)
        }))
    };
    let user = store
        .change_user(declared, user, &Along::default(), &writer, decide)
        .await?;
    Ok(Reply::of(
        user.ok_or(Code::UserNotFound)?.for_admins(declared),
    ))
}
