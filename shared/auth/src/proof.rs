//! Proofs of an address: codes, links and flows. None of them is stored. A code follows from a key, the item and its nonce.
//! So a copy of the tables opens nothing, and a mail that is sent twice says the same (ASVS 5.0, 6.5.2 and 11.5.1).

mod asking;
mod code;
mod dispatch;
mod evidence;
mod flow;
mod link;
mod mask;
mod posted;
mod sign_in;

use std::fmt;

use api::mail::Kind;
use api::settings::Auth;
use api::{Id, Timestamp};

pub use self::asking::Asking;
pub use self::code::is_code;
pub use self::dispatch::{Account, Dispatch, Occasion, dispatch, is_suppressed};
pub use self::evidence::{Evidence, Shown};
pub use self::flow::Flow;
pub use self::link::{Link, Page};
pub use self::mask::mask;
pub use self::posted::{Posted, Random, State, Wishes};
pub use self::sign_in::{Entry, admit_reader};

/// The use of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Proves the address of an account that there is.
    VerifyEmail,
    /// Proves the address of an account to be.
    Registration,
    /// Sets a new password.
    PasswordReset,
    /// Proves the next address of an account.
    EmailChange,
    /// Signs in.
    MagicLink,
    /// Accepts an invitation.
    Invitation,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 6] = [
        Self::VerifyEmail,
        Self::Registration,
        Self::PasswordReset,
        Self::EmailChange,
        Self::MagicLink,
        Self::Invitation,
    ];

    /// The mail that carries the proof.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::VerifyEmail => Kind::VerifyEmail,
            Self::Registration => Kind::Registration,
            Self::PasswordReset => Kind::PasswordReset,
            Self::EmailChange => Kind::EmailChange,
            Self::MagicLink => Kind::MagicLink,
            Self::Invitation => Kind::Invitation,
        }
    }

    /// The name in items and tokens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.kind().as_str()
    }

    /// The purpose of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }

    /// Until when code and link of a proof that is made now are good.
    #[must_use]
    pub fn ends(self, settings: &Auth, now: Timestamp) -> Ends {
        let link = match self {
            Self::VerifyEmail | Self::Registration | Self::EmailChange => settings.verification_ttl,
            Self::PasswordReset => settings.reset_ttl,
            Self::MagicLink => settings.magic_link_ttl,
            Self::Invitation => settings.invitations.ttl,
        };
        let link = now.after(link.duration());
        let code = now.after(settings.code_ttl.duration());
        Ends {
            code: code.min(link),
            link,
        }
    }
}

/// Until when code and link are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The code.
    pub code: Timestamp,
    /// The link.
    pub link: Timestamp,
}

/// The owner of a proof: what a stranger has asked for, a user or an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A flow that a stranger has opened.
    Flow(Id),
    /// A user who is signed in: one proof for each purpose.
    User(Id),
    /// An invitation.
    Invitation(Id),
}

impl Subject {
    /// Its id.
    #[must_use]
    pub fn id(self) -> Id {
        let (Self::Flow(id) | Self::User(id) | Self::Invitation(id)) = self;
        id
    }

    fn letter(self) -> char {
        match self {
            Self::Flow(_) => 'f',
            Self::User(_) => 'u',
            Self::Invitation(_) => 'i',
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let id = text.get(1..)?.parse().ok()?;
        match text.get(..1)? {
            "f" => Some(Self::Flow(id)),
            "u" => Some(Self::User(id)),
            "i" => Some(Self::Invitation(id)),
            _ => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.letter(), self.id())
    }
}

/// The key of a proof's item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The use.
    pub purpose: Purpose,
    /// The owner.
    pub subject: Subject,
}

impl Place {
    /// The place of a user who is signed in.
    #[must_use]
    pub fn of_user(purpose: Purpose, user: Id) -> Self {
        let subject = Subject::User(user);
        Self { purpose, subject }
    }

    /// Whether a code can be shown for it. A code for a new password needs the handle of a flow, and an admin who sends the
    /// mail gets none. Invitations have links alone.
    #[must_use]
    pub fn takes_codes(self) -> bool {
        match self.purpose {
            Purpose::PasswordReset => matches!(self.subject, Subject::Flow(_)),
            Purpose::Invitation => false,
            Purpose::VerifyEmail
            | Purpose::Registration
            | Purpose::EmailChange
            | Purpose::MagicLink => true,
        }
    }
}

impl fmt::Display for Place {
    /// The key in `_mail`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subject {
            Subject::Flow(id) => write!(f, "code#{id}"),
            Subject::User(id) => write!(f, "code#{}#{id}", self.purpose.as_str()),
            Subject::Invitation(id) => write!(f, "invitation#{id}"),
        }
    }
}

/// All that code and link follow from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The item.
    pub place: Place,
    /// The item's nonce: another one makes every code and link before it void.
    pub nonce: String,
    /// The number of the sealing key.
    pub key: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    #[test]
    fn a_place_is_of_its_owner_and_purpose() {
        let id = Id::new(NOW, [1; 10]);
        let key = |purpose, subject| Place { purpose, subject }.to_string();
        let flow = key(Purpose::PasswordReset, Subject::Flow(id));
        assert_eq!(flow, format!("code#{id}"));
        let user = key(Purpose::EmailChange, Subject::User(id));
        assert_eq!(user, format!("code#email-change#{id}"));
        let invitation = key(Purpose::Invitation, Subject::Invitation(id));
        assert_eq!(invitation, format!("invitation#{id}"));
        for subject in [
            Subject::Flow(id),
            Subject::User(id),
            Subject::Invitation(id),
        ] {
            assert_eq!(Subject::parse(&subject.to_string()), Some(subject));
        }
        assert_eq!(Subject::parse("x"), None);
    }

    #[test]
    fn a_mail_that_nobody_has_a_handle_of_has_no_code() {
        let id = Id::new(NOW, [1; 10]);
        let takes = |purpose, subject| Place { purpose, subject }.takes_codes();
        assert!(takes(Purpose::PasswordReset, Subject::Flow(id)));
        assert!(!takes(Purpose::PasswordReset, Subject::User(id)));
        assert!(!takes(Purpose::Invitation, Subject::Invitation(id)));
        assert!(takes(Purpose::VerifyEmail, Subject::User(id)));
    }

    #[test]
    fn a_code_never_outlives_its_link() {
        let settings = Auth::default();
        let ends = |purpose: Purpose| {
            let ends = purpose.ends(&settings, NOW);
            let seconds = |at: Timestamp| at.seconds() - NOW.seconds();
            (seconds(ends.code), seconds(ends.link))
        };
        assert_eq!(ends(Purpose::VerifyEmail), (600, 86_400));
        assert_eq!(ends(Purpose::PasswordReset), (600, 1800));
        assert_eq!(ends(Purpose::MagicLink), (600, 600));
        assert_eq!(ends(Purpose::Invitation), (600, 7 * 86_400));
    }
}
