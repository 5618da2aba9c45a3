//! `POST /api/auth/accounts`: links a provider to one's own account.

use std::process::ExitCode;

use api::Error;
use api::endpoints::AccountsLink;
use api::event::Reason;
use auth::factor::need_proven;
use auth::provider::ProviderTicket;
use auth::user::signed_out;
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(AccountsLink, link)
}

/// Links the account at the provider that the code proves. It is good once, by the identity's own condition.
async fn link(store: &Store, call: Call<AccountsLink>) -> Result<Reply<AccountsLink>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, _, user) = store.signed_in(&credentials, call.now).await?;
    let body = call.body.read()?;
    if user.email.is_some() {
        need_proven(&user, call.has_mail())?;
    }
    let keys = store
        .sealing_keys(std::iter::once(body.code.as_str()))
        .await?;
    let ticket = ProviderTicket::open(&keys, &body.code, &body.code_verifier, call.now)?;
    let found = ticket.account()?;
    let federated = found.linked(user.id, call.now);
    let along = Along {
        links: Some(&federated),
        ..Along::of(Reason::ProviderLinked)
    };
    let declared = &call.settings.users.fields;
    let writer = call.writer(&caller)?;
    let change = store.change_user(declared, user.clone(), &along, &writer, |now| {
        user.linking(now, found, &call.settings.auth, call.now)
            .map(Some)
    });
    let _ = change.await.map_err(signed_out)?;
    Ok(Reply::to(&caller, found.account(call.now)))
}
