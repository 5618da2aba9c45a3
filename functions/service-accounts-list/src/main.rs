//! `GET /api/admin/service-accounts`: lists the service accounts, newest first.

use std::process::ExitCode;

use api::Error;
use api::endpoints::ServiceAccountsList;
use api::query::listing;
use api::wire::ServiceAccountPage;
use auth::cursor::{Binding, Pager};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(ServiceAccountsList, list)
}

/// Shows everything but the secrets.
async fn list(
    store: &Store,
    call: Call<ServiceAccountsList>,
) -> Result<Reply<ServiceAccountsList>, Error> {
    let keys = store.keys().await?;
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let listing = listing(call.parameters(), &["limit", "cursor"])?;
    let pager = Pager::new(keys, Binding::of_service_accounts(), call.now);
    let after = pager.open_id(listing.cursor.as_deref())?;

    let page = store.list_services(listing.limit, after).await?;
    let next_cursor = pager.seal_id(page.next, call.random()?)?;
    let accounts = page.users.iter();
    let accounts = accounts.filter_map(|user| user.to_service_account(call.now));
    let items = accounts.collect();
    Ok(Reply::to(&admin, ServiceAccountPage { items, next_cursor }))
}
