//! `POST /api/auth/email/change/confirm`: takes the new address, which its mail has proven.

use std::process::ExitCode;

use api::endpoints::EmailChangeConfirm;
use api::event::Reason;
use api::wire::ChangedUser;
use api::{Code, Error, Id};
use auth::proof::{Account, Place, Posted, Purpose, Shown};
use auth::{Admitted, Identity, Keys, User};
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(EmailChangeConfirm, confirm)
}

/// Proves the new address by the code or the link, while the password's hash is read, which goes along.
async fn confirm(
    store: &Store,
    call: Call<EmailChangeConfirm>,
) -> Result<Reply<EmailChangeConfirm>, Error> {
    call.need_mail()?;
    let credentials = call.credentials(store).await?;
    let (caller, session, user) = store.signed_in(&credentials, call.now).await?;
    let body = call.body.read()?;
    let shown = Shown {
        flow: None,
        code: body.code.as_deref(),
        token: body.token.as_deref(),
    };
    shown.check(false)?;
    let keys = store.sealing_keys(shown.sealed()).await?;
    let place = Place::of_user(Purpose::EmailChange, user.id);
    let evidence = shown.of_user(&keys, place, call.now)?;
    let take = async |posted: Posted, identity: Option<Identity>| {
        let by = (&caller, session.id);
        move_to(
            store,
            &call,
            by,
            &user,
            address(&keys, &user, posted)?,
            identity,
        )
        .await
    };
    let identity = store.identity_of(&user);
    let asking = call.asking()?;
    let proven = store.prove_beside(&asking, &evidence, &keys, identity, take);
    let user = proven.await?.wire(&call.settings.users.fields);
    Ok(Reply::to(&caller, ChangedUser { user }))
}

/// The new address with the proof of it, if the account is as it was when its user asked.
fn address(keys: &Keys, user: &User, posted: Posted) -> Result<(String, Posted), Error> {
    let is_for = |account: &Account| *account == Account::of(user);
    posted.account.filter(is_for).ok_or(Code::InvalidCode)?;
    let address = posted.open_address(keys).ok_or(Code::InvalidCode)?;
    Ok((address, posted))
}

/// Gives the user the new address and the identity of it, removes the old identity, and ends every other session, in one
/// transaction.
async fn move_to(
    store: &Store,
    call: &Call<EmailChangeConfirm>,
    (caller, session): (&Admitted, Id),
    user: &User,
    (address, posted): (String, Posted),
    identity: Option<Identity>,
) -> Result<User, Error> {
    let own = |identity: &Identity| {
        identity.user == user.id && identity.auth_version == user.auth_version
    };
    user.need_permission(Some(&address), &call.settings.auth)?;
    let hash = identity.filter(own).and_then(|it| it.password_hash);
    let along = Along {
        password_hash: hash.as_deref(),
        survivor: Some(session),
        uses: Some(&posted.ticket),
        ..Along::of(Reason::EmailChange)
    };
    let writer = call.writer(caller)?;
    let declared = &call.settings.users.fields;
    let decide = |found: &User, _| user.readdressed(found, &address, call.now);
    store
        .change_proven(declared, user, &along, (&writer, false), decide)
        .await
}
