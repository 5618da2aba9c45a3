//! `POST /api/auth/anonymous`: creates an account without an address and signs it in.

use std::process::ExitCode;

use api::endpoints::Anonymous;
use api::event::Reason;
use api::{Error, Id};
use auth::account;
use auth::authentication::Authentication;
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(Anonymous, make)
}

/// Counts the attempt by its source, and makes user and session in one transaction. TTL removes the user when the session
/// cannot go on, unless the account has got an address by then.
async fn make(store: &Store, call: Call<Anonymous>) -> Result<Reply<Anonymous>, Error> {
    let (settings, declared) = (&call.settings.auth, &call.settings.users.fields);
    let by = (Id::new(call.now, call.random()?), call.now);
    let user = account::anonymous(&call.body, declared, settings, by)?;
    let admitted = call.admit(store).await?;
    let keys = store.keys().await?;
    let begun = call.begin(&user, Authentication::of_nobody(call.now))?;
    let along = Along {
        begins: begun.session(),
        ..Along::of(Reason::Anonymous)
    };
    let writer = call.writer_for(user.id, &admitted)?;
    let create = async || store.create_user(declared, &user, &along, &writer).await;
    store.making_anonymous(&call.asking()?, create).await?;
    let (session, token) = store.finished(begun, call.random()?).await?;
    call.sign_in(&admitted, keys, &user, (&session, &token))
}
