//! The types of events: a closed list.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Reads the list of types.
macro_rules! kinds {
    ($( $variant:ident $name:literal $when:literal )+) => {
        /// The type of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Kind {
            $(
                #[doc = concat!("`", $name, "`")]
                $variant,
            )+
        }

        impl Kind {
            /// Every type.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// The name on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $name, )+
                }
            }

            /// When there is such an event, for the docs.
            #[must_use]
            pub fn when(self) -> &'static str {
                match self {
                    $( Self::$variant => $when, )+
                }
            }
        }
    };
}

kinds! {
    Registered "auth.register" "A user has made an account."
    LoggedIn "auth.login" "A user has signed in. A registration, which signs in as well, makes none."
    Reauthenticated "auth.reauthenticated" "A user has authenticated once more. The end of the session that was replaced makes none."
    Impersonated "auth.impersonated" "An admin acts as a user, in a session of the admin's own making."
    LoggedOut "auth.logout" "A user has signed out."
    RefreshReused "auth.refresh.reused" "A refresh token was shown again after its successor, and its session has ended."
    SessionEnded "auth.session.ended" "A session was ended by its user or an admin, or all sessions of a user at once."
    PasswordChanged "auth.password.changed" "A password was changed by its user, set by an admin or a server, or removed."
    EmailVerified "auth.email.verified" "A user has proven to read the mails of the address."
    EmailChanged "auth.email.changed" "A user has another address."
    MfaChanged "auth.mfa.changed" "The second factor of a user was switched on or off, or has new recovery codes."
    PasskeyChanged "auth.passkey.changed" "A user has a passkey more or less."
    AccountLinked "auth.account.linked" "A provider signs in to the account of a user."
    AccountUnlinked "auth.account.unlinked" "A provider no longer signs in to the account of a user."
    UserCreated "user.created" "A user was made by an admin, a server or an import."
    UserUpdated "user.updated" "Role, profile, switch, language or accepted terms of a user have changed."
    UserDeleted "user.deleted" "A user was deleted, with or without a time for a restoration."
    UserRestored "user.restored" "A deleted user is back."
    UserPurged "user.purged" "The last data of a deleted user, or of an anonymous one whose time is over, have gone within days of it."
    RecordCreated "record.created" "A record was created."
    RecordUpdated "record.updated" "A record was written, perhaps with the values that it had."
    RecordDeleted "record.deleted" "A record was deleted."
    KeyCreated "key.created" "An API key was made."
    KeyRotated "key.rotated" "An API key has a new secret."
    KeyDeleted "key.deleted" "An API key was deleted."
    WebhookChanged "webhook.changed" "A webhook was made, changed, rotated or removed."
    WebhookFailing "webhook.failing" "A webhook does not answer: new events wait."
    WebhookRecovered "webhook.recovered" "A webhook answers again."
    TemplateChanged "template.changed" "An admin has replaced the template of a mail, or taken back the shipped one."
    ProviderChanged "provider.changed" "An admin has changed the settings of a provider, or taken them back."
    KeysRotated "keys.rotated" "A key of access tokens was published, signs from now on, or verifies no longer."
    ThrottleCleared "throttle.cleared" "An operator has cleared the attempts that counted against an account or a source address."
    TableRecovered "table.recovered" "An operator has taken a table back to a point in time, or to what another table holds."
    TableRepaired "table.repaired" "An operator has repaired items of a table that contradicted each other."
    InvitationCreated "invitation.created" "A user or a server has invited an address."
    InvitationResent "invitation.resent" "An invitation was sent again, with another token."
    InvitationAccepted "invitation.accepted" "The address has accepted an invitation."
    InvitationRejected "invitation.rejected" "The address has rejected an invitation."
    InvitationRevoked "invitation.revoked" "An invitation was taken back."
}

impl Kind {
    /// The first word: `auth`, `user`, `record`, `key`, `webhook`, `template`, `provider`, `keys`, `throttle`,
    /// `table` or `invitation`.
    #[must_use]
    pub fn family(self) -> &'static str {
        let name = self.as_str();
        name.split_once('.').map_or(name, |(family, _)| family)
    }

    /// Whether it tells of a record, so that collections narrow it.
    #[must_use]
    pub fn is_of_records(self) -> bool {
        matches!(
            self,
            Self::RecordCreated | Self::RecordUpdated | Self::RecordDeleted
        )
    }
}

/// The text is no type of an event.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAKind(pub String);

impl fmt::Display for NotAKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no type of an event", self.0)
    }
}

impl FromStr for Kind {
    type Err = NotAKind;

    fn from_str(text: &str) -> Result<Self, NotAKind> {
        let mut all = Self::ALL.iter().copied();
        all.find(|kind| kind.as_str() == text)
            .ok_or_else(|| NotAKind(text.to_owned()))
    }
}

impl TryFrom<String> for Kind {
    type Error = NotAKind;

    fn try_from(text: String) -> Result<Self, NotAKind> {
        text.parse()
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.as_str().to_owned()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl JsonSchema for Kind {
    fn schema_name() -> Cow<'static, str> {
        "EventType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_type_has_one_name_of_a_family_and_a_word() {
        let names: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert!(kind.as_str().starts_with(&format!("{}.", kind.family())));
            assert_eq!(kind.is_of_records(), kind.family() == "record");
        }
        assert_eq!("auth".parse::<Kind>(), Err(NotAKind("auth".to_owned())));
        assert!("Auth.register".parse::<Kind>().is_err());
    }
}
