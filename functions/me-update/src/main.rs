//! `PATCH /api/auth/me`: changes one's own profile.

use std::process::ExitCode;

use api::endpoints::MeUpdate;
use api::record::{Write, profile};
use api::{Code, Error};
use auth::User;
use auth::user::signed_out;
use runtime::{Call, Reply};
use store::{Along, Store, Writer};

fn main() -> ExitCode {
    runtime::serve(MeUpdate, update)
}

/// Merges the body into the profile, on condition that nobody has changed the user since: who has is merged with.
async fn update(store: &Store, call: Call<MeUpdate>) -> Result<Reply<MeUpdate>, Error> {
    let declared = &call.settings.users.fields;
    let credentials = call.credentials(store).await?;
    let (_, user) = store.signed_in(&credentials, call.now).await?;

    let writer = Writer::new(
        Some(user.id),
        call.request_id.clone(),
        call.now,
        call.random()?,
    );
    let merged = |now: &User| {
        user.goes_on(now)?;
        let profile = profile(declared, &now.profile, call.body.0.clone(), Write::Merge)?;
        Ok(Some(User {
            profile,
            ..now.clone()
        }))
    };
    let changed = store
        .change_user(declared, user.clone(), &Along::default(), &writer, merged)
        .await;
    let changed = changed.map_err(signed_out)?.ok_or(Code::SessionRevoked)?;
    Ok(Reply::of(changed.wire(declared)))
}
