//! Notices: mails that tell of a change that was made. They carry no proof, and no request waits for one.

use std::net::IpAddr;
use std::time::Duration;

use api::event::{ActorType, Envelope, Event, PasskeyReason, Reason};
use api::mail::Kind;
use api::{Error, Id, Timestamp, value};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::keys::Keys;
use crate::proof::{Posted, State, is_suppressed, mask};
use crate::sealing::Purpose as Seal;
use crate::session::Client;
use crate::user::User;

/// For how long a notice is due.
const DUE: Duration = Duration::from_secs(86_400);

/// The random bytes of a notice: those of the two values that it seals.
pub type Random = [u8; 24];

/// The reader of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A user, at the address that the account has when the mail is sent.
    User(Id),
    /// An address, which may be no user's any more.
    Address(String),
}

/// The content of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", untagged)]
pub enum Content {
    /// A text that is finished, for a preview.
    Written {
        /// The subject.
        subject: String,
        /// The plain text.
        text: String,
        /// The HTML.
        html: Option<String>,
    },
    /// The facts that a template tells.
    #[serde(rename_all = "camelCase")]
    Facts {
        /// The thing that has changed, where the kind has one.
        what: String,
        /// The time of the change.
        when: Timestamp,
        /// The `User-Agent` of the request.
        user_agent: Option<String>,
        /// The network that the request came from.
        place: Option<String>,
    },
}

/// A notice that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The id, which follows from the change: the same change makes one notice.
    pub id: Id,
    /// The kind of mail.
    pub kind: Kind,
    /// The reader.
    pub reader: Reader,
    /// The content.
    pub content: Content,
    /// Until when it is worth sending.
    pub until: Timestamp,
}

/// The facts of a change that its event does not tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Before<'a> {
    /// The address of the user before the change.
    pub address: Option<&'a str>,
    /// How many recovery codes are left, where a session began by one.
    pub recovery_left: Option<&'a str>,
}

/// A notice as `_mail` keeps it: neither address nor content can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The id.
    pub id: Id,
    /// The kind of mail.
    pub kind: Kind,
    /// The user, or the address, sealed.
    pub reader: Reader,
    /// The content, sealed.
    pub values: String,
    /// Until when it is worth sending.
    pub until: Timestamp,
    /// How far the mail has come.
    pub state: State,
}

/// The decision about a notice that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is sent.
    Sent,
    /// Nothing is sent: its user is gone, or the address takes no mail.
    Dropped,
}

impl Notice {
    /// The notice of an event, if its kind tells of one.
    #[must_use]
    pub fn of(event: &Envelope, before: Before<'_>) -> Option<Self> {
        let old_address = before.address;
        let user = |kind: Kind, user: Id| (kind, Reader::User(user), String::new());
        let old = |address: &str| Reader::Address(address.to_owned());
        let (kind, reader, what) = match &event.event {
            Event::PasswordChanged { user_id, reason } => match reason {
                Reason::PasswordReset => user(Kind::PasswordWasReset, *user_id),
                _ => user(Kind::PasswordChanged, *user_id),
            },
            Event::LoggedIn { user_id, .. } | Event::Reauthenticated { user_id, .. } => {
                let left = before.recovery_left?;
                let reader = Reader::User(*user_id);
                (Kind::RecoveryCodeUsed, reader, left.to_string())
            }
            Event::MfaChanged { user_id, reason } => match reason {
                Reason::MfaEnabled => user(Kind::MfaEnabled, *user_id),
                Reason::MfaDisabled => user(Kind::MfaDisabled, *user_id),
                _ => user(Kind::RecoveryCodesRenewed, *user_id),
            },
            Event::PasskeyChanged {
                user_id,
                reason,
                name,
                ..
            } => {
                let kind = match reason {
                    PasskeyReason::Added => Kind::PasskeyAdded,
                    PasskeyReason::Removed => Kind::PasskeyRemoved,
                };
                (kind, Reader::User(*user_id), name.clone())
            }
            Event::EmailChanged {
                user,
                previous_email,
            } => {
                let reader = old(previous_email.as_deref()?);
                let new = user.email.as_deref().unwrap_or_default();
                (Kind::EmailChanged, reader, mask(new))
            }
            Event::Impersonated { user_id, .. } => user(Kind::Impersonated, *user_id),
            Event::RefreshReused { user_id, .. } => user(Kind::SessionReuse, *user_id),
            Event::UserDeleted { .. } => (Kind::AccountDeleted, old(old_address?), String::new()),
            Event::UserUpdated { user, changed, .. } if is_by_another(event, user.id) => {
                let reader = Reader::User(user.id);
                (Kind::AdminChangedAccount, reader, changed.join(", "))
            }
            _ => return None,
        };
        let request = event.request.as_ref();
        Some(Self {
            id: event.id,
            kind,
            reader,
            content: Content::Facts {
                what,
                when: event.at,
                user_agent: request.and_then(|request| request.user_agent.clone()),
                place: request.and_then(|request| place(request.ip.as_deref()?)),
            },
            until: event.at.after(DUE),
        })
    }

    /// The notice that a new address was asked for, to the old one. Its id follows from the nonce of the proof, so that a
    /// mail that is sent again makes no second one.
    #[must_use]
    pub fn of_email_change(posted: &Posted, old: &str, new: &str) -> Self {
        let nonce = URL_SAFE_NO_PAD.decode(&posted.ticket.nonce);
        let bytes = nonce.unwrap_or_default().first_chunk().copied();
        Self {
            id: Id::new(Timestamp::from_millis(0), bytes.unwrap_or_default()),
            kind: Kind::EmailChangeRequested,
            reader: Reader::Address(old.to_owned()),
            content: Content::Facts {
                what: mask(new),
                when: posted.asked_at,
                user_agent: None,
                place: None,
            },
            until: posted.asked_at.after(DUE),
        }
    }

    /// The notice that wrong codes have locked the second factor of a user. `client` has sent the last of them.
    #[must_use]
    pub fn of_attempts(id: Id, user: Id, client: &Client) -> Self {
        let at = id.created_at();
        Self {
            id,
            kind: Kind::MfaAttempts,
            reader: Reader::User(user),
            content: Content::Facts {
                what: String::new(),
                when: at,
                user_agent: Some(client.user_agent.clone()).filter(|it| !it.is_empty()),
                place: place(&client.ip),
            },
            until: at.after(DUE),
        }
    }

    /// A mail to this address that is written already.
    #[must_use]
    pub fn of_preview(id: Id, kind: Kind, address: &str, content: Content) -> Self {
        Self {
            id,
            kind,
            reader: Reader::Address(address.to_owned()),
            content,
            until: id.created_at().after(DUE),
        }
    }

    /// The notice as it is kept. The newest sealing key seals it.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn seal(&self, keys: &Keys, random: &Random) -> Result<Sealed, Error> {
        let at = key(self.id);
        let half = |start: usize| {
            let part = random
                .get(start..start + 12)
                .and_then(|it| it.try_into().ok());
            part.unwrap_or_default()
        };
        let values = serde_json::to_vec(&self.content);
        let values = values.map_err(|error| Error::internal(error.to_string()))?;
        let reader = match &self.reader {
            Reader::User(user) => Reader::User(*user),
            Reader::Address(address) => {
                let sealed = keys.seal((Seal::MailAddress, &at), address.as_bytes(), half(0))?;
                Reader::Address(sealed)
            }
        };
        Ok(Sealed {
            id: self.id,
            kind: self.kind,
            reader,
            values: keys.seal((Seal::MailValues, &at), &values, half(12))?,
            until: self.until,
            state: State::Due,
        })
    }
}

impl Sealed {
    /// The content; `None` where the keys do not open it.
    #[must_use]
    pub fn open(&self, keys: &Keys) -> Option<Content> {
        let bytes = keys.unseal((Seal::MailValues, &key(self.id)), &self.values)?;
        value::known(&bytes)
    }

    /// The reader; `None` where the keys do not open the address.
    #[must_use]
    pub fn open_reader(&self, keys: &Keys) -> Option<Reader> {
        match &self.reader {
            Reader::User(user) => Some(Reader::User(*user)),
            Reader::Address(sealed) => {
                let bytes = keys.unseal((Seal::MailAddress, &key(self.id)), sealed)?;
                String::from_utf8(bytes).ok().map(Reader::Address)
            }
        }
    }

    /// The texts that the sealing keys have to open.
    pub fn sealed(&self) -> impl Iterator<Item = &str> + Clone {
        let address = match &self.reader {
            Reader::User(_) => None,
            Reader::Address(address) => Some(address.as_str()),
        };
        std::iter::once(self.values.as_str()).chain(address)
    }
}

/// The key of a notice in `_mail`.
#[must_use]
pub fn key(id: Id) -> String {
    format!("notice#{id}")
}

/// Decides about a notice, by the user whom it is for or who has its address. Only a notice with an address needs no user.
#[must_use]
pub fn fate(reader: &Reader, user: Option<&User>, now: Timestamp) -> Fate {
    let is_there = match reader {
        Reader::User(_) => user.is_some_and(|user| user.deleted.is_none()),
        Reader::Address(_) => true,
    };
    if is_there && !user.is_some_and(|user| is_suppressed(user.mail_failed, now)) {
        Fate::Sent
    } else {
        Fate::Dropped
    }
}

/// Whether somebody who is known, and not the user, has made a change.
fn is_by_another(event: &Envelope, user: Id) -> bool {
    let actor = event.actor.as_ref();
    actor.is_some_and(|actor| actor.id != Some(user) && actor.r#type != ActorType::Stranger)
}

/// The network of an address: a /16, or a /32 of IPv6.
fn place(ip: &str) -> Option<String> {
    match ip.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            Some(format!("{first}.{second}.0.0/16"))
        }
        IpAddr::V6(ip) => {
            let [first, second, ..] = ip.segments();
            Some(format!("{first:x}:{second:x}::/32"))
        }
    }
}

#[cfg(test)]
mod tests;
