//! `POST /api/auth/me/terms`: accepts the terms of this moment.

use std::process::ExitCode;

use api::endpoints::MeTerms;
use api::event::Reason;
use api::{Code, Error};
use auth::consent;
use auth::user::signed_out;
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(MeTerms, accept)
}

/// Keeps the version and the time, on condition that the user is unchanged. Terms that are accepted already are not written
/// again.
async fn accept(store: &Store, call: Call<MeTerms>) -> Result<Reply<MeTerms>, Error> {
    let declared = &call.settings.users.fields;
    let credentials = call.credentials(store).await?;
    let (caller, _, user) = store.signed_in(&credentials, call.now).await?;
    let version = call.body.read()?.version;
    let terms = consent::renewed(&version, &call.settings.auth, call.now)?;
    let (writer, along) = (call.writer(&caller)?, Along::of(Reason::Terms));
    let change = store.change_user(declared, user.clone(), &along, &writer, |found| {
        user.accepting(found, &terms).map(Some)
    });
    let changed = change.await.map_err(signed_out)?;
    let changed = changed.ok_or(Code::SessionRevoked)?;
    Ok(Reply::to(&caller, changed.wire(declared)))
}
