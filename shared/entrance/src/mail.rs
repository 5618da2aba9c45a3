//! The account that a proven address opens.

use api::endpoints::{Endpoint, guard};
use api::event::Reason;
use api::settings::MagicLink;
use api::wire::Joining;
use api::{Code, Error, Id};
use auth::authentication::{Authentication, Method};
use auth::proof::{Account, Entry, Posted, Ticket, admit_reader};
use auth::sign_in::Begun;
use auth::{Admitted, Session, User, Writer, account};
use runtime::Call;
use store::{Along, Store};

/// The version of an account in which nothing has ended its sessions yet.
const FIRST: u64 = 1;

/// A user with the session that begins, and whether the account is new.
pub type EnteredByMail = (User, Begun, bool);

/// A mail whose code or link was shown.
#[derive(Clone, Copy)]
pub struct Mailbox<'a> {
    /// The proof that was asked for.
    pub posted: &'a Posted,
    /// The address.
    pub address: &'a str,
    /// The wishes about the account.
    pub joining: &'a Joining,
}

/// Signs the user in whose account the mail was sent for. For an address that nobody had it makes the account, or enters the
/// one that was made since.
///
/// # Errors
/// `auth/invalid-code` where the account is another than the mail saw; those of [`admit_reader`] and [`account::newcomer`];
/// `users/unique-violation`, `data/record-too-large`, `common/unavailable`, `common/internal`.
pub async fn enter_by_mail<E: Endpoint<Guard = guard::Open>>(
    store: &Store,
    call: &Call<E>,
    admitted: &Admitted,
    proof: Mailbox<'_>,
) -> Result<EnteredByMail, Error> {
    let (posted, address) = (proof.posted, proof.address);
    let known = match posted.account {
        Some(account) => Some(account),
        None => made_since(store, call, address).await?,
    };
    if let Some(account) = known {
        return sign_in(store, call, admitted, proof, account).await;
    }
    match sign_up(store, call, admitted, proof).await {
        // Another request for this address was faster.
        Err(refusal) if refusal.code == Code::EmailAlreadyExists => {
            let made = made_since(store, call, address).await?;
            let account = made.ok_or(Code::InvalidCode)?;
            sign_in(store, call, admitted, proof, account).await
        }
        entered => entered,
    }
}

/// The account that has the address by now. An end of all its sessions since has ended the mail's proof as well.
async fn made_since<E: Endpoint<Guard = guard::Open>>(
    store: &Store,
    call: &Call<E>,
    address: &str,
) -> Result<Option<Account>, Error> {
    let identity = store.identity(address).await?;
    let is_free = |it: &auth::Identity| it.deleted.is_some_and(|it| it.is_final(call.now));
    Ok(identity.filter(|it| !is_free(it)).map(|it| Account {
        user: it.user,
        auth_version: FIRST,
    }))
}

/// Begins a session of an account that is as the mail saw it. One whose address was not proven is taken over.
async fn sign_in<E: Endpoint<Guard = guard::Open>>(
    store: &Store,
    call: &Call<E>,
    admitted: &Admitted,
    proof: Mailbox<'_>,
    account: Account,
) -> Result<EnteredByMail, Error> {
    let user = store.user(account.user).await?;
    let as_seen =
        |user: &User| Account::of(user) == account && user.email.as_deref() == Some(proof.address);
    let user = user.filter(as_seen).ok_or(Code::InvalidCode)?;
    let entry = Entry {
        bootstraps: false,
        restores: proof.joining.restore.unwrap_or(false),
        now: call.now,
    };
    let after = admit_reader(&user, &user, entry)?;
    let begun = begin(call, &after)?;
    let writer = call.writer_for(user.id, admitted)?;
    let ticket = &proof.posted.ticket;
    match (&begun, after == user) {
        (Begun::Session(session, _), true) => {
            store.begin_by_mail(session, ticket, &writer).await?;
        }
        (Begun::Pending(_), true) => store.use_proof(ticket, &writer).await?,
        // A deleted account comes back by the second factor, and not before.
        (Begun::Pending(pending), false) if pending.has_factor() => {
            store.use_proof(ticket, &writer).await?;
            let begun = begin(call, &user)?;
            return Ok((user, begun, false));
        }
        (_, false) => {
            let by = (&writer, call.bootstraps(&user));
            let with = (begun.session(), ticket);
            let changed = change(store, call, by, (&user, entry), with).await?;
            return Ok((changed, begun, false));
        }
    }
    Ok((user, begun, false))
}

/// Takes an account over, or brings it back, or both, in the transaction that begins the session.
async fn change<E: Endpoint<Guard = guard::Open>>(
    store: &Store,
    call: &Call<E>,
    writer: (&Writer, bool),
    (user, entry): (&User, Entry),
    (begins, ticket): (Option<&Session>, &Ticket),
) -> Result<User, Error> {
    let takes_over = user.email_verified_at.is_none();
    let along = Along {
        begins,
        begun: Some(Reason::MagicLink),
        uses: Some(ticket),
        forgets_password: takes_over,
        ..Along::of(match takes_over {
            true => Reason::PasswordRemoved,
            false => Reason::Restore,
        })
    };
    let declared = &call.settings.users.fields;
    let decide = |found: &User, bootstraps| {
        let entry = Entry {
            bootstraps,
            ..entry
        };
        admit_reader(user, found, entry)
    };
    let changed = store.change_proven(declared, user, &along, writer, decide);
    changed.await
}

/// Makes the account, begins its session and uses the proof up, in one transaction.
async fn sign_up<E: Endpoint<Guard = guard::Open>>(
    store: &Store,
    call: &Call<E>,
    admitted: &Admitted,
    proof: Mailbox<'_>,
) -> Result<EnteredByMail, Error> {
    let (settings, declared) = (&call.settings.auth, &call.settings.users.fields);
    if settings.magic_link != MagicLink::SignUp {
        return Err(Code::InvalidCode.into());
    }
    let is_first = call.deployment.admin_email.as_deref() == Some(proof.address);
    let by = (Id::new(call.now, call.random()?), call.now);
    let user = User {
        locale: proof.posted.wishes.locale.clone(),
        ..account::newcomer(
            proof.joining,
            (proof.address, is_first),
            declared,
            settings,
            by,
        )?
    };
    let begun = begin(call, &user)?;
    let along = Along {
        begins: begun.session(),
        begun: Some(Reason::Register),
        uses: Some(&proof.posted.ticket),
        ..Along::of(Reason::MagicLink)
    };
    let writer = call.writer_for(user.id, admitted)?;
    let made = store.register_user(declared, user, &along, &writer);
    Ok((made.await?, begun, true))
}

fn begin<E: Endpoint<Guard = guard::Open>>(call: &Call<E>, user: &User) -> Result<Begun, Error> {
    call.begin(user, Authentication::by(Method::Email, call.now))
}
