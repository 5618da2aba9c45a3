//! Invitations: who may invite, what an invitation gives, and how it ends.

use api::settings::{Auth, Settings};
use api::wire::{self, InvitationStatus, InvitedResource, NewInvitation};
use api::{Code, Detail, Error, Id, Timestamp};
use serde_json::{Map, Value, json};

use crate::caller::Caller;
use crate::email;
use crate::grant::{Requirement, granted};
use crate::keys::Keys;
use crate::proof::{Link, Place, Posted, Purpose, Random, Subject, Wishes};
use crate::user::{ADMIN, AUTHENTICATED, Terms, User, check_role};

/// An invitation as the `_invitations` table keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: Id,
    /// The normalised address.
    pub email: String,
    /// The role that it gives.
    pub role: String,
    /// The thing of the app that it is for.
    pub resource: Option<InvitedResource>,
    /// A message for the reader of the mail.
    pub message: Option<String>,
    /// How far it has come; never `expired`, which the time tells.
    pub status: InvitationStatus,
    /// The user or the API key that invites.
    pub invited_by: Id,
    /// The name of the inviting user, if the profile has one.
    pub inviter: Option<String>,
    /// The nonce of the newest mail: its token alone is good.
    pub nonce: String,
    /// Until when it can be accepted.
    pub until: Timestamp,
    /// The language of the mail.
    pub locale: Option<String>,
    /// The address of the app that the page of the mail leads to.
    pub redirect: Option<String>,
}

/// The name that other people know a user by, if the profile has one.
#[must_use]
pub fn name_of(user: &User) -> Option<&str> {
    let named = |field: &str| user.profile.get(field)?.as_str();
    named("name").or_else(|| named("username"))
}

/// Refuses a caller who may not invite. A server may, as its scope says, and an admin passes every rule.
///
/// # Errors
/// `auth/forbidden`.
pub fn may_invite(caller: &Caller, settings: &Auth) -> Result<(), Error> {
    match granted(&settings.invitations.by, caller) {
        Requirement::Exists => Ok(()),
        Requirement::OwnedBy(_) | Requirement::Never => Err(Code::Forbidden.into()),
    }
}

/// Refuses a role above the inviter's: a user who is no admin gives `authenticated` or the own role.
fn may_give(caller: &Caller, role: &str) -> Result<(), Error> {
    if caller.is_admin() || role == AUTHENTICATED || caller.role() == Some(role) {
        return Ok(());
    }
    let message = "You can give `authenticated` or your own role.";
    Err(Error::new(Code::Forbidden).with_message(message))
}

impl Invitation {
    /// The invitation that a body asks for, without its mail.
    ///
    /// # Errors
    /// `common/validation-failed` with every problem of the body; `auth/forbidden` for a role above the inviter's.
    pub fn new(
        body: NewInvitation,
        (caller, user): (&Caller, Option<&User>),
        settings: &Settings,
        id: Id,
    ) -> Result<Self, Error> {
        let role = body.role.unwrap_or_else(|| AUTHENTICATED.to_owned());
        let email = email::normalise(&body.email);
        let wrong = [
            email.as_ref().err().cloned(),
            check_role(&role, &settings.auth).err(),
        ];
        let wrong: Vec<Detail> = wrong.into_iter().flatten().collect();
        if !wrong.is_empty() {
            return Err(Error::invalid(wrong));
        }
        may_give(caller, &role)?;
        Ok(Self {
            id,
            email: email?,
            role,
            resource: body.resource,
            message: body.message.filter(|message| !message.is_empty()),
            status: InvitationStatus::Pending,
            invited_by: caller.identity().ok_or(Code::AuthenticationRequired)?,
            inviter: user.and_then(name_of).map(ToOwned::to_owned),
            nonce: String::new(),
            until: id.created_at(),
            locale: body.locale,
            redirect: body.redirect_to,
        })
    }

    /// A new mail of the invitation: the tokens of earlier ones are dead when it is kept.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn mail(
        &self,
        keys: &Keys,
        origin: String,
        random: Random,
        settings: (&Auth, Timestamp),
    ) -> Result<Posted, Error> {
        let place = Place {
            purpose: Purpose::Invitation,
            subject: Subject::Invitation(self.id),
        };
        let wishes = Wishes {
            origin,
            locale: self.locale.clone(),
            redirect: self.redirect.clone(),
            challenge: None,
        };
        let posted = Posted::new(keys, place, &self.email, wishes, random, settings)?;
        posted.with(keys, &self.values(), &random)
    }

    /// The variables of its mail.
    fn values(&self) -> Map<String, Value> {
        let resource = self.resource.as_ref();
        let own = Some(&self.role).filter(|role| *role != AUTHENTICATED);
        let role = resource.and_then(|resource| resource.role.as_ref()).or(own);
        let values = [
            ("inviterName", self.inviter.as_ref()),
            ("roleName", role),
            ("resourceName", resource.and_then(|it| it.name.as_ref())),
            ("message", self.message.as_ref()),
        ];
        let values = values.into_iter();
        values
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect()
    }

    /// The invitation with this mail as its newest one.
    #[must_use]
    pub fn with_mail(self, posted: &Posted) -> Self {
        Self {
            nonce: posted.ticket.nonce.clone(),
            until: posted.ends.link,
            ..self
        }
    }

    /// The status as callers see it.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> InvitationStatus {
        match self.status {
            InvitationStatus::Pending if self.until <= now => InvitationStatus::Expired,
            status => status,
        }
    }

    /// The invitation as callers see it.
    #[must_use]
    pub fn to_wire(&self, now: Timestamp) -> wire::Invitation {
        wire::Invitation {
            id: self.id,
            email: self.email.clone(),
            role: self.role.clone(),
            resource: self.resource.clone(),
            status: self.status(now),
            invited_by: self.invited_by,
            created_at: self.id.created_at(),
            expires_at: self.until,
        }
    }

    /// Whether a caller sees and handles it: the inviter, or an admin.
    #[must_use]
    pub fn is_for(&self, caller: &Caller) -> bool {
        caller.role() == Some(ADMIN) || caller.identity() == Some(self.invited_by)
    }

    /// Refuses an invitation that was closed.
    ///
    /// # Errors
    /// `invitations/closed` naming how.
    pub fn need_open(&self) -> Result<(), Error> {
        if self.status == InvitationStatus::Pending {
            return Ok(());
        }
        let message = format!("This invitation was {}.", self.status.as_str());
        Err(Error::new(Code::InvitationClosed).with_message(message))
    }

    /// Refuses a link that opens it no more, or never has.
    ///
    /// # Errors
    /// `auth/invalid-code` for the link of an earlier mail; `invitations/closed`, `invitations/expired`.
    pub fn need_good(&self, link: &Link, now: Timestamp) -> Result<(), Error> {
        if link.ticket.nonce != self.nonce {
            return Err(Code::InvalidCode.into());
        }
        self.need_open()?;
        if self.status(now) == InvitationStatus::Expired {
            return Err(Code::InvitationExpired.into());
        }
        Ok(())
    }

    /// The role of a user who had `role`, once accepted: never a lower one. The declared roles have no order, so one of
    /// them gives way to `admin` alone.
    fn role_after(&self, role: &str) -> String {
        let rises = role == AUTHENTICATED || self.role == ADMIN;
        if rises { &self.role } else { role }.to_owned()
    }

    /// The user who accepts signed in, as found now.
    ///
    /// # Errors
    /// `auth/session-revoked` when an event has ended the session since.
    pub fn accepted_by(
        &self,
        asker: &User,
        found: &User,
        (bootstraps, now): (bool, Timestamp),
    ) -> Result<User, Error> {
        asker.goes_on(found)?;
        let proven = asker.proven(found, bootstraps, now)?;
        Ok(User {
            role: self.role_after(&proven.role),
            ..proven
        })
    }

    /// The account that nobody has proven, as found now, for the reader of the mails: every session ends.
    ///
    /// # Errors
    /// `auth/invalid-code` when the account is another one by now.
    pub fn taken_over(
        &self,
        seen: &User,
        found: &User,
        (bootstraps, now): (bool, Timestamp),
        (profile, terms): (Map<String, Value>, Option<Terms>),
    ) -> Result<User, Error> {
        let proven = seen.proven(found, bootstraps, now)?;
        Ok(User {
            terms,
            role: self.role_after(&proven.role),
            auth_version: proven.auth_version + 1,
            profile,
            ..proven.taken_over()
        })
    }
}

/// Refuses to take an account over without a session: one that is disabled, deleted or proven.
///
/// # Errors
/// `auth/account-disabled`, `auth/account-deleted`; `auth/authentication-required` for an account whose address is proven.
pub fn may_take_over(holder: &User) -> Result<(), Error> {
    if holder.disabled {
        Err(Code::AccountDisabled.into())
    } else if holder.deleted.is_some() {
        let message =
            "This account is deleted; its user can bring it back: POST /api/auth/me/restore.";
        Err(Error::new(Code::AccountDeleted).with_message(message))
    } else if holder.email_verified_at.is_some() {
        Err(Code::AuthenticationRequired.into())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
