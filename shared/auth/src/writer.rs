//! Writers: the user, the key and the request behind a write.

use api::{Id, Timestamp};

/// The writer and the request of a write: they make a repeated write recognisable.
#[derive(Clone, Debug)]
pub struct Writer {
    /// The user; `None` for a stranger and for a server.
    pub user: Option<Id>,
    /// The API key, if one was shown.
    pub key: Option<Id>,
    /// The request's id, as in the log.
    pub request_id: String,
    /// The id of this write: the record's next revision.
    pub rev: String,
    /// The time of the write.
    pub now: Timestamp,
}

impl Writer {
    /// A write of this user and request.
    #[must_use]
    pub fn new(user: Option<Id>, request_id: String, now: Timestamp, random: [u8; 10]) -> Self {
        Self {
            user,
            key: None,
            request_id,
            rev: Id::new(now, random).to_string(),
            now,
        }
    }

    /// The writer with the API key that was shown.
    #[must_use]
    pub fn with_key(self, key: Option<Id>) -> Self {
        Self { key, ..self }
    }
}
