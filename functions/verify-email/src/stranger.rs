//! Callers without an access token: the password proves the account, counted and at the cost of a login.

use api::endpoints::VerifyEmail;
use api::settings::SessionCheck;
use api::wire::EmailProof;
use api::{Code, Detail, Error};
use auth::proof::{Link, Posted, Purpose};
use auth::{Credentials, Door, email};
use runtime::{Call, Reply};
use store::{Proven, Store};

/// Refuses what only a caller without a token sends.
///
/// # Errors
/// `common/validation-failed` naming the fields.
pub(crate) fn alone(body: &EmailProof) -> Result<(), Error> {
    let there = [
        ("email", body.email.is_some()),
        ("password", body.password.is_some()),
        ("session", body.session.is_some()),
    ];
    let wrong = there.into_iter().filter(|(_, is_there)| *is_there);
    let details: Vec<Detail> = wrong
        .map(|(field, _)| {
            let message = format!("`{field}` goes without an access token alone.");
            Detail::new(field, "either-or", message)
        })
        .collect();
    if details.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid(details))
    }
}

/// Verifies by `email`, `code` and `password`, or by `token` and `password`. A wrong password costs no try of the code.
pub(crate) async fn verify(
    store: &Store,
    call: &Call<VerifyEmail>,
    credentials: &Credentials,
) -> Result<Reply<VerifyEmail>, Error> {
    let body = call.body.read()?;
    super::shown(&body).check(false)?;
    let password = body.password.as_deref().ok_or_else(|| {
        let message = "Send an access token, or `password`.";
        Error::from(Detail::new("password", "required", message))
    })?;
    let keys = store.keys().await?;
    let (address, posted) = address(store, call, &body).await?;
    let guess = call.guess(&address, password)?;
    let prove = async |proven: Proven| {
        if proven.user.email_verified_at.is_some() {
            return Err(Code::AlreadyVerified.into());
        }
        let begins = body.session.unwrap_or(true);
        let secret = call.random()?;
        let begun = begins.then(|| guess.begin(&proven.user, secret));
        let (caller, known) = (&proven.admitted, (&proven.user, &begun));
        let user = match &posted {
            Some(posted) => super::verified(store, call, caller, posted, known).await?,
            None => super::prove(store, call, (caller, &body), known).await?,
        };
        Ok((proven, user, begun))
    };
    let admission = store.caller(credentials, SessionCheck::Immediate, call.now);
    let (proven, user, begun) = store.prove(&guess, Door::Login, admission, prove).await?;
    let begun = store.finished_if(begun, call.random()?).await?;
    call.show_proven(&proven.admitted, keys, &user, begun.as_ref())
}

/// The address whose password is to be checked: the one that is sent, or that of the link's mail, which comes with it.
async fn address(
    store: &Store,
    call: &Call<VerifyEmail>,
    body: &EmailProof,
) -> Result<(String, Option<Posted>), Error> {
    let either = |message: &str| {
        let detail = |field: &&str| Detail::new(*field, "either-or", message);
        Error::invalid(["email", "token"].iter().map(detail).collect())
    };
    match (&body.email, &body.token) {
        (Some(address), None) => Ok((email::known(address)?, None)),
        (None, Some(token)) => {
            let keys = store.sealing_keys(std::iter::once(token.as_str())).await?;
            let link = Link::for_purpose(&keys, Purpose::VerifyEmail, token, call.now);
            let link = link.ok_or(Code::InvalidCode)?;
            let posted = store.proof(link.ticket.place).await?;
            let posted = posted.filter(|posted| posted.is_proven_by_link(&link, call.now));
            let posted = posted.ok_or(Code::InvalidCode)?;
            let address = posted.open_address(&keys).ok_or(Code::InvalidCode)?;
            Ok((address, Some(posted)))
        }
        (Some(_), Some(_)) => Err(either("Send `email` with `code`, or `token`, not both.")),
        (None, None) => Err(either("Send `email` beside `code`, or `token`.")),
    }
}
