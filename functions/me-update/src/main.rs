//! `PATCH /api/auth/me`: changes the caller's profile.

use std::process::ExitCode;

use api::endpoints::MeUpdate;
use api::event::Reason;
use api::{Code, Error};
use auth::user::signed_out;
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(MeUpdate, update)
}

/// Merges the body into the profile, on condition that the user is unchanged; a concurrent change is merged with.
async fn update(store: &Store, call: Call<MeUpdate>) -> Result<Reply<MeUpdate>, Error> {
    let declared = &call.settings.users.fields;
    let credentials = call.credentials(store).await?;
    let (caller, _, user) = store.signed_in(&credentials, call.now).await?;
    let (writer, along) = (call.writer(&caller)?, Along::of(Reason::Update));
    let change = store.change_user(declared, user.clone(), &along, &writer, |found| {
        let body = call.body.0.clone();
        user.with_profile(found, declared, body).map(Some)
    });
    let changed = change.await.map_err(signed_out)?;
    let changed = changed.ok_or(Code::SessionRevoked)?;
    Ok(Reply::to(&caller, changed.wire(declared)))
}
