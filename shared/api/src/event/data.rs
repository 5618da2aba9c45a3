//! The events there are, each with its content.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::declare::events;
use super::detail::PasskeyReason;
use super::key_step::KeyStep;
use super::kind::Kind;
use super::reason::Reason;
use crate::id::Id;
use crate::mail;
use crate::time::Timestamp;
use crate::value;
use crate::wire::{Invitation, KeyType, UserForAdmins};

events! {
    /// A user has made an account.
    Registered {
        /// The user.
        user: UserForAdmins,
        /// The session that began with it; null where none did.
        session_id: Option<Id>,
        /// The proof that the account was made with: `password`, `invitation`, `magic-link`, `provider:` and the name of a
        /// provider, or none: `anonymous`.
        method: String,
    }
    /// A user has signed in.
    LoggedIn {
        /// The user.
        user_id: Id,
        /// The session that began.
        session_id: Id,
        /// The way of signing in: `login`, `verify-email`, `magic-link`, `invitation`, `provider:` and the name of a provider, or
        /// `restore`, which also brings a deleted account back.
        method: String,
    }
    /// A user has authenticated once more: a new session has taken the place of another.
    Reauthenticated {
        /// The user.
        user_id: Id,
        /// The session that began.
        session_id: Id,
        /// The methods of the authentication, by the names of the claim `amr`.
        amr: Vec<String>,
    }
    /// An admin acts as a user.
    Impersonated {
        /// The user.
        user_id: Id,
        /// The session that began.
        session_id: Id,
        /// The reason, in the admin's words.
        reason: String,
    }
    /// A user has signed out.
    LoggedOut {
        /// The user.
        user_id: Id,
        /// The session that ended.
        session_id: Id,
    }
    /// A refresh token was shown again after its successor: somebody may have a copy. Its session has ended.
    RefreshReused {
        /// The user.
        user_id: Id,
        /// The session that ended.
        session_id: Id,
    }
    /// A session was ended otherwise, or all sessions of a user at once.
    SessionEnded {
        /// The user.
        user_id: Id,
        /// The session that ended; null where all did.
        session_id: Option<Id>,
        /// The session that stays where all others ended, if one does.
        kept: Option<Id>,
        /// The reason; null where the write does not tell.
        reason: Option<Reason>,
    }
    /// A password was changed by its user, set by an admin or a server, or removed.
    PasswordChanged {
        /// The user.
        user_id: Id,
        /// `password-change` by the user, `password-set` by an admin or a server, `password-reset` by a mail. It is
        /// `password-removed` where the reader of the mails took an unproven account over.
        reason: Reason,
    }
    /// A user has proven to read the mails of the address.
    EmailVerified {
        /// The user.
        user_id: Id,
    }
    /// A user has another address.
    EmailChanged {
        /// The user as it is.
        user: UserForAdmins,
        /// The address before; null for the first one.
        previous_email: Option<String>,
    }
    /// The second factor of a user has changed.
    MfaChanged {
        /// The user.
        user_id: Id,
        /// `mfa-enabled`, `mfa-disabled` or `mfa-codes-renewed`.
        reason: Reason,
    }
    /// A user has a passkey more or less.
    PasskeyChanged {
        /// The user.
        user_id: Id,
        /// The passkey's id.
        passkey_id: String,
        /// The change.
        reason: PasskeyReason,
        /// The user's name for it, for the mail alone.
        #[serde(skip)]
        name: String,
    }
    /// A provider signs in to the account of a user.
    AccountLinked {
        /// The user.
        user_id: Id,
        /// The name of the provider.
        provider: String,
    }
    /// A provider no longer signs in to the account of a user.
    AccountUnlinked {
        /// The user.
        user_id: Id,
        /// The name of the provider.
        provider: String,
    }
    /// A user was made by an admin, a server or an import.
    UserCreated {
        /// The user.
        user: UserForAdmins,
    }
    /// Role, profile, switch, language or accepted terms of a user have changed.
    UserUpdated {
        /// The user as it is.
        user: UserForAdmins,
        /// The values before; a field without one is absent.
        previous: Map<String, Value>,
        /// The names of the members of `user` that have another value, `locale` and `terms` among them, in their order. The
        /// address has events of its own.
        changed: Vec<String>,
    }
    /// A user was deleted.
    UserDeleted {
        /// The user.
        user_id: Id,
        /// Until when the account can be brought back; null for never.
        until: Option<Timestamp>,
    }
    /// A deleted user is back.
    UserRestored {
        /// The user.
        user_id: Id,
        /// Until when the account could have been brought back.
        until: Option<Timestamp>,
    }
    /// The last data of a deleted user, or of an anonymous one, have gone.
    UserPurged {
        /// The user.
        user_id: Id,
    }
    /// A record was created.
    RecordCreated {
        /// The id of this write.
        rev: String,
        /// The id of the write before; null, unless a record is back under the id of a deleted one.
        previous_rev: Option<String>,
        /// The names of the declared fields that have a value, in their order.
        changed: Vec<String>,
        /// The record as an admin sees it; null where it was cut.
        record: Option<Map<String, Value>>,
        /// Null.
        previous: Option<Map<String, Value>>,
        /// Whether the event was too large for its records.
        #[serde(default, skip_serializing_if = "is_false")]
        truncated: bool,
    }
    /// A record was written, perhaps with the values that it had.
    RecordUpdated {
        /// The id of this write.
        rev: String,
        /// The id of the write before.
        previous_rev: Option<String>,
        /// The names of the declared fields that have another value, in their order.
        changed: Vec<String>,
        /// The record as an admin sees it; null where it was cut.
        record: Option<Map<String, Value>>,
        /// The record before; null where it was cut.
        previous: Option<Map<String, Value>>,
        /// Whether the event was too large for its records.
        #[serde(default, skip_serializing_if = "is_false")]
        truncated: bool,
    }
    /// A record was deleted.
    RecordDeleted {
        /// The id of this write.
        rev: String,
        /// The id of the write before.
        previous_rev: Option<String>,
        /// The names of the declared fields that had a value, in their order.
        changed: Vec<String>,
        /// Null.
        record: Option<Map<String, Value>>,
        /// The record before; null where it was cut.
        previous: Option<Map<String, Value>>,
        /// Whether the event was too large for its records.
        #[serde(default, skip_serializing_if = "is_false")]
        truncated: bool,
    }
    /// An API key was made.
    KeyCreated {
        /// The key.
        key_id: Id,
        /// The name that people call it.
        name: String,
        /// For an app or for a server.
        r#type: KeyType,
        /// The operations that it may be used for.
        scopes: Vec<String>,
    }
    /// An API key has a new secret.
    KeyRotated {
        /// The key.
        key_id: Id,
        /// The name that people call it.
        name: String,
        /// For an app or for a server.
        r#type: KeyType,
        /// The operations that it may be used for.
        scopes: Vec<String>,
    }
    /// An API key was deleted.
    KeyDeleted {
        /// The key.
        key_id: Id,
        /// The name that people called it.
        name: String,
        /// For an app or for a server.
        r#type: KeyType,
        /// The operations that it might be used for.
        scopes: Vec<String>,
    }
    /// A webhook was made, changed, rotated or removed.
    WebhookChanged {
        /// The webhook.
        webhook_id: Id,
        /// The names of the settings that have another value.
        changed: Vec<String>,
    }
    /// A webhook does not answer: new events wait.
    WebhookFailing {
        /// The webhook.
        webhook_id: Id,
        /// The names of what has changed of it.
        changed: Vec<String>,
    }
    /// A webhook answers again.
    WebhookRecovered {
        /// The webhook.
        webhook_id: Id,
        /// The names of what has changed of it.
        changed: Vec<String>,
    }
    /// An admin has replaced the template of a mail, or taken back the shipped one.
    TemplateChanged {
        /// The kind of the mail.
        kind: mail::Kind,
        /// The language.
        locale: String,
        /// The names of the parts that have another text; `deleted` where the shipped one is back.
        changed: Vec<String>,
    }
    /// An admin has changed the settings of a provider, or taken them back.
    ProviderChanged {
        /// The name of the provider.
        provider: String,
        /// The names of the settings that have another value, `clientSecret` among them; `deleted` where those of
        /// `bakend.json` hold again.
        changed: Vec<String>,
    }
    /// A key of access tokens was published, signs from now on, or verifies no longer.
    KeysRotated {
        /// The key's id, as in the header of tokens; of a secret, its fingerprint.
        kid: String,
        /// The step.
        step: KeyStep,
    }
    /// An operator has cleared the attempts that counted against an account or a source address.
    ThrottleCleared {
        /// The user; null for a source address, and for an address that nobody has.
        user_id: Option<Id>,
    }
    /// An operator has taken a table back to a point in time, or to what another table holds.
    TableRecovered {
        /// The table, without the prefix of the deployment.
        table: String,
        /// The point in time; null where another table was named.
        to: Option<Timestamp>,
        /// The whole name of the other table; null for a point in time.
        source: Option<String>,
        /// How many items were put back.
        put_back: u64,
        /// How many items were removed.
        removed: u64,
        /// How many items were left alone, since they were written after the recovery began.
        left: u64,
    }
    /// An operator has repaired items of a table that contradicted each other.
    TableRepaired {
        /// The table, without the prefix of the deployment.
        table: String,
        /// How many repairs were made.
        repaired: u64,
    }
    /// A user or a server has invited an address.
    InvitationCreated {
        /// The invitation.
        invitation: Invitation,
    }
    /// An invitation was sent again, with another token.
    InvitationResent {
        /// The invitation.
        invitation: Invitation,
    }
    /// The address has accepted an invitation.
    InvitationAccepted {
        /// The invitation.
        invitation: Invitation,
    }
    /// The address has rejected an invitation.
    InvitationRejected {
        /// The invitation.
        invitation: Invitation,
    }
    /// An invitation was taken back.
    InvitationRevoked {
        /// The invitation.
        invitation: Invitation,
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(value: &bool) -> bool {
    !value
}
