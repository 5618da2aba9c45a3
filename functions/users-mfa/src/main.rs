//! `DELETE /api/users/{id}/mfa`: removes a user's second factor.

use std::process::ExitCode;

use api::endpoints::UsersMfa;
use api::event::Reason;
use api::wire::NoContent;
use api::{Code, Detail, Error};
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(UsersMfa, remove)
}

/// Removes authenticator app and recovery codes, and the passkeys where the query says so. Every session of the user ends.
async fn remove(store: &Store, call: Call<UsersMfa>) -> Result<Reply<UsersMfa>, Error> {
    let credentials = call.credentials(store).await?;
    let (admin, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.standing_user(call.id())
    )?;
    let parameters = call.query(&["passkeys"])?;
    let and_passkeys = match parameters.get("passkeys").map(AsRef::as_ref) {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            let message = "`passkeys` must be true or false.";
            return Err(Detail::new("passkeys", "type", message).into());
        }
    };
    let user = user.ok_or(Code::UserNotFound)?;
    let writer = call.writer(&admin)?;
    let along = Along::of(Reason::MfaDisabled);
    let declared = &call.settings.users.fields;
    let change = store.change_user(declared, user, &along, &writer, |found| {
        found.without_factors(and_passkeys).map(Some)
    });
    let _ = change.await?;
    Ok(Reply::to(&admin, NoContent))
}
