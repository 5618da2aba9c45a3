//! The decision at a sign-in by a provider: which account it is, by the identity first and by the address last.

use api::settings::Auth;
use api::{Code, Error, Timestamp};

use super::Found;
use crate::user::User;

/// The circumstances of a sign-in by a provider.
#[derive(Clone, Copy)]
pub struct Entrance<'a> {
    /// The settings.
    pub settings: &'a Auth,
    /// Whether a deleted account is brought back.
    pub restores: bool,
    /// The time.
    pub now: Timestamp,
}

/// The account of a sign-in by a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// That of the identity, back where it was deleted.
    Enters(User),
    /// That of the address, with the provider linked.
    Links(User),
    /// That of the address, which nobody had proven: without all that was added before, and with the provider.
    TakesOver(User),
    /// A new one, with this address or none.
    Makes(Option<String>),
}

/// Decides by the account at the provider, the user of its identity, and the user who has its address here. The address counts
/// where the provider has verified it and is authoritative for it (ASVS 5.0, 10.5.2).
///
/// # Errors
/// `auth/account-exists` where the address is another's; `auth/account-disabled`; `auth/account-deleted` for an account that
/// could come back.
pub fn decide(
    found: &Found,
    known: Option<&User>,
    holder: Option<&User>,
    entrance: Entrance<'_>,
) -> Result<Decision, Error> {
    let is_there = |user: &&User| !user.deleted.is_some_and(|it| it.is_final(entrance.now));
    let key = found.key();
    if let Some(user) = known
        .filter(is_there)
        .filter(|it| it.methods.contains_key(&key))
    {
        return Ok(Decision::Enters(admit(user, entrance)?));
    }
    let Some(email) = found.email.clone().filter(|_| found.verified) else {
        // The holder of an address is told to nobody who has not proven it.
        return Ok(Decision::Makes(None));
    };
    let Some(holder) = holder.filter(is_there) else {
        return Ok(Decision::Makes(Some(email)));
    };
    if !found.authoritative {
        return Err(Code::AccountExists.into());
    }
    let back = admit(holder, entrance)?;
    if back.email_verified_at.is_none() {
        return take_over(back, found, entrance).map(Decision::TakesOver);
    }
    let links = entrance.settings.link_by_email;
    let linked = back.with_provider(found, entrance.now).ok();
    let linked = linked.filter(|_| links).ok_or(Code::AccountExists)?;
    Ok(Decision::Links(linked))
}

/// The user of an account that is there, or comes back.
fn admit(user: &User, entrance: Entrance<'_>) -> Result<User, Error> {
    if user.disabled {
        return Err(Code::AccountDisabled.into());
    }
    if user.deleted.is_some() && !entrance.restores {
        return Err(Code::AccountDeleted.into());
    }
    Ok(User {
        deleted: None,
        ..user.clone()
    })
}

fn take_over(user: User, found: &Found, entrance: Entrance<'_>) -> Result<User, Error> {
    let taken = User {
        auth_version: user.auth_version + 1,
        email_verified_at: Some(entrance.now),
        ..user.taken_over()
    };
    taken.with_provider(found, entrance.now)
}
