//! `DELETE /api/auth/me`: deletes the caller's account.

use std::process::ExitCode;

use api::Error;
use api::endpoints::MeDelete;
use api::event::Reason;
use api::wire::NoContent;
use auth::password;
use auth::user::{Deletion, signed_out};
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(MeDelete, delete)
}

/// Checks the password once more, counted as a login's; an account without one needs a recent authentication (ASVS 5.0,
/// 7.5.1). Marks the account as deleted, or without a grace removes it. Both end every session.
async fn delete(store: &Store, call: Call<MeDelete>) -> Result<Reply<MeDelete>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, session, user) = store.signed_in(&credentials, call.now).await?;
    let keys = call.keys_of_leaver()?;
    let password = call.body.read()?.password;
    let deletion = Deletion::undoable(call.now, call.settings.auth.deletion_grace);
    let declared = &call.settings.users.fields;
    let writer = call.writer(&caller)?;
    let along = Along {
        keys,
        ..Along::of(Reason::Delete)
    };
    let delete = async || {
        let change = store.change_user(declared, user.clone(), &along, &writer, |found| {
            user.deleted_by_self(found, deletion)
        });
        change.await.map_err(signed_out)
    };
    let _ = match &password {
        None => {
            // The own identity alone tells whether there is a password.
            let identity = store.identity_of(&user).await?;
            let own = identity.filter(|identity| identity.user == user.id);
            own.map_or(Ok(()), |identity| identity.need_none())?;
            credentials.need_recent(Some(&session), &user.role, call.now)?;
            delete().await?
        }
        Some(password) => {
            let wrong = Error::from(password::wrong("password"));
            let guess = call.guess(
                user.email.as_deref().ok_or_else(|| wrong.clone())?,
                password,
            )?;
            store.confirm(&guess, &user, wrong, delete).await?
        }
    };
    Ok(Reply::to(&caller, NoContent))
}
