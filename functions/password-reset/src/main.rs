//! `POST /api/auth/password/reset`: sets a new password with the code or the link of a mail.

use std::process::ExitCode;

use api::endpoints::PasswordReset;
use api::event::Reason;
use api::wire::NoContent;
use api::{Code, Error, Timestamp};
use auth::password::Context;
use auth::proof::{Posted, Purpose, Shown};
use auth::{Admitted, Keys, User, password};
use runtime::{Call, Reply};
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(PasswordReset, reset)
}

/// Judges the new password before a try is counted, proves the address, and sets the password.
async fn reset(store: &Store, call: Call<PasswordReset>) -> Result<Reply<PasswordReset>, Error> {
    call.need_mail()?;
    let body = &call.body;
    let shown = Shown {
        flow: body.flow.as_deref(),
        code: body.code.as_deref(),
        token: body.token.as_deref(),
    };
    shown.check(true)?;
    judge(&call, None)?;
    let keys = store.sealing_keys(shown.sealed()).await?;
    let evidence = shown.of_stranger(&keys, Purpose::PasswordReset, call.now)?;
    let admitted = call.admit(store).await?;
    let set = async |posted: Posted| set_password(store, &call, &keys, &admitted, posted).await;
    store
        .prove_address(&call.asking()?, &evidence, &keys, set)
        .await?;
    Ok(Reply::to(&admitted, NoContent))
}

/// Judges the new password, and by the address as soon as that is proven.
fn judge(call: &Call<PasswordReset>, address: Option<&str>) -> Result<(), Error> {
    let context = Context::of(address, call.settings);
    let policy = &call.settings.auth.password;
    Ok(password::judge(
        "newPassword",
        &call.body.new_password,
        context,
        policy,
    )?)
}

/// Sets the password of the account that the mail was sent to, if nothing has happened to the account since. It is the way
/// out of a lock, so the address's failed logins are forgotten.
async fn set_password(
    store: &Store,
    call: &Call<PasswordReset>,
    keys: &Keys,
    admitted: &Admitted,
    posted: Posted,
) -> Result<(), Error> {
    let account = posted.account.ok_or(Code::InvalidCode)?;
    let address = posted.open_address(keys).ok_or(Code::InvalidCode)?;
    let user = store.user(account.user).await?;
    let user = user.filter(|user| user.auth_version == account.auth_version);
    let user = user
        .filter(|user| user.email.as_deref() == Some(address.as_str()))
        .ok_or(Code::InvalidCode)?;
    judge(call, Some(&address))?;
    // Only who has proven the address makes the breach check ask.
    let hash = breaches::hash(call, "newPassword", &call.body.new_password).await?;
    let along = Along {
        password_hash: Some(&hash),
        uses: Some(&posted.ticket),
        ..Along::of(Reason::PasswordReset)
    };
    let writer = call.writer_for(user.id, admitted)?;
    let bootstraps = call.bootstraps(&user);
    let declared = &call.settings.users.fields;
    let decide = |found: &User, bootstraps| {
        let proven = user.proven(found, bootstraps, call.now)?;
        let takes_over = found.email_verified_at.is_none();
        let reset = if takes_over {
            proven.taken_over()
        } else {
            proven
        };
        Ok(User {
            auth_version: found.auth_version + 1,
            ..reset
        })
    };
    let changed = store.change_proven(declared, &user, &along, (&writer, bootstraps), decide);
    let forgets = forget(store, &user, call.now);
    let _ = tokio::join!(changed, forgets).0?;
    Ok(())
}

/// Forgets the failed logins of the user and the wrong codes of the second factor. A failure only refuses the more.
async fn forget(store: &Store, user: &User, now: Timestamp) {
    let codes = async {
        match user.mfa {
            Some(_) => store.forget_codes(user.id, now).await,
            None => Ok(()),
        }
    };
    let logins = async {
        match &user.email {
            Some(email) => store.forget_logins(email).await,
            None => Ok(()),
        }
    };
    let _ = tokio::join!(logins, codes);
}
