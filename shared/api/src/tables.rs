//! The system tables, each declared once. The template, the policies, the store and the tests read this list; the
//! tables of the records follow from `collections/` instead.

/// A system table.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SystemTable {
    /// The table's name after the prefix of its deployment, such as `_users`.
    pub name: &'static str,
    /// The sentence that documents the table.
    pub doc: &'static str,
    /// The partition key, and the sort key if there is one. Every key of a system table is text.
    pub key: &'static [&'static str],
    /// The attribute that tells DynamoDB when to remove an item, in seconds.
    pub expires: Option<&'static str>,
    /// The indexes, each with every attribute.
    pub indexes: &'static [Index],
    /// The content of the stream of the table's changes, for the tables whose changes make events.
    pub stream: Option<Stream>,
}

/// An index of a system table.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Index {
    /// The index's name.
    pub name: &'static str,
    /// The partition key and the sort key.
    pub key: [&'static str; 2],
}

/// The content of a stream record, as DynamoDB names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// The item before and after the change.
    NewAndOldImages,
    /// The item after the change.
    NewImage,
}

/// The attribute by which items expire, in every table that has such items.
const EXPIRES: Option<&str> = Some("expires_at");

/// The stream of every table whose changes make events.
const CHANGES: Option<Stream> = Some(Stream::NewAndOldImages);

/// The attribute by which the tombstone of an API key expires, in seconds: `expires_at` is the key's own, in
/// milliseconds.
pub const GONE: &str = "gone_at";

/// The index of [`USERS`] that holds the users alone, in the order of their ids.
pub const USERS_BY_KIND: Index = Index {
    name: "by_kind",
    key: ["kind", "id"],
};

/// `_users`
pub const USERS: SystemTable = SystemTable {
    name: "_users",
    doc: "Users, their identities and reserved profile values; what a deleted account had expires.",
    key: &["id"],
    expires: EXPIRES,
    indexes: &[USERS_BY_KIND],
    stream: CHANGES,
};

/// The start of the partition keys of [`USERS`] that belong to identities, which hold the password hashes.
pub const IDENTITIES: &str = "email#";

/// `_sessions`
pub const SESSIONS: SystemTable = SystemTable {
    name: "_sessions",
    doc: "Sessions, gathered by their user.",
    key: &["user_id", "id"],
    expires: EXPIRES,
    indexes: &[],
    stream: CHANGES,
};

/// `_settings`
pub const SETTINGS: SystemTable = SystemTable {
    name: "_settings",
    doc: "The signing secret, and the keys of tags, cursors, pseudonyms and sealing.",
    key: &["id"],
    expires: None,
    indexes: &[],
    stream: None,
};

/// `_throttle`
pub const THROTTLE: SystemTable = SystemTable {
    name: "_throttle",
    doc: "Attempts that still count, by account and by source.",
    key: &["id"],
    expires: EXPIRES,
    indexes: &[],
    stream: None,
};

/// `_api_keys`
pub const API_KEYS: SystemTable = SystemTable {
    name: "_api_keys",
    doc: "API keys, and how many secrets they ever had; a deleted key expires.",
    key: &["kind", "id"],
    expires: Some(GONE),
    indexes: &[],
    stream: CHANGES,
};

/// `_events`
pub const EVENTS: SystemTable = SystemTable {
    name: "_events",
    doc: "Events that a consumer wants, until they expire.",
    key: &["id"],
    expires: EXPIRES,
    indexes: &[],
    stream: None,
};

/// `_deliveries`
pub const DELIVERIES: SystemTable = SystemTable {
    name: "_deliveries",
    doc: "Consumers of events, their leases, and the queue and the log of each.",
    key: &["consumer", "id"],
    expires: EXPIRES,
    indexes: &[],
    stream: CHANGES,
};

/// The partition of [`DELIVERIES`] with the settings of consumers, whose changes make events.
pub const CONSUMERS: &str = "consumers";

/// `_audit`
pub const AUDIT: SystemTable = SystemTable {
    name: "_audit",
    doc: "The audit log: items are added and expire, and nothing changes them.",
    key: &["shard", "id"],
    expires: EXPIRES,
    indexes: &[AUDIT_BY_SUBJECT, AUDIT_BY_ACTOR],
    stream: None,
};

/// The index of [`AUDIT`] by the id of the user, record or other thing that changed.
pub const AUDIT_BY_SUBJECT: Index = Index {
    name: "by_subject",
    key: ["subject", "id"],
};

/// The index of [`AUDIT`] by the id of the user or the key that made the change.
pub const AUDIT_BY_ACTOR: Index = Index {
    name: "by_actor",
    key: ["actor", "id"],
};

/// `_configuration`
pub const CONFIGURATION: SystemTable = SystemTable {
    name: "_configuration",
    doc: "Configuration that admins change at run time.",
    key: &["id"],
    expires: None,
    indexes: &[],
    stream: CHANGES,
};

/// `_mail`
pub const MAIL: SystemTable = SystemTable {
    name: "_mail",
    doc: "Mails to be sent, and the codes and links in them until they expire.",
    key: &["id"],
    expires: EXPIRES,
    indexes: &[],
    stream: Some(Stream::NewImage),
};

/// `_invitations`
pub const INVITATIONS: SystemTable = SystemTable {
    name: "_invitations",
    doc: "Invitations, until a while after they are closed.",
    key: &["kind", "id"],
    expires: EXPIRES,
    indexes: &[],
    stream: CHANGES,
};

/// Every system table.
pub const ALL: [&SystemTable; 11] = [
    &USERS,
    &SESSIONS,
    &SETTINGS,
    &THROTTLE,
    &API_KEYS,
    &EVENTS,
    &DELIVERIES,
    &AUDIT,
    &CONFIGURATION,
    &MAIL,
    &INVITATIONS,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_system_table_has_a_name_that_no_collection_may_have_and_one_or_two_keys() {
        let names: BTreeSet<&str> = ALL.iter().map(|table| table.name).collect();
        assert_eq!(names.len(), ALL.len());
        for table in ALL {
            assert!(table.name.starts_with('_'), "{}", table.name);
            assert!((1..=2).contains(&table.key.len()), "{}", table.name);
            assert!(table.doc.ends_with('.'), "{}", table.name);
        }
    }
}
