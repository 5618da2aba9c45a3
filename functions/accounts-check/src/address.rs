//! The account of an address, for admins and servers.

use api::definition::{Operation, USERS};
use api::endpoints::AccountsCheck;
use api::wire::AccountFound;
use api::{Code, Error};
use auth::{Credentials, email};
use runtime::{Call, Reply};
use store::Store;

/// Tells whether an address has an account, and by what one signs in to it.
pub(crate) async fn check(
    store: &Store,
    call: &Call<AccountsCheck>,
    credentials: Credentials,
    address: &str,
) -> Result<Reply<AccountsCheck>, Error> {
    let is_server = credentials.is_server();
    let credentials = Credentials {
        scope: is_server.then(|| (USERS.to_owned(), Operation::Read)),
        ..credentials
    };
    let admin = store.admin(&credentials, call.now).await;
    let admin = admin.map_err(|refusal| match refusal.code {
        // Strangers and narrower keys hear what users hear.
        Code::AuthenticationRequired | Code::ScopeInsufficient => Code::Forbidden.into(),
        _ => refusal,
    })?;
    let address = email::known(address)?;
    let identity = store.identity(&address).await?;
    let user = match &identity {
        None => None,
        Some(identity) => store.user(identity.user).await?,
    };
    let is_there = |it: &auth::User| !it.deleted.is_some_and(|it| it.is_final(call.now));
    let user = user.filter(is_there);
    let has_password = identity.is_some_and(|it| it.password_hash.is_some());
    let ways = |user: &auth::User| user.ways(has_password, call.mail_signs_in(user));
    let found = AccountFound {
        exists: user.is_some(),
        methods: Some(user.as_ref().map(ways).unwrap_or_default()),
    };
    Ok(Reply::to(&admin, found))
}
