//! `DELETE /api/admin/service-accounts/{id}`: removes a service account.

use std::process::ExitCode;

use api::endpoints::ServiceAccountsDelete;
use api::event::Reason;
use api::wire::NoContent;
use api::{Code, Error};
use auth::service;
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(ServiceAccountsDelete, delete)
}

/// Removes the account at once: its secrets and its tokens are dead with the next request. Its records stay.
async fn delete(
    store: &Store,
    call: Call<ServiceAccountsDelete>,
) -> Result<Reply<ServiceAccountsDelete>, Error> {
    let credentials = call.credentials(store).await?;
    let (admin, user) = tokio::try_join!(
        store.admin(&credentials, call.now),
        store.service_account(call.id())
    )?;
    let user = user.ok_or(Code::ServiceAccountNotFound)?;
    let (declared, along) = (&call.settings.users.fields, Along::of(Reason::Delete));
    let writer = call.writer(&admin)?;
    let changed = store.change_user(declared, user, &along, &writer, |_| Ok(None));
    let _ = changed.await.map_err(service::gone)?;
    Ok(Reply::to(&admin, NoContent))
}
