//! Stamps: when something happened, by whom, and in which request, as the items tell it.

use api::event::{Actor, ActorType, Origin};
use api::{Id, Timestamp};

use super::image::Image;

/// The time, the actor and the request of an event.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    pub(super) at: Timestamp,
    /// `None` where the write does not tell.
    pub(super) actor: Option<Actor>,
    /// `None` where no request wrote, or where the write does not tell.
    pub(super) request: Option<Origin>,
}

impl Stamp {
    /// A change by nobody who is known.
    pub(super) fn untold(at: Timestamp) -> Self {
        Self {
            at,
            actor: None,
            request: None,
        }
    }

    /// A change by the system itself.
    pub(super) fn system(at: Timestamp) -> Self {
        Self {
            actor: Some(Actor::of(ActorType::System)),
            ..Self::untold(at)
        }
    }

    /// A change as a stamp of [`accounts::stamp`](crate::accounts) tells it.
    pub(super) fn read(stamp: &Image, at: Timestamp) -> Self {
        let Some(kind) = stamp.text("by").and_then(ActorType::parse) else {
            return Self::untold(at);
        };
        let actor = Actor {
            id: stamp.id("user"),
            role: stamp.text("role").map(ToOwned::to_owned),
            key_id: stamp.id("key"),
            impersonator: stamp.id("impersonator"),
            ..Actor::of(kind)
        };
        Self {
            at,
            request: origin(stamp, kind),
            actor: Some(actor),
        }
    }

    /// The same by this user, with the user's role: a registration is the act of the user whom it makes.
    pub(super) fn by(mut self, user: Id, role: &str) -> Self {
        let key_id = self.actor.and_then(|actor| actor.key_id);
        self.actor = Some(Actor {
            id: Some(user),
            role: Some(role.to_owned()),
            key_id,
            ..Actor::of(ActorType::User)
        });
        self
    }

    /// The same, with the role of the actor where that is the user whom the item is of.
    pub(super) fn with_role_of(mut self, user: Id, role: Option<&str>) -> Self {
        if let Some(actor) = &mut self.actor
            && actor.id == Some(user)
            && actor.role.is_none()
        {
            actor.role = role.map(ToOwned::to_owned);
        }
        self
    }
}

/// The request of a stamp; operators and the system have none.
pub(super) fn origin(stamp: &Image, kind: ActorType) -> Option<Origin> {
    if matches!(kind, ActorType::Cli | ActorType::System) {
        return None;
    }
    let known = |name: &str| {
        let text = stamp.text(name).filter(|text| !text.is_empty());
        text.map(ToOwned::to_owned)
    };
    Some(Origin {
        id: known("request_id")?,
        ip: known("ip"),
        user_agent: known("user_agent"),
    })
}
