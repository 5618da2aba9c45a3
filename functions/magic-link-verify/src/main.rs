//! `POST /api/auth/magic-link/verify`: signs in by the code or the link of a mail.

mod back;

use std::process::ExitCode;

use api::endpoints::MagicLinkVerify;
use api::wire::SignedInByMail;
use api::{Code, Error};
use auth::account;
use auth::proof::{Posted, Purpose, Shown};
use entrance::Mailbox;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(MagicLinkVerify, verify)
}

/// Checks the body before a try is counted, proves the address, and begins a session. It is one of the account that the mail
/// was sent for, or of a new one.
async fn verify(
    store: &Store,
    call: Call<MagicLinkVerify>,
) -> Result<Reply<MagicLinkVerify>, Error> {
    let (body, declared) = (&call.body, &call.settings.users.fields);
    let shown = Shown {
        flow: body.flow.as_deref(),
        code: body.code.as_deref(),
        token: body.token.as_deref(),
    };
    let wrong = shown.check(true).err().into_iter();
    account::check_sign_in(
        &body.joining,
        declared,
        &call.settings.auth,
        wrong.flat_map(|it| it.details),
    )?;
    let _ = call.need_magic_link()?;
    let keys = store.sealing_keys(shown.sealed()).await?;
    let evidence = shown.of_stranger(&keys, Purpose::MagicLink, call.now)?;
    let admitted = call.admit(store).await?;
    if body.session == Some(false) {
        return back::lead(store, &call, &admitted, (&keys, &evidence)).await;
    }
    let enter = async |posted: Posted| {
        let address = posted.open_address(&keys).ok_or(Code::InvalidCode)?;
        let mailbox = Mailbox {
            posted: &posted,
            address: &address,
            joining: &body.joining,
        };
        entrance::enter_by_mail(store, &call, &admitted, mailbox).await
    };
    let asking = call.asking()?;
    let proving = store.prove_address(&asking, &evidence, &keys, enter);
    let (user, begun, is_new_user) = proving.await?;
    let (session, token) = store.finished(begun, call.random()?).await?;
    let tokens = call.first_tokens(store.keys().await?, &user, (&session, &token))?;
    let user = user.wire(declared);
    let body = SignedInByMail::Session {
        user,
        tokens,
        is_new_user,
    };
    Ok(call.hand_out(&admitted, body, call.transport(), session.expires_at))
}
