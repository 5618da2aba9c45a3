use api::Error;
use api::endpoints::MeGet;
use runtime::{Call, Reply};
use store::Store;

/// Shows the user whom the session check has read.
pub(crate) async fn get(store: &Store, call: Call<MeGet>) -> Result<Reply<MeGet>, Error> {
    let credentials = call.credentials(store.keys().await?)?;
    let (_, user) = store.signed_in(&credentials, call.now).await?;
    Ok(Reply::of(user.wire(&call.settings.users.fields)))
}
