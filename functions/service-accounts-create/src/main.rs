//! `POST /api/admin/service-accounts`: makes a service account.

use std::process::ExitCode;

use api::endpoints::ServiceAccountsCreate;
use api::event::Reason;
use api::wire::ShownServiceAccount;
use api::{Code, Error, Id};
use auth::service;
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(ServiceAccountsCreate, create)
}

/// Makes the account, keeps the hash of its secret and shows the secret.
async fn create(
    store: &Store,
    call: Call<ServiceAccountsCreate>,
) -> Result<Reply<ServiceAccountsCreate>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let id = Id::new(call.now, call.random()?);
    let client_secret = service::secret_text(call.random()?);
    let asked = call.body.read()?;
    let user = service::new(asked, id, &client_secret, &call.settings.auth, call.now)?;
    let (declared, along) = (&call.settings.users.fields, Along::of(Reason::Create));
    let writer = call.writer(&admin)?;
    store.create_user(declared, &user, &along, &writer).await?;
    let account = user.to_service_account(call.now);
    let shown = ShownServiceAccount {
        account: account.ok_or(Code::ServiceAccountNotFound)?,
        client_secret,
    };
    Ok(Reply::to(&admin, shown))
}
