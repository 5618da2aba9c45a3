use api::endpoints::UsersGet;
use api::{Code, Error};
use runtime::{Call, Reply};
use store::Store;

/// Reads the user while the session is checked.
pub(crate) async fn get(store: &Store, call: Call<UsersGet>) -> Result<Reply<UsersGet>, Error> {
    let credentials = call.credentials(store.keys().await?)?;
    let (_, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.standing_user(call.id())
    )?;
    Ok(Reply::of(
        user.ok_or(Code::UserNotFound)?
            .for_admins(&call.settings.users.fields),
    ))
}
