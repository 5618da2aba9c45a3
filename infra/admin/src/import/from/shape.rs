//! The members of a user in the export of each system.

use clap::ValueEnum as _;
use serde_json::{Map, Value};

use super::System;

/// The names of the members that mean the same in every system, in the order in which they are looked for.
pub(super) struct Shape {
    pub(super) id: &'static [&'static str],
    pub(super) hash: &'static [&'static str],
    pub(super) created: &'static [&'static str],
    pub(super) verified: &'static [&'static str],
    /// The member with the time until which the user is shut out.
    pub(super) banned: Option<&'static str>,
    /// The member with a role that only admins set.
    pub(super) role: Option<&'static str>,
    /// Members by which a user cannot move, each with the reason.
    pub(super) refused: &'static [(&'static str, &'static str)],
    /// The members with the accounts at providers.
    pub(super) accounts: &'static [&'static str],
    /// Objects whose members are profile fields.
    pub(super) metadata: &'static [&'static str],
    /// Members that mean nothing outside of the system.
    pub(super) ignored: &'static [&'static str],
    /// The members that users of this system alone have: any of these groups, with all of its names.
    marks: &'static [&'static [&'static str]],
}

/// The members of metadata that providers write, which say what the account says.
pub(super) const OF_PROVIDERS: [&str; 6] = [
    "email",
    "email_verified",
    "phone_verified",
    "sub",
    "iss",
    "provider_id",
];

/// The ways to reach a user, which a system proves in one way or another.
const OF_EVERY: &[&str] = &["email", "phone"];

const POCKETBASE: Shape = Shape {
    id: &["id"],
    hash: &["password", "passwordHash"],
    created: &["created"],
    verified: &["verified"],
    banned: None,
    role: None,
    refused: &[],
    accounts: &["externalAuths"],
    metadata: &[],
    ignored: &[
        "collectionId",
        "collectionName",
        "emailVisibility",
        "expand",
        "tokenKey",
        "updated",
        "lastResetSentAt",
        "lastVerificationSentAt",
        "lastLoginAlertSentAt",
    ],
    marks: &[&["tokenKey"], &["emailVisibility"]],
};

const SUPABASE: Shape = Shape {
    id: &["id"],
    hash: &["encrypted_password"],
    created: &["created_at"],
    verified: &["email_confirmed_at"],
    banned: Some("banned_until"),
    role: None,
    refused: &[
        ("deleted_at", "the user was deleted there"),
        (
            "is_anonymous",
            "an anonymous user has no way to sign in that moves",
        ),
    ],
    accounts: &["identities"],
    metadata: &["raw_user_meta_data", "user_metadata"],
    ignored: &[
        "instance_id",
        "aud",
        // The role in Postgres, which every user has.
        "role",
        "confirmed_at",
        "invited_at",
        "confirmation_token",
        "confirmation_sent_at",
        "recovery_token",
        "recovery_sent_at",
        "email_change",
        "email_change_token_new",
        "email_change_token_current",
        "email_change_confirm_status",
        "email_change_sent_at",
        "last_sign_in_at",
        "raw_app_meta_data",
        "app_metadata",
        "is_super_admin",
        "is_sso_user",
        "updated_at",
        "phone_change",
        "phone_change_token",
        "phone_change_sent_at",
        "phone_confirmed_at",
        "reauthentication_token",
        "reauthentication_sent_at",
    ],
    marks: &[&["encrypted_password"], &["raw_user_meta_data"]],
};

const URBACKEND: Shape = Shape {
    id: &["_id", "id"],
    hash: &["password"],
    created: &["createdAt"],
    // Users can write all members themselves there: none proves an address, an account at a provider or a role.
    verified: &[],
    banned: None,
    role: None,
    refused: &[],
    accounts: &[],
    metadata: &[],
    ignored: &["__v", "schemaVersion", "updatedAt", "authProviders"],
    marks: &[&["_id", "__v"]],
};

const BKEND: Shape = Shape {
    id: &["id", "_id"],
    hash: &["passwordHash", "password"],
    created: &["createdAt"],
    verified: &["emailVerified"],
    banned: None,
    role: Some("role"),
    refused: &[],
    accounts: &["accounts"],
    metadata: &[],
    ignored: &["updatedAt", "onboardingStatus"],
    marks: &[&["onboardingStatus"]],
};

impl Shape {
    /// The members of this system.
    pub(super) const fn of(system: System) -> &'static Self {
        match system {
            System::Pocketbase => &POCKETBASE,
            System::Supabase => &SUPABASE,
            System::Urbackend => &URBACKEND,
            System::Bkend => &BKEND,
        }
    }

    /// Whether the system has a member of this name, which is not one of a user's own.
    pub(super) fn has(&self, name: &str) -> bool {
        let lists = [
            self.id,
            self.hash,
            self.created,
            self.verified,
            self.accounts,
            self.metadata,
            self.ignored,
            OF_EVERY,
        ];
        let is_refused = self.refused.iter().any(|(refused, _)| *refused == name);
        let is_single = [self.banned, self.role].contains(&Some(name));
        is_refused || is_single || lists.iter().any(|list| list.contains(&name))
    }

    /// The member by which a user is told to be of this system.
    fn mark(&self, fields: &Map<String, Value>) -> Option<&'static str> {
        let has = |name: &&str| fields.contains_key(*name);
        let whole = self.marks.iter().find(|names| names.iter().all(has));
        whole.and_then(|names| names.last()).copied()
    }
}

/// Why a user is not one of this system, but of another. Read as one of this, it would lose its password and its proofs. A member
/// with such a name may be a field of the app's own. So a user that looks like one of this system is one.
pub(crate) fn stranger(system: System, fields: &Map<String, Value>) -> Option<String> {
    if Shape::of(system).mark(fields).is_some() {
        return None;
    }
    System::value_variants().iter().find_map(|other| {
        let mark = Shape::of(*other).mark(fields)?;
        let (name, option) = (other.name(), other.name().to_ascii_lowercase());
        Some(format!(
            "has `{mark}`, as users of {name} have: import it with --from {option}."
        ))
    })
}

/// The members of an object, also of one that a table without JSON has as text.
pub(super) fn members(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(members)) => members,
        Some(Value::String(text)) => match api::value::parse(&text) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        },
        _ => Map::new(),
    }
}
