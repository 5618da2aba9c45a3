//! Sign-ins by a provider, from the account there to a session here, and those by a mail. Every endpoint that takes a proof of
//! either ends here, so that the decision about it is made in one place.

mod entry;
mod mail;

use api::endpoints::{Endpoint, HasCookie, SetsCookie, guard};
use api::settings::provider_names;
use api::wire::{Joining, SignedInByProvider};
use api::{Error, Id};
use auth::Admitted;
use auth::provider::{Connection, Found, KeptProvider};
use runtime::{Call, Reply};
use store::Store;

pub use self::mail::{EnteredByMail, Mailbox, enter_by_mail};

/// A proof of an account at a provider.
#[derive(Clone, Copy)]
pub struct Proof<'a> {
    /// The account.
    pub found: &'a Found,
    /// The session that begins by it.
    pub session: Id,
    /// The wishes about the account here.
    pub joining: &'a Joining,
    /// The mark that makes the proof good once, where the session's id does not, and until when it is kept, in seconds.
    pub mark: Option<(&'a str, u64)>,
}

/// The provider of this name, where it signs in. A name that is not known makes no request.
///
/// # Errors
/// `common/unavailable`, `common/internal`.
pub async fn provider<E: Endpoint<Guard = guard::Open>>(
    store: &Store,
    call: &Call<E>,
    name: &str,
) -> Result<Option<(Connection, KeptProvider)>, Error> {
    let file = &call.settings.auth.providers;
    if !provider_names(file).contains(&name) {
        return Ok(None);
    }
    let kept = store.kept_provider(name).await?.unwrap_or_default();
    let connection = kept.connection(name, file.get(name));
    Ok(connection.map(|connection| (connection, kept)))
}

/// Signs somebody in by a proof: to the account of the identity, of the address, or to a new one.
///
/// # Errors
/// Those of [`auth::provider::decide`] and [`auth::provider::newcomer`]; `auth/invalid-oauth-code` or `auth/invalid-id-token`
/// for a proof that was used; `auth/mfa-required`, `auth/mfa-enrollment-required`; `users/unique-violation`,
/// `data/record-too-large`, `common/unavailable`, `common/internal`.
pub async fn sign_in<E>(
    store: &Store,
    call: &Call<E>,
    admitted: &Admitted,
    proof: Proof<'_>,
) -> Result<Reply<E>, Error>
where
    E: Endpoint<Guard = guard::Open, Reply = SignedInByProvider> + SetsCookie + HasCookie,
{
    let signing = store.keys().await?;
    let entered = entry::enter(store, call, admitted, proof).await?;
    let (session, token) = store.finished(entered.begun, call.random()?).await?;
    let body = SignedInByProvider {
        tokens: call.first_tokens(signing, &entered.user, (&session, &token))?,
        user: entered.user.wire(&call.settings.users.fields),
        is_new_user: entered.is_new,
        linked_by_email: entered.is_linked,
    };
    Ok(call.hand_out(admitted, body, call.transport(), session.expires_at))
}
