//! The sign-in by the link of a mail, whose page has led back to the app.

use api::endpoints::OauthExchange;
use api::wire::SignedInByProvider;
use api::{Code, Error};
use auth::proof::{Evidence, Link, Posted, Purpose};
use auth::{Keys, account};
use entrance::{EnteredByMail, Mailbox};
use runtime::{Call, Reply};
use store::Store;

/// Signs in as the link does. It is used up here, so that its code is good once.
pub(crate) async fn sign_in(
    store: &Store,
    call: &Call<OauthExchange>,
    keys: &Keys,
    token: &str,
) -> Result<Reply<OauthExchange>, Error> {
    let (joining, declared) = (&call.body.joining, &call.settings.users.fields);
    account::check_sign_in(joining, declared, &call.settings.auth, [])?;
    let link = Link::for_purpose(keys, Purpose::MagicLink, token, call.now);
    let is_on = call.need_magic_link().is_ok();
    let link = link.filter(|_| is_on).ok_or(Code::InvalidOauthCode)?;
    let admitted = call.admit(store).await?;
    let enter = async |posted: Posted| {
        let address = posted.open_address(keys).ok_or(Code::InvalidCode)?;
        let mailbox = Mailbox {
            posted: &posted,
            address: &address,
            joining,
        };
        entrance::enter_by_mail(store, call, &admitted, mailbox).await
    };
    let (asking, evidence) = (call.asking()?, Evidence::Link(link));
    let entered = store.prove_address(&asking, &evidence, keys, enter).await;
    let (user, begun, is_new_user): EnteredByMail = entered.map_err(as_code)?;
    let (session, refresh) = store.finished(begun, call.random()?).await?;
    let tokens = call.first_tokens(store.keys().await?, &user, (&session, &refresh))?;
    let body = SignedInByProvider {
        tokens,
        user: user.wire(declared),
        is_new_user,
        linked_by_email: false,
    };
    Ok(call.hand_out(&admitted, body, call.transport(), session.expires_at))
}

/// A link that is used up, or whose account is another by now, is a code that is not good.
fn as_code(refusal: Error) -> Error {
    match refusal.code {
        Code::InvalidCode => Code::InvalidOauthCode.into(),
        _ => refusal,
    }
}
