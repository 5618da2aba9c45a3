//! Accounts as a whole: a user, what it signs in with, its unique profile values and the number of admins change
//! together, in one transaction.

use std::collections::BTreeSet;

use api::definition::ProfileField;
use api::{Code, Error};
use auth::{User, Writer};
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::parts::{Along, Part, Parts};
use super::users::read_user;
use crate::item::{Item, id};
use crate::send::{TRIES, Unsent, pause};
use crate::tables::Store;

impl Store {
    /// Makes a user, the identity to sign in with and what goes `along`, all or nothing, in one request: 5 WRU, one of
    /// them for the index; 2 more for each of a session, a unique profile value, and an admin, who is counted. What an
    /// account had whose deletion is final is free, also while TTL has not removed it.
    ///
    /// # Errors
    /// `auth/email-already-exists`, `users/unique-violation`, `data/record-too-large`, `common/unavailable`,
    /// `common/internal`.
    pub async fn create_user(
        &self,
        declared: &[ProfileField],
        user: &User,
        along: &Along<'_>,
        writer: &Writer,
    ) -> Result<(), Error> {
        let failed = self.try_to_create(declared, user, along, writer).await?;
        // A retry of the SDK after a lost reply finds what the first attempt wrote.
        let own = |item: &Item| item.get("user_id") == Some(&id(user.id));
        if failed.is_empty()
            || failed
                .iter()
                .any(|(_, found)| found.as_ref().is_some_and(own))
        {
            return Ok(());
        }
        Err(refusal(&failed))
    }

    /// The conditions that keep a user from being made; none when it is.
    pub(crate) async fn try_to_create(
        &self,
        declared: &[ProfileField],
        user: &User,
        along: &Along<'_>,
        writer: &Writer,
    ) -> Result<Vec<(Part, Option<Item>)>, Error> {
        let parts = self.parts_of(
            (None, Some(user)),
            declared,
            along,
            &BTreeSet::new(),
            writer.now,
        )?;
        self.send_account(parts, writer, 1).await
    }

    /// Changes a user into what `decide` makes of it; `None` removes the account at once. One transaction on condition
    /// that the user is still as it was: when it is not, `decide` is asked again with what it is by then. A raised
    /// `auth_version` ends every session but the surviving one. The user as it is now.
    ///
    /// # Errors
    /// Those of `decide`; `users/not-found` when the user is gone, `users/last-admin`, `users/unique-violation`,
    /// `auth/session-revoked` when the surviving session does not stand, `data/record-too-large`,
    /// `common/unavailable`, `common/internal`.
    pub async fn change_user(
        &self,
        declared: &[ProfileField],
        mut user: User,
        along: &Along<'_>,
        writer: &Writer,
        decide: impl Fn(&User) -> Result<Option<User>, Error>,
    ) -> Result<Option<User>, Error> {
        let alone =
            along.password_hash.is_none() && along.survivor.is_none() && along.begins.is_none();
        let mut without = BTreeSet::new();
        for tries in 1..=TRIES {
            let after = decide(&user)?;
            if alone && after.as_ref() == Some(&user) {
                return Ok(after);
            }
            let parts = self.parts_of(
                (Some(&user), after.as_ref()),
                declared,
                along,
                &without,
                writer.now,
            )?;
            let failed = self.send_account(parts, writer, tries).await?;
            if failed.is_empty() {
                return Ok(after);
            }
            let moved = failed.iter().find(|(part, _)| *part == Part::User);
            let foreign: Vec<_> = failed
                .iter()
                .filter_map(|(part, _)| reservation(part))
                .collect();
            match moved {
                Some((_, None)) => return Err(Code::UserNotFound.into()),
                Some((_, Some(item))) => user = read_user(item.clone())?,
                // What is nobody else's to lose is left to who has it.
                None if foreign.len() == failed.len() => without.extend(foreign),
                // Its address is another account's by now.
                None if failed.iter().any(|(part, _)| *part == Part::Identity) => {
                    return Err(Code::UserNotFound.into());
                }
                None => return Err(refusal(&failed)),
            }
            pause(writer, tries).await;
        }
        Err(Error::unavailable("the user keeps changing"))
    }

    async fn send_account(
        &self,
        parts: Parts,
        writer: &Writer,
        attempt: u32,
    ) -> Result<Vec<(Part, Option<Item>)>, Error> {
        let (parts, items): (Vec<Part>, Vec<TransactWriteItem>) = parts.into_iter().unzip();
        let token = format!("{}-{attempt}", writer.rev.replace('-', ""));
        match self.send_items(&items, &token, writer).await {
            Ok(failed) => Ok(failed
                .into_iter()
                .filter_map(|(at, item)| Some((parts.get(at)?.clone(), item)))
                .collect()),
            Err(Unsent::TooLarge(_)) => Err(Code::RecordTooLarge.into()),
            Err(Unsent::Fault(error)) => Err(error),
        }
    }
}

fn reservation(part: &Part) -> Option<String> {
    match part {
        Part::Reservation(key) => Some(key.clone()),
        _ => None,
    }
}

/// What is wrong when the user is as it should be.
fn refusal(failed: &[(Part, Option<Item>)]) -> Error {
    let has = |part: &Part| failed.iter().any(|(failed, _)| failed == part);
    let taken = failed.iter().find_map(|(part, _)| match part {
        Part::Claim(field) => Some(field),
        _ => None,
    });
    if has(&Part::Survivor) {
        Code::SessionRevoked.into()
    } else if has(&Part::Identity) {
        Code::EmailAlreadyExists.into()
    } else if has(&Part::Admins) {
        Code::LastAdmin.into()
    } else if let Some(field) = taken {
        Error::new(Code::UserUniqueViolation)
            .with_message(format!("Another user has this value of `{field}`."))
    } else {
        Error::internal("a condition failed that nothing explains")
    }
}
