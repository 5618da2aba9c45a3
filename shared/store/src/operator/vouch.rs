//! Addresses that an operator vouches for.

use api::event::Reason;
use api::{Code, Error, Timestamp};
use auth::{User, Writer};

use crate::accounts::parts::Along;
use crate::tables::Store;

/// The result of an operator's word for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// The address counts as proven from now on.
    Now,
    /// It was proven before.
    Already,
    /// The account is deleted, or another has the address by now.
    Gone,
}

impl Store {
    /// Marks the address of a user as proven, on condition that the user is unchanged; otherwise the present user is looked
    /// at again. Sessions, password and role stay. 2 WRU, one of them for the index.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn vouch(&self, user: User, now: Timestamp) -> Result<Vouched, Error> {
        let email = user.email.clone();
        let random = user.id.bytes().last_chunk().copied().unwrap_or_default();
        let writer = Writer::operator(now, random);
        let decide = |found: &User| {
            if found.deleted.is_some() || found.email != email {
                return Err(Code::UserNotFound.into());
            }
            if found.email_verified_at.is_some() {
                return Err(Code::AlreadyVerified.into());
            }
            Ok(Some(User {
                email_verified_at: Some(now),
                ..found.clone()
            }))
        };
        let along = Along::of(Reason::VerifyEmail);
        // The profile does not change.
        match self.change_user(&[], user, &along, &writer, decide).await {
            Ok(_) => Ok(Vouched::Now),
            Err(refused) if refused.code == Code::AlreadyVerified => Ok(Vouched::Already),
            Err(refused) if refused.code == Code::UserNotFound => Ok(Vouched::Gone),
            Err(fault) => Err(fault),
        }
    }
}
