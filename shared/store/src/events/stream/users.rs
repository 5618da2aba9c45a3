//! Users: registrations, sign-outs of all sessions, passwords, and every change of an account.

use std::collections::BTreeMap;

use api::event::{Envelope, Event, PasskeyReason, Reason, Subject};
use api::settings::PROVIDER;
use api::tables::IDENTITIES;
use api::wire::UserForAdmins;
use api::{Id, Timestamp};
use auth::User;
use auth::provider::provider_of;
use auth::user::{PASSKEY, SignInMethod};
use serde_json::{Map, Value, json};

use super::draft::Write;
use super::image::Image;
use super::records::differing;
use super::stamp::Stamp;
use super::world::Unfit;
use crate::accounts::users::read_user;

/// The starts of the keys of items that are no users.
const OTHERS: [&str; 7] = [
    IDENTITIES,
    "username#",
    "unique#",
    "totp#",
    PASSKEY,
    PROVIDER,
    "#",
];

/// The members of a user that have events of their own: those of the address, of the mails to it, and of the factor.
const TOLD_ELSEWHERE: [&str; 4] = ["email", "emailVerifiedAt", "mailFailed", "mfa"];

/// A write of a user.
struct Change<'a, 'w> {
    write: &'a Write<'a, 'w>,
    id: Id,
    /// The reason, where this write tells it.
    reason: Option<Reason>,
    /// The session that begins with the write, or survives it.
    session: Option<Id>,
    stamp: Stamp,
}

/// The events of a write to `_users`.
pub(super) fn events_of(write: &Write<'_, '_>) -> Result<Vec<Envelope>, Unfit> {
    let key = write.needed("id", write.key().text("id"))?;
    if OTHERS.iter().any(|start| key.starts_with(start)) {
        return Ok(Vec::new());
    }
    let id = write.needed("id", key.parse().ok())?;
    let Some(new) = write.after() else {
        return Ok(vec![purged(write, id)]);
    };
    let old = write.before();
    // A write that says nothing of itself leaves the change of an earlier one.
    let told = new
        .map("change")
        .filter(|_| old.is_none_or(|old| !new.same(old, "change")));
    let change = Change {
        write,
        id,
        reason: told
            .as_ref()
            .and_then(|told| Reason::parse(told.text("reason")?)),
        session: told.as_ref().and_then(|told| told.id("session")),
        stamp: stamp(write, told.as_ref(), new, id)?,
    };
    match old {
        None => change.made(new),
        Some(old) if change.replaces(old, new) => {
            let stamp = Stamp::system(change.stamp.at);
            let gone = change.event(stamp, Event::UserPurged { user_id: id });
            Ok([vec![gone], change.made(new)?].concat())
        }
        Some(old) => change.changed(old, new),
    }
}

/// The time and the actor of a write.
fn stamp(write: &Write<'_, '_>, told: Option<&Image>, new: &Image, id: Id) -> Result<Stamp, Unfit> {
    let Some(told) = told else {
        return Ok(Stamp::untold(write.seen_at()));
    };
    let at = write.needed("change.at", told.time("at"))?;
    Ok(Stamp::read(told, at).with_role_of(id, new.text("role")))
}

fn purged(write: &Write<'_, '_>, user_id: Id) -> Envelope {
    let at = write.seen_at();
    let stamp = if write.is_expiry() {
        Stamp::system(at)
    } else {
        Stamp::untold(at)
    };
    write.event(stamp, Subject::user(user_id), Event::UserPurged { user_id })
}

fn is_deleted(image: &Image) -> bool {
    image.has("deleted_at")
}

impl Change<'_, '_> {
    fn event(&self, stamp: Stamp, event: Event) -> Envelope {
        self.write.event(stamp, Subject::user(self.id), event)
    }

    fn by_stamp(&self, event: Event) -> Envelope {
        self.event(self.stamp.clone(), event)
    }

    /// Whether a new user has taken the id of an account whose time is over.
    fn replaces(&self, old: &Image, new: &Image) -> bool {
        let makes = |it: Reason| {
            method(it).is_some() || matches!(it, Reason::Create | Reason::Import | Reason::Provider)
        };
        is_deleted(old) && !is_deleted(new) && self.reason.is_some_and(makes)
    }

    fn made(&self, new: &Image) -> Result<Vec<Envelope>, Unfit> {
        let user = self.user(new)?;
        let Some(method) = self.method(new)? else {
            return Ok(vec![self.by_stamp(Event::UserCreated { user })]);
        };
        let stamp = self.stamp.clone().by(self.id, &user.role);
        let registered = Event::Registered {
            user,
            session_id: self.session,
            method,
        };
        Ok(vec![self.event(stamp, registered)])
    }

    /// The proof that a user has made the account with.
    fn method(&self, new: &Image) -> Result<Option<String>, Unfit> {
        if self.reason != Some(Reason::Provider) {
            return Ok(self.reason.and_then(method).map(ToOwned::to_owned));
        }
        let methods = self.read(new)?.methods;
        let name = methods.keys().find_map(|key| provider_of(key));
        Ok(name.map(|name| format!("provider:{name}")))
    }

    fn changed(&self, old: &Image, new: &Image) -> Result<Vec<Envelope>, Unfit> {
        let mut events = Vec::new();
        match (is_deleted(old), is_deleted(new)) {
            (_, true) => events.extend(self.deleted(old, new)?),
            (true, false) => {
                events.push(self.by_stamp(Event::UserRestored {
                    user_id: self.id,
                    until: until(old),
                }));
                events.extend(self.made_of(old, new)?);
            }
            (false, false) => events.extend(self.made_of(old, new)?),
        }
        if ends_sessions(old, new) {
            events.push(self.by_stamp(Event::SessionEnded {
                user_id: self.id,
                session_id: None,
                kept: self.session,
                reason: self.reason,
            }));
        }
        Ok(events)
    }

    /// The changes of an account that is there after them. One may come with the return of a deleted account.
    fn made_of(&self, old: &Image, new: &Image) -> Result<Vec<Envelope>, Unfit> {
        let made = [
            self.password_changed(),
            self.email_verified(old, new),
            self.mfa_changed(),
            self.email_changed(old, new)?,
            self.updated(old, new)?,
        ];
        let made = made.into_iter().flatten();
        let made = made.chain(self.passkeys_changed(old, new)?);
        let made = made.chain(self.providers_changed(old, new)?);
        Ok(made.map(|event| self.by_stamp(event)).collect())
    }

    /// A deletion, or one that shortens the time of an earlier one.
    fn deleted(&self, old: &Image, new: &Image) -> Result<Option<Envelope>, Unfit> {
        if old.same(new, "deleted_at") && old.same(new, "expires_at") {
            return Ok(None);
        }
        let at = self.write.needed("deleted_at", new.time("deleted_at"))?;
        let stamp = Stamp {
            at: self.reason.map_or(at, |_| self.stamp.at),
            ..self.stamp.clone()
        };
        let deleted = Event::UserDeleted {
            user_id: self.id,
            until: until(new),
        };
        Ok(Some(self.event(stamp, deleted)))
    }

    fn password_changed(&self) -> Option<Event> {
        let of_password = |it: &Reason| {
            matches!(
                it,
                Reason::PasswordChange
                    | Reason::PasswordSet
                    | Reason::PasswordReset
                    | Reason::PasswordRemoved
            )
        };
        let reason = self.reason.filter(of_password)?;
        Some(Event::PasswordChanged {
            user_id: self.id,
            reason,
        })
    }

    fn email_verified(&self, old: &Image, new: &Image) -> Option<Event> {
        let appears = !old.has("email_verified_at") && new.has("email_verified_at");
        appears.then_some(Event::EmailVerified { user_id: self.id })
    }

    fn mfa_changed(&self) -> Option<Event> {
        let of_factor = |it: &Reason| {
            matches!(
                it,
                Reason::MfaEnabled | Reason::MfaDisabled | Reason::MfaCodesRenewed
            )
        };
        let reason = self.reason.filter(of_factor)?;
        Some(Event::MfaChanged {
            user_id: self.id,
            reason,
        })
    }

    /// The passkeys that a user has more, and then those that are gone.
    fn passkeys_changed(&self, old: &Image, new: &Image) -> Result<Vec<Event>, Unfit> {
        if old.same(new, "methods") {
            return Ok(Vec::new());
        }
        let (before, after) = (self.read(old)?.methods, self.read(new)?.methods);
        let between = |some: &BTreeMap<String, SignInMethod>,
                       others: &BTreeMap<String, SignInMethod>,
                       reason| {
            let gone = some.iter().filter(|(key, _)| !others.contains_key(*key));
            let ids = gone.filter_map(|(key, it)| Some((key.strip_prefix(PASSKEY)?, it)));
            ids.map(|(id, method)| Event::PasskeyChanged {
                user_id: self.id,
                passkey_id: id.to_owned(),
                reason,
                name: method.label.clone(),
            })
            .collect::<Vec<_>>()
        };
        let added = between(&after, &before, PasskeyReason::Added);
        let removed = between(&before, &after, PasskeyReason::Removed);
        Ok([added, removed].concat())
    }

    /// The providers that a user has more, and then those that are gone.
    fn providers_changed(&self, old: &Image, new: &Image) -> Result<Vec<Event>, Unfit> {
        if old.same(new, "methods") {
            return Ok(Vec::new());
        }
        let (before, after) = (self.read(old)?.methods, self.read(new)?.methods);
        let user_id = self.id;
        let only_in = |some: &BTreeMap<String, SignInMethod>,
                       others: &BTreeMap<String, SignInMethod>| {
            let gone = some.keys().filter(|key| !others.contains_key(*key));
            let names = gone.filter_map(|key| provider_of(key).map(ToOwned::to_owned));
            names.collect::<Vec<String>>()
        };
        let linked = only_in(&after, &before).into_iter();
        let linked = linked.map(|provider| Event::AccountLinked { user_id, provider });
        let unlinked = only_in(&before, &after).into_iter();
        let unlinked = unlinked.map(|provider| Event::AccountUnlinked { user_id, provider });
        Ok(linked.chain(unlinked).collect())
    }

    fn email_changed(&self, old: &Image, new: &Image) -> Result<Option<Event>, Unfit> {
        if old.same(new, "email") {
            return Ok(None);
        }
        Ok(Some(Event::EmailChanged {
            user: self.user(new)?,
            previous_email: old.text("email").map(ToOwned::to_owned),
        }))
    }

    fn updated(&self, old: &Image, new: &Image) -> Result<Option<Event>, Unfit> {
        let user = self.user(new)?;
        let (before, after) = (self.members(old)?, self.members(new)?);
        let changed = differing(&before, &after);
        let was = before.into_iter();
        let previous = was.filter(|(name, _)| changed.contains(name)).collect();
        Ok((!changed.is_empty()).then_some(Event::UserUpdated {
            user,
            previous,
            changed,
        }))
    }

    fn user(&self, image: &Image) -> Result<UserForAdmins, Unfit> {
        Ok(self.read(image)?.for_admins(self.write.world.profile))
    }

    fn read(&self, image: &Image) -> Result<User, Unfit> {
        let user = read_user(image.item()).map_err(|_| self.write.unfit("a broken user"))?;
        self.write.needed("email", user)
    }

    /// The members of a user that an update tells of, in their order.
    fn members(&self, image: &Image) -> Result<Map<String, Value>, Unfit> {
        let user = self.read(image)?;
        let shown = user.for_admins(self.write.world.profile);
        let mut members = match json!(shown) {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        members.retain(|name, _| !TOLD_ELSEWHERE.contains(&name.as_str()));
        if let Some(locale) = user.locale {
            members.insert("locale".to_owned(), json!(locale));
        }
        if let Some(service) = user.service {
            let service = json!({ "name": service.name, "rotatedAt": service.rotated_at });
            members.insert("serviceAccount".to_owned(), service);
        }
        if let Some(terms) = user.terms {
            let terms = json!({ "version": terms.version, "acceptedAt": terms.accepted_at });
            members.insert("terms".to_owned(), terms);
        }
        Ok(members)
    }
}

/// The proof that a user has made an account with, by the reason of the write.
fn method(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::Register => Some("password"),
        Reason::Invitation | Reason::MagicLink | Reason::Anonymous => Some(reason.as_str()),
        _ => None,
    }
}

/// Whether a write ends the sessions of a user who was there.
fn ends_sessions(old: &Image, new: &Image) -> bool {
    match (old.number("auth_version"), new.number("auth_version")) {
        (Some(before), Some(after)) => after > before,
        (Some(_), None) => !is_deleted(old),
        (None, _) => false,
    }
}

/// Until when a deleted account can be brought back; `None` for never.
fn until(image: &Image) -> Option<Timestamp> {
    let (at, until) = (image.time("deleted_at")?, image.number("expires_at")?);
    (until > at.seconds()).then(|| Timestamp::from_millis(until.saturating_mul(1000)))
}
