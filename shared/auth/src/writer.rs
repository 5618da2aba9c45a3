//! Writers: the user, the key and the request behind a write.

use api::event::ActorType;
use api::{Id, Timestamp};

use crate::caller::Caller;
use crate::session::Client;
use crate::user::AUTHENTICATED;

/// The writer and the request of a write: they make a repeated write recognisable, and events tell of them.
#[derive(Clone, Debug)]
pub struct Writer {
    /// The kind of the actor.
    pub by: ActorType,
    /// The user; `None` for a stranger and for a server.
    pub user: Option<Id>,
    /// The admin who acts as the user, if one does.
    pub impersonator: Option<Id>,
    /// The user's role, where the request has read it and it is another than [`AUTHENTICATED`]: most writes store none.
    pub role: Option<String>,
    /// The API key, if one was shown.
    pub key: Option<Id>,
    /// The trigger that writes, and how many triggers led to this write, if one does.
    pub trigger: Option<(String, u32)>,
    /// The origin of the request; both parts are empty without a request.
    pub client: Client,
    /// Whether records keep the source address: `events.recordAddresses`.
    pub keeps_address: bool,
    /// The request's id, as in the log; empty without a request.
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
        let by = if user.is_some() {
            ActorType::User
        } else {
            ActorType::Stranger
        };
        Self {
            by,
            user,
            impersonator: None,
            role: None,
            key: None,
            trigger: None,
            client: Client::default(),
            keeps_address: false,
            request_id,
            rev: Id::new(now, random).to_string(),
            now,
        }
    }

    /// A write of an operator, without a request.
    #[must_use]
    pub fn operator(now: Timestamp, random: [u8; 10]) -> Self {
        Self {
            by: ActorType::Cli,
            ..Self::new(None, String::new(), now, random)
        }
    }

    /// A write of the system itself, without a request.
    #[must_use]
    pub fn system(now: Timestamp, random: [u8; 10]) -> Self {
        Self {
            by: ActorType::System,
            ..Self::new(None, String::new(), now, random)
        }
    }

    /// A write of a trigger, without a request. `depth` tells how many triggers led to it, one by the event of another.
    #[must_use]
    pub fn trigger((name, depth): (&str, u32), now: Timestamp, random: [u8; 10]) -> Self {
        Self {
            by: ActorType::System,
            trigger: Some((name.to_owned(), depth)),
            ..Self::new(None, String::new(), now, random)
        }
    }

    /// The write as this caller's, with the API key that was shown.
    #[must_use]
    pub fn for_caller(self, caller: &Caller) -> Self {
        let by = match caller.id() {
            Some(_) => ActorType::User,
            None if caller.is_server() => ActorType::Key,
            None => ActorType::Stranger,
        };
        Self {
            by,
            user: caller.id(),
            impersonator: caller.actor(),
            role: caller
                .role()
                .filter(|role| *role != AUTHENTICATED)
                .map(ToOwned::to_owned),
            key: caller.key(),
            ..self
        }
    }

    /// The write as that of a user who has proven to be one without a session.
    #[must_use]
    pub fn proven(self, user: Id) -> Self {
        Self {
            by: ActorType::User,
            user: Some(user),
            impersonator: None,
            role: None,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::{Credentials, admit_by_claims};

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    #[test]
    fn a_writer_is_a_user_a_stranger_or_an_operator() {
        let id = Id::new(NOW, [1; 10]);
        let by = |writer: Writer| (writer.by, writer.user);
        let of = |user| Writer::new(user, "r".to_owned(), NOW, [2; 10]);
        assert_eq!(by(of(Some(id))), (ActorType::User, Some(id)));
        assert_eq!(by(of(None)), (ActorType::Stranger, None));
        assert_eq!(by(of(None).proven(id)), (ActorType::User, Some(id)));
        let operator = Writer::operator(NOW, [2; 10]);
        assert_eq!(
            (operator.by, operator.request_id.as_str()),
            (ActorType::Cli, "")
        );
        let stranger = admit_by_claims(&Credentials::default());
        let writer = of(Some(id)).for_caller(&stranger);
        assert_eq!(by(writer), (ActorType::Stranger, None));
    }
}
