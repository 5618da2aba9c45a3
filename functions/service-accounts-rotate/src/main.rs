//! `POST /api/admin/service-accounts/{id}/rotate`: replaces the secret of a service account.

use std::process::ExitCode;

use api::endpoints::ServiceAccountsRotate;
use api::event::Reason;
use api::wire::ShownServiceAccount;
use api::{Code, Error};
use auth::{User, service};
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(ServiceAccountsRotate, rotate)
}

/// Keeps the hash of a new secret beside that of the old one, which is good for another day, and shows the new secret. Its
/// tokens stay.
async fn rotate(
    store: &Store,
    call: Call<ServiceAccountsRotate>,
) -> Result<Reply<ServiceAccountsRotate>, Error> {
    let credentials = call.credentials(store).await?;
    let (admin, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.service_account(call.id())
    )?;
    let user = user.ok_or(Code::ServiceAccountNotFound)?;
    let client_secret = service::secret_text(call.random()?);
    let (declared, along) = (&call.settings.users.fields, Along::of(Reason::Rotate));
    let writer = call.writer(&admin)?;
    let decide = |found: &User| service::rotated(found, &client_secret, call.now).map(Some);
    let changed = store.change_user(declared, user, &along, &writer, decide);
    let user = changed.await.map_err(service::gone)?;
    let account = user.and_then(|user| user.to_service_account(call.now));
    let shown = ShownServiceAccount {
        account: account.ok_or(Code::ServiceAccountNotFound)?,
        client_secret,
    };
    Ok(Reply::to(&admin, shown))
}
