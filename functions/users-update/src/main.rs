//! `PATCH /api/users/{id}`: changes a user.

use std::process::ExitCode;

use api::endpoints::UsersUpdate;
use api::event::Reason;
use api::{Code, Error};
use auth::account;
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(UsersUpdate, update)
}

/// Reads the user while the session is checked, and changes all of it or nothing. A disabled user loses every session,
/// and gets none back. The API keys of an admin who leaves are settled with it.
async fn update(store: &Store, call: Call<UsersUpdate>) -> Result<Reply<UsersUpdate>, Error> {
    let declared = &call.settings.users.fields;
    let credentials = call.credentials(store).await?;
    let (admin, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.standing_user(call.id())
    )?;
    let keys = call.keys_of_leaver()?;
    let body = call.body.read()?;
    account::check_changes(&body, declared, &call.settings.auth)?;

    let user = user.ok_or(Code::UserNotFound)?;
    let writer = call.writer(&admin)?;
    let reason = if body.only_forgets_failure() {
        Reason::MailFailed
    } else {
        Reason::Update
    };
    let along = Along {
        keys,
        ..Along::of(reason)
    };
    let changed = store.change_user(declared, user, &along, &writer, |user| {
        account::changed(user, &body, declared).map(Some)
    });
    let user = changed.await?.ok_or(Code::UserNotFound)?;
    Ok(Reply::to(&admin, user.for_admins(declared)))
}
