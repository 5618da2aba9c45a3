//! The parts of a change to an account: the items of the transaction that writes it.

use std::collections::BTreeSet;

use api::definition::ProfileField;
use api::event::Reason;
use api::{Error, Id};
use auth::invitation::Invitation;
use auth::leaver::KeysOfLeaver;
use auth::proof::{Account, Posted, Ticket};
use auth::provider::Federated;
use auth::{Session, User, Writer};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::factor_items::FactorChange;
use super::items::{Free, Password};
use super::passkeys::PasskeyChange;
use super::providers::federated_item;
use super::stamp::{self, CHANGE};
use super::users::{MARK, identity_item, identity_key, reserved, user_item};
use crate::item::{Item, id, number, text, time};
use crate::tables::Store;

/// The reason of a write of an account, and the items that are written with it.
#[derive(Clone, Copy, Debug)]
pub struct Along<'a> {
    /// The reason of the write.
    pub reason: Reason,
    /// The hash of a new password.
    pub password_hash: Option<&'a str>,
    /// The session that survives a raised `auth_version`: it must stand, and its version is raised too.
    pub survivor: Option<Id>,
    /// A new session.
    pub begins: Option<&'a Session>,
    /// The mark of the import line that a new user is made from.
    pub mark: Option<&'a str>,
    /// The fate of the API keys of an admin who leaves by this change; without it none may stand.
    pub keys: Option<KeysOfLeaver>,
    /// Whether a new admin must be the first there has ever been.
    pub first_admin: bool,
    /// Whether the address has no password from then on.
    pub forgets_password: bool,
    /// A proof that becomes due with it, for the account as it is afterwards.
    pub posts: Option<&'a Posted>,
    /// A proof that it uses up.
    pub uses: Option<&'a Ticket>,
    /// An invitation that it accepts.
    pub accepts: Option<&'a Invitation>,
    /// The reason of the session that begins, where it is another than that of the write.
    pub begun: Option<Reason>,
    /// The change of the second factor.
    pub factor: Option<FactorChange<'a>>,
    /// The change of a passkey.
    pub passkey: Option<PasskeyChange<'a>>,
    /// The methods that the surviving session has proven from then on.
    pub proves: Option<&'a [String]>,
    /// An account at a provider that is linked.
    pub links: Option<&'a Federated>,
    /// The accounts at providers that a new user comes with. No other user may have one, whatever its issuer.
    pub brings: &'a [Federated],
}

impl Along<'_> {
    /// Nothing but the account, for this reason.
    #[must_use]
    pub fn of(reason: Reason) -> Self {
        Self {
            reason,
            password_hash: None,
            survivor: None,
            begins: None,
            mark: None,
            keys: None,
            first_admin: false,
            forgets_password: false,
            posts: None,
            uses: None,
            accepts: None,
            begun: None,
            factor: None,
            passkey: None,
            proves: None,
            links: None,
            brings: &[],
        }
    }

    /// Whether nothing but the account is written.
    pub(super) fn is_alone(&self) -> bool {
        self.password_hash.is_none()
            && !self.forgets_password
            && self.survivor.is_none()
            && self.begins.is_none()
            && self.posts.is_none()
            && self.uses.is_none()
            && self.accepts.is_none()
            && self.factor.is_none()
            && self.passkey.is_none()
            && self.links.is_none()
            && self.brings.is_empty()
    }

    /// The change, as the item of the user holds it.
    pub(super) fn change(&self, writer: &Writer) -> AttributeValue {
        let begins = self.begins.map(|session| session.id);
        stamp::change(writer, self.reason, self.survivor.or(begins))
    }
}

/// The purpose of an item of the transaction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    User,
    Identity,
    /// The identity of the address that the user had.
    OldIdentity,
    /// A value of this field that the user takes.
    Claim(String),
    /// A reservation that stays or is removed, by its key. Where `unique` was declared later than the value was stored,
    /// it may belong to another user.
    Reservation(String),
    /// The number of admins.
    Admins,
    Survivor,
    Session,
    /// An invitation that is accepted.
    Invitation,
    /// The second factor.
    Factor,
    /// A passkey.
    Passkey,
    /// An account at a provider that is linked.
    Provider,
    /// A mail that becomes due.
    Mail,
    /// A proof that is used up.
    Proof,
    /// The number of secrets that API keys ever had.
    KeysMade,
    /// An API key of an admin who leaves.
    Key,
}

pub(super) type Parts = Vec<(Part, TransactWriteItem)>;

impl Store {
    /// The items to write when a user changes into another; either may be absent.
    pub(super) fn parts_of(
        &self,
        (before, after): (Option<&User>, Option<&User>),
        declared: &[ProfileField],
        along: &Along<'_>,
        without: &BTreeSet<String>,
        writer: &Writer,
    ) -> Result<Parts, Error> {
        let now = writer.now;
        let mut parts = Parts::new();
        let mut add = |part: Part, item: TransactWriteItem| parts.push((part, item));
        match (before, after) {
            (None, None) => {}
            (None, Some(after)) => {
                if let Some(email) = &after.email {
                    let item = identity_item(after, email, along.password_hash);
                    add(Part::Identity, self.put_free(item, Free::ForAnybody, now)?);
                }
                let mut item = user_item(after);
                item.extend(along.mark.map(|mark| (MARK.to_owned(), text(mark))));
                item.insert(CHANGE.to_owned(), along.change(writer));
                add(Part::User, self.put_free(item, Free::ForUser, now)?);
                for federated in along.brings {
                    let item = federated_item(federated);
                    add(Part::Provider, self.put_free(item, Free::ForAnybody, now)?);
                }
            }
            (Some(before), None) => {
                let change = along.change(writer);
                add(Part::User, self.bury_user(before, change, now)?);
                if let Some(email) = &before.email {
                    let identity = self.delete_held(identity_key(email), before.id)?;
                    add(Part::Identity, identity);
                }
            }
            (Some(before), Some(after)) => {
                let change = along.change(writer);
                add(Part::User, self.update_user(before, after, change)?);
                let signs_in_as_before =
                    before.auth_version == after.auth_version && before.deleted == after.deleted;
                let password = if along.forgets_password {
                    Password::None
                } else {
                    along.password_hash.map_or(Password::Same, Password::New)
                };
                let is_moved = before.email != after.email;
                match &after.email {
                    Some(email) if is_moved => {
                        // The hash goes with the user to the new address.
                        let item = identity_item(after, email, along.password_hash);
                        add(Part::Identity, self.put_free(item, Free::ForAnybody, now)?);
                    }
                    Some(email) if !signs_in_as_before || password != Password::Same => {
                        let update = self.update_identity(after, email, password)?;
                        add(Part::Identity, update);
                    }
                    _ => {}
                }
                if let Some(old) = before.email.as_deref().filter(|_| is_moved) {
                    let old = self.delete_held(identity_key(old), before.id)?;
                    add(Part::OldIdentity, old);
                }
            }
        }
        let (held, wanted) = (reserved(declared, before), reserved(declared, after));
        let owner = before.or(after).map(|user| user.id);
        let end = |user: Option<&User>| user.map(|user| (user.deleted, user.lapses_at));
        for (key, field) in &wanted {
            let stays = held.contains_key(key);
            let is_as_it_was = stays && end(before) == end(after);
            if let (Some(owner), false) = (owner, is_as_it_was || without.contains(key)) {
                let mut item = Item::from([
                    ("id".to_owned(), text(key)),
                    ("user_id".to_owned(), id(owner)),
                ]);
                item.extend(after.into_iter().flat_map(ending_attributes));
                let part = if stays {
                    Part::Reservation(key.clone())
                } else {
                    Part::Claim(field.clone())
                };
                add(part, self.put_free(item, Free::For(owner), now)?);
            }
        }
        for key in held
            .keys()
            .filter(|key| !wanted.contains_key(*key) && !without.contains(*key))
        {
            if let Some(owner) = owner {
                add(
                    Part::Reservation(key.clone()),
                    self.delete_held(key.clone(), owner)?,
                );
            }
        }
        match [before, after].map(|user| user.is_some_and(User::is_acting_admin)) {
            [false, true] => add(Part::Admins, self.count_admin(along.first_admin)?),
            [true, false] => add(Part::Admins, self.discount_admin()?),
            _ => {}
        }
        if let (Some(before), Some(after), Some(survivor)) = (before, after, along.survivor) {
            add(
                Part::Survivor,
                self.raise_session(before, after, (survivor, along.proves), now)?,
            );
        }
        if let Some(change) = self.factor_part((before, after), along)? {
            add(Part::Factor, change);
        }
        for write in self.passkey_parts((before, after), along.passkey, now)? {
            add(Part::Passkey, write);
        }
        for (key, write) in self.provider_parts((before, after), along.links, now)? {
            let is_linked = along.links.is_some_and(|it| it.key == key);
            if is_linked {
                add(Part::Provider, write);
            } else if !without.contains(&key) {
                add(Part::Reservation(key), write);
            }
        }
        if let Some(session) = along.begins {
            let reason = along.begun.unwrap_or(along.reason);
            add(Part::Session, self.beginning(session, reason, writer)?);
        }
        if let (Some(posted), Some(after)) = (along.posts, after) {
            let posted = posted.clone().of(Account::of(after));
            add(Part::Mail, self.posting(&posted)?);
        }
        if let Some(ticket) = along.uses {
            add(Part::Proof, self.using_up(ticket)?);
        }
        if let Some(invitation) = along.accepts {
            add(Part::Invitation, self.accepting(invitation, writer)?);
        }
        Ok(parts)
    }

    /// The write of the second factor that goes with a change of its user. It is the one that is asked for, else its end
    /// with the account or its takeover, or the time of a deleted account. A new user has the one that comes along.
    fn factor_part(
        &self,
        (before, after): (Option<&User>, Option<&User>),
        along: &Along<'_>,
    ) -> Result<Option<TransactWriteItem>, Error> {
        let Some(user) = before else {
            let brought = along.factor.zip(after);
            let brought = brought.map(|(change, user)| self.changing_factor(user.id, change));
            return brought.transpose();
        };
        let part = match (along.factor, after) {
            (Some(change), _) => self.changing_factor(user.id, change)?,
            (None, _) if user.mfa.is_none() => return Ok(None),
            (None, Some(after)) if after.mfa.is_some() && after.deleted == user.deleted => {
                return Ok(None);
            }
            (None, Some(after)) if after.mfa.is_some() => {
                self.expiring_factor(user.id, after.deleted)?
            }
            (None, _) => self.deleting_factor(user.id)?,
        };
        Ok(Some(part))
    }
}

/// The attributes of the items of an account that is deleted, or that lapses.
pub(crate) fn ending_attributes(user: &User) -> Vec<(String, AttributeValue)> {
    let deleted = user
        .deleted
        .map(|it| ("deleted_at".to_owned(), time(it.at)));
    let expiry = user.deleted.map(|it| it.until).or(user.lapses_at);
    let expiry = expiry.map(|at| ("expires_at".to_owned(), number(at)));
    deleted.into_iter().chain(expiry).collect()
}
