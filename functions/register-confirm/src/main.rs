//! `POST /api/auth/register/confirm`: makes the account of a registration that has waited for the proof of its address.

use std::process::ExitCode;

use api::endpoints::RegisterConfirm;
use api::event::Reason;
use api::wire::Waiting;
use api::{Code, Detail, Error, Id};
use auth::authentication::{Authentication, Method};
use auth::proof::{Evidence, Posted, Purpose, Shown};
use auth::sign_in::Begun;
use auth::user::Terms;
use auth::{Admitted, Keys, User};
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(RegisterConfirm, confirm)
}

/// Proves the address by the code of the flow, or by the link with the password that was typed into the registration.
async fn confirm(
    store: &Store,
    call: Call<RegisterConfirm>,
) -> Result<Reply<RegisterConfirm>, Error> {
    call.need_mail()?;
    let body = &call.body;
    let shown = Shown {
        flow: body.flow.as_deref(),
        code: body.code.as_deref(),
        token: body.token.as_deref(),
    };
    shown.check(true)?;
    need_password(body.token.is_some(), body.password.is_some())?;
    let keys = store.sealing_keys(shown.sealed()).await?;
    let evidence = shown.of_stranger(&keys, Purpose::Registration, call.now)?;
    let admitted = call.admit(store).await?;
    let asking = call.asking()?;
    let make = async |posted: Posted| match &evidence {
        Evidence::Code { .. } => {
            register(store, &call, (&keys, &admitted), &posted, Method::Email).await
        }
        Evidence::Link(_) => by_password(store, &call, (&keys, &admitted), &posted).await,
    };
    let (user, begun) = store.prove_address(&asking, &evidence, &keys, make).await?;
    let begun = store.finished_if(begun, call.random()?).await?;
    call.show_proven(&admitted, store.keys().await?, &user, begun.as_ref())
}

/// Refuses a link without the password, and a code with one.
fn need_password(by_link: bool, has_password: bool) -> Result<(), Error> {
    let detail = match (by_link, has_password) {
        (true, false) => ("required", "`password` is required beside `token`."),
        (false, true) => ("either-or", "`password` goes with `token` alone."),
        _ => return Ok(()),
    };
    Err(Detail::new("password", detail.0, detail.1).into())
}

type Made = (User, Option<Begun>);

/// Makes the account after the password is proven, too. A link alone makes nothing.
async fn by_password(
    store: &Store,
    call: &Call<RegisterConfirm>,
    known: (&Keys, &Admitted),
    posted: &Posted,
) -> Result<Made, Error> {
    let waiting: Waiting = posted.open_values(known.0).ok_or(Code::InvalidCode)?;
    let address = posted.open_address(known.0).ok_or(Code::InvalidCode)?;
    let password = call.body.password.as_deref().unwrap_or_default();
    let guess = call.guess(&address, password)?;
    let make = async || register(store, call, known, posted, Method::Password).await;
    store.prove_waiting(&guess, &waiting.hash, make).await
}

/// Makes user, identity and session, and uses the proof up, in one transaction.
async fn register(
    store: &Store,
    call: &Call<RegisterConfirm>,
    (keys, admitted): (&Keys, &Admitted),
    posted: &Posted,
    method: Method,
) -> Result<Made, Error> {
    let waiting: Waiting = posted.open_values(keys).ok_or(Code::InvalidCode)?;
    let address = posted.open_address(keys).ok_or(Code::InvalidCode)?;
    let bootstraps = call.deployment.admin_email.as_ref() == Some(&address);
    let id = Id::new(call.now, call.random()?);
    let user = User {
        profile: waiting.profile,
        locale: waiting.locale,
        terms: waiting.terms.map(|(version, accepted_at)| Terms {
            version,
            accepted_at,
        }),
        email_verified_at: Some(call.now),
        ..User::new(id, address, bootstraps, call.now)
    };
    let begins = call.body.session.unwrap_or(true);
    let proof = || Authentication::by(method, call.now);
    let begun = begins.then(|| call.begin(&user, proof()));
    let begun = begun.transpose()?;
    let along = Along {
        password_hash: Some(&waiting.hash),
        begins: begun.as_ref().and_then(Begun::session),
        uses: Some(&posted.ticket),
        ..Along::of(Reason::Register)
    };
    let writer = call.writer_for(user.id, admitted)?;
    let declared = &call.settings.users.fields;
    let user = store.register_user(declared, user, &along, &writer).await?;
    Ok((user, begun))
}
