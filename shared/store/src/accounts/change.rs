//! Accounts as a whole: a user, the identity, the unique profile values and the number of admins change together, in
//! one transaction.

use std::collections::BTreeSet;

use api::definition::ProfileField;
use api::event::Reason;
use api::{Code, Error};
use auth::leaver::leaves;
use auth::user::AUTHENTICATED;
use auth::{User, Writer};
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::leaver::Settlement;
use super::parts::{Along, Part, Parts};
use super::stamp::CHANGE;
use super::users::read_user;
use crate::invitations::closing;
use crate::item::{Item, id};
use crate::send::{TRIES, Unsent, pause};
use crate::tables::Store;

/// The parts whose conditions failed, each with the item that it found.
pub(crate) type Failed = Vec<(Part, Option<Item>)>;

impl Store {
    /// Makes a user, the identity and the items of `along`, all or nothing, in one request. It takes 5 WRU, one of them
    /// for the index. A session, a unique profile value, and an admin, who is counted, take 2 more each. Items of an
    /// account whose deletion is final are free, even before TTL removes them.
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
        let failed = self.try_to_create(declared, user, along, writer, 1).await?;
        if was_made(&failed, user) {
            Ok(())
        } else {
            Err(refusal(&failed, along))
        }
    }

    /// Makes the account of a registration, as [`Store::create_user`] does. A user with the admin's role, which the
    /// bootstrap address gives, keeps it on condition that there has never been an admin. Otherwise a second request
    /// makes an ordinary user. Returns the user as made.
    ///
    /// # Errors
    /// Those of [`Store::create_user`].
    pub async fn register_user(
        &self,
        declared: &[ProfileField],
        user: User,
        along: &Along<'_>,
        writer: &Writer,
    ) -> Result<User, Error> {
        let first = Along {
            first_admin: true,
            ..*along
        };
        let failed = self
            .try_to_create(declared, &user, &first, writer, 1)
            .await?;
        if was_made(&failed, &user) {
            return Ok(user);
        }
        let has = |part: &Part| failed.iter().any(|(failed, _)| failed == part);
        if !has(&Part::Admins) || has(&Part::Identity) {
            return Err(refusal(&failed, along));
        }
        let user = User {
            role: AUTHENTICATED.to_owned(),
            ..user
        };
        let failed = self
            .try_to_create(declared, &user, along, writer, 2)
            .await?;
        if was_made(&failed, &user) {
            Ok(user)
        } else {
            Err(refusal(&failed, along))
        }
    }

    /// The conditions that keep a user from being made; none if the user was made.
    pub(crate) async fn try_to_create(
        &self,
        declared: &[ProfileField],
        user: &User,
        along: &Along<'_>,
        writer: &Writer,
        attempt: u32,
    ) -> Result<Failed, Error> {
        let parts = self.parts_of(
            (None, Some(user)),
            declared,
            along,
            &BTreeSet::new(),
            writer,
        )?;
        self.send_account(parts, writer, &attempt.to_string()).await
    }

    /// Changes a user into the result of `decide`; `None` removes the account at once, and leaves a tombstone. One transaction on condition
    /// that the user is unchanged; otherwise `decide` is asked again with the present user. A raised `auth_version`
    /// ends every session but the surviving one. Returns the user after the change.
    ///
    /// # Errors
    /// Those of `decide`; `users/not-found` when the user is gone, `users/last-admin`, `users/has-api-keys`,
    /// `users/unique-violation`, `auth/session-revoked` when the surviving session does not stand, `data/record-too-large`,
    /// `common/unavailable`, `common/internal`.
    pub async fn change_user(
        &self,
        declared: &[ProfileField],
        mut user: User,
        along: &Along<'_>,
        writer: &Writer,
        decide: impl Fn(&User) -> Result<Option<User>, Error>,
    ) -> Result<Option<User>, Error> {
        let alone = along.is_alone();
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
                writer,
            )?;
            let failed = if leaves(&user, after.as_ref()) {
                let settlement = self.settlement(&user, along.keys, parts.len(), writer);
                self.send_settled(parts, settlement.await?, writer, tries)
                    .await?
            } else {
                self.send_account(parts, writer, &tries.to_string()).await?
            };
            if failed.is_empty() {
                return Ok(after);
            }
            let moved = failed.iter().find(|(part, _)| *part == Part::User);
            let foreign: Vec<_> = failed
                .iter()
                .filter_map(|(part, _)| reservation(part))
                .collect();
            match moved {
                // The write of before has happened, and its reply was lost.
                Some((_, Some(item))) if item.get(CHANGE) == Some(&along.change(writer)) => {
                    return Ok(after);
                }
                Some((_, None)) => return Err(Code::UserNotFound.into()),
                Some((_, Some(item))) => {
                    user = read_user(item.clone())?.ok_or(Code::UserNotFound)?;
                }
                // An API key was made, or deleted, meanwhile.
                None if failed.iter().any(|(part, _)| is_of_keys(part)) => {}
                // The proof was used by another request, or the invitation closed.
                None if failed.iter().any(|(part, _)| {
                    matches!(
                        part,
                        Part::Proof
                            | Part::Invitation
                            | Part::Factor
                            | Part::Passkey
                            | Part::Provider
                            | Part::Session
                    )
                }) =>
                {
                    return Err(refusal(&failed, along));
                }
                // Only reservations of other users failed: retry without them.
                None if foreign.len() == failed.len() => without.extend(foreign),
                // The address belongs to another account by now.
                None if after.as_ref().is_none_or(|after| after.email == user.email)
                    && failed.iter().any(|(part, _)| *part == Part::Identity) =>
                {
                    return Err(Code::UserNotFound.into());
                }
                None => return Err(refusal(&failed, along)),
            }
            pause(writer, tries).await;
        }
        Err(Error::unavailable("the user keeps changing"))
    }

    /// Sends what takes an admin's rights away, and the settlement of the API keys with it. Deletions for which there is
    /// no room come first, and nothing more where one of them fails.
    async fn send_settled(
        &self,
        mut parts: Parts,
        settlement: Settlement,
        writer: &Writer,
        tries: u32,
    ) -> Result<Failed, Error> {
        for (number, some) in settlement.before.into_iter().enumerate() {
            let attempt = format!("{tries}k{number}");
            let failed = self.send_account(some, writer, &attempt).await?;
            if !failed.is_empty() {
                return Ok(failed);
            }
        }
        parts.extend(settlement.along);
        self.send_account(parts, writer, &tries.to_string()).await
    }

    /// Sends parts all or nothing. Returns those whose conditions failed. Each attempt of a writer has a token of its own.
    async fn send_account(
        &self,
        parts: Parts,
        writer: &Writer,
        attempt: &str,
    ) -> Result<Failed, Error> {
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

/// Whether a new user was made. A retry of the SDK after a lost reply finds the items of the first attempt.
fn was_made(failed: &[(Part, Option<Item>)], user: &User) -> bool {
    let own = |item: &Item| [item.get("user_id"), item.get("id")].contains(&Some(&id(user.id)));
    failed.is_empty()
        || failed
            .iter()
            .any(|(_, found)| found.as_ref().is_some_and(own))
}

/// Whether a part settles the API keys of an admin who leaves.
fn is_of_keys(part: &Part) -> bool {
    matches!(part, Part::KeysMade | Part::Key)
}

fn reservation(part: &Part) -> Option<String> {
    match part {
        Part::Reservation(key) => Some(key.clone()),
        _ => None,
    }
}

/// The refusal when the user itself is unchanged.
fn refusal(failed: &[(Part, Option<Item>)], along: &Along<'_>) -> Error {
    let has = |part: &Part| failed.iter().any(|(failed, _)| failed == part);
    let taken = failed.iter().find_map(|(part, _)| match part {
        Part::Claim(field) => Some(field),
        _ => None,
    });
    let invitation = failed.iter().find(|(part, _)| *part == Part::Invitation);
    if let Some((_, found)) = invitation {
        closing::refusal(found.clone())
    } else if has(&Part::Factor) {
        Code::InvalidMfaCode.into()
    } else if has(&Part::Passkey) {
        Code::InvalidPasskey.into()
    } else if has(&Part::Provider) {
        Code::AccountAlreadyLinked.into()
    } else if has(&Part::Proof) {
        Code::InvalidCode.into()
    } else if has(&Part::Session) {
        used_proof(along.begun.unwrap_or(along.reason))
    } else if has(&Part::Survivor) {
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

/// The refusal where the session has begun already: its id is in the proof that it begins by, which is good once.
fn used_proof(begun: Reason) -> Error {
    match begun {
        Reason::Provider => Code::InvalidOauthCode.into(),
        Reason::Mfa => Code::InvalidMfaCode.into(),
        Reason::Passkey => Code::InvalidPasskey.into(),
        // No other proof names its session.
        _ => Error::internal("a session has begun twice"),
    }
}
