//! `POST /api/auth/verify-email`: proves the address of an account.

mod stranger;

use std::process::ExitCode;

use api::endpoints::VerifyEmail;
use api::event::Reason;
use api::wire::EmailProof;
use api::{Code, Error};
use auth::proof::{Account, Place, Posted, Purpose, Shown};
use auth::sign_in::Begun;
use auth::{Admitted, User};
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(VerifyEmail, verify)
}

/// Joins two proofs: of the mailbox, by the code or the link, and of the account, by its session or its password. A link alone
/// verifies nothing.
async fn verify(store: &Store, call: Call<VerifyEmail>) -> Result<Reply<VerifyEmail>, Error> {
    call.need_mail()?;
    let credentials = call.credentials(store).await?;
    if credentials.claims.is_none() {
        return stranger::verify(store, &call, &credentials).await;
    }
    let (caller, _, user) = store.signed_in(&credentials, call.now).await?;
    let body = call.body.read()?;
    stranger::alone(&body)?;
    if user.email_verified_at.is_some() {
        return Err(Code::AlreadyVerified.into());
    }
    let user = prove(store, &call, (&caller, &body), (&user, &None)).await?;
    let keys = store.keys().await?;
    call.show_proven(&caller, keys, &user, None)
}

type Beginning = Option<Begun>;

/// Proves the address of a user who is known by the code or the link of the body. `begun` is the session that begins with it.
async fn prove(
    store: &Store,
    call: &Call<VerifyEmail>,
    (caller, body): (&Admitted, &EmailProof),
    (user, begun): (&User, &Beginning),
) -> Result<User, Error> {
    let shown = shown(body);
    let keys = store.sealing_keys(shown.sealed()).await?;
    let evidence = shown.of_user(
        &keys,
        Place::of_user(Purpose::VerifyEmail, user.id),
        call.now,
    )?;
    let verified = async |posted| verified(store, call, caller, &posted, (user, begun)).await;
    store
        .prove_address(&call.asking()?, &evidence, &keys, verified)
        .await
}

/// Marks the address as proven by a mail that was sent for the account as it is.
async fn verified(
    store: &Store,
    call: &Call<VerifyEmail>,
    caller: &Admitted,
    posted: &Posted,
    (user, begun): (&User, &Beginning),
) -> Result<User, Error> {
    let is_for = |it: &Account| *it == Account::of(user);
    posted.account.filter(is_for).ok_or(Code::InvalidCode)?;
    let along = Along {
        uses: Some(&posted.ticket),
        begins: begun.as_ref().and_then(Begun::session),
        ..Along::of(Reason::VerifyEmail)
    };
    let writer = call.writer_for(user.id, caller)?;
    let declared = &call.settings.users.fields;
    let by = (&writer, call.bootstraps(user));
    let decide = |found: &User, bootstraps| user.proven(found, bootstraps, call.now);
    let change = store.change_proven(declared, user, &along, by, decide);
    change.await
}

fn shown(body: &EmailProof) -> Shown<'_> {
    Shown {
        flow: None,
        code: body.code.as_deref(),
        token: body.token.as_deref(),
    }
}
