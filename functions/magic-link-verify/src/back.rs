//! The way back to the app from the page of a mail.

use api::endpoints::MagicLinkVerify;
use api::wire::SignedInByMail;
use api::{Code, Detail, Error, Id};
use auth::proof::{Evidence, Posted};
use auth::provider::{Proven, ProviderTicket, with_query};
use auth::{Admitted, Keys};
use runtime::{Call, Reply};
use store::Store;

/// Gives the address of the app with a code, for the holder of the verifier that the mail was asked for with. Nothing is used
/// up, made or begun before that code is traded.
pub(crate) async fn lead(
    store: &Store,
    call: &Call<MagicLinkVerify>,
    admitted: &Admitted,
    (keys, evidence): (&Keys, &Evidence<'_>),
) -> Result<Reply<MagicLinkVerify>, Error> {
    let asking = call.asking()?;
    let proving = store.prove_address(&asking, evidence, keys, async |posted: Posted| Ok(posted));
    let posted = proving.await?;
    let (redirect, challenge) = way(&posted)?;
    let token = call.body.token.clone().ok_or(Code::InvalidCode)?;
    let session = Id::new(call.now, call.random()?);
    let ticket = ProviderTicket::new(Proven::Mail(token), session, challenge, call.now);
    let code = ticket.seal(keys, call.random()?)?;
    let redirect_to = with_query(redirect, &[("code", &code)]);
    Ok(Reply::to(admitted, SignedInByMail::Back { redirect_to }))
}

/// The address of the app and its challenge, where the mail was asked for with both.
fn way(posted: &Posted) -> Result<(&str, &str), Error> {
    let wishes = &posted.wishes;
    let way = wishes.redirect.as_deref().zip(wishes.challenge.as_deref());
    way.ok_or_else(|| {
        let message = "This mail was asked for without `codeChallenge`: nothing leads back.";
        Detail::new("session", "unsupported", message).into()
    })
}
