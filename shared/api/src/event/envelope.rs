//! An event with everything that is true of all events.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::actor_type::ActorType;
use super::data::Event;
use super::kind::Kind;
use super::subjects;
use crate::id::Id;
use crate::mail;
use crate::settings::provider_id;
use crate::time::Timestamp;

/// The version of the shape.
pub const VERSION: u32 = 1;

/// The most bytes of an event as JSON; a larger one loses its records.
pub const MAX_BYTES: usize = 200 * 1024;

/// An event as consumers get it. Its JSON has `type` and `data` for the event.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// The id, a UUIDv7 that follows from the write: every delivery of the event has the same.
    pub id: Id,
    /// The time of the change.
    pub at: Timestamp,
    /// The deployment, such as `bakend`.
    pub stack: String,
    /// The version of the shape.
    pub version: u32,
    /// The actor; `None` where the write does not tell.
    pub actor: Option<Actor>,
    /// The user, record, key, webhook, template or provider that it happened to.
    pub subject: Subject,
    /// The request that did it, if one did.
    pub request: Option<Origin>,
    /// The event of its type.
    pub event: Event,
}

/// The actor behind an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// The kind of actor.
    pub r#type: ActorType,
    /// The user's id; null for anybody else.
    pub id: Option<Id>,
    /// The user's role; null where the write does not tell.
    pub role: Option<String>,
    /// The API key that was shown, if one was.
    pub key_id: Option<Id>,
    /// The admin who acts as the user; null where the user acts.
    pub impersonator: Option<Id>,
    /// The trigger that wrote, if one did.
    pub trigger: Option<String>,
    /// How many triggers led to this write, one by the event of another; only where a trigger wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
}

impl Actor {
    /// An actor of this kind, of whom nothing else is known.
    #[must_use]
    pub fn of(kind: ActorType) -> Self {
        Self {
            r#type: kind,
            id: None,
            role: None,
            key_id: None,
            impersonator: None,
            trigger: None,
            depth: None,
        }
    }
}

/// The subject of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// A collection, `users`, `keys` or `webhooks`.
    pub collection: String,
    /// The id in it.
    pub id: String,
    /// The owner of a record, if it has one.
    pub owner: Option<String>,
}

/// The request behind an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The request's id, as in the reply's `x-request-id` and in the log.
    pub id: String,
    /// The source address; of records only with `events.recordAddresses`.
    pub ip: Option<String>,
    /// The `User-Agent`, cut.
    pub user_agent: Option<String>,
}

impl Subject {
    /// A user, the subject of every `auth.*` and `user.*` event.
    #[must_use]
    pub fn user(id: Id) -> Self {
        Self::of(subjects::USERS, id)
    }

    /// The template of a mail. Its id is that of its item.
    #[must_use]
    pub fn template(kind: mail::Kind, locale: &str) -> Self {
        Self {
            collection: subjects::CONFIGURATION.to_owned(),
            id: mail::template_id(kind, locale),
            owner: None,
        }
    }

    /// A provider. Its id is that of its item.
    #[must_use]
    pub fn provider(name: &str) -> Self {
        Self {
            collection: subjects::CONFIGURATION.to_owned(),
            id: provider_id(name),
            owner: None,
        }
    }

    /// The keys of access tokens.
    #[must_use]
    pub fn token_keys() -> Self {
        Self {
            collection: subjects::CONFIGURATION.to_owned(),
            id: subjects::TOKEN_KEYS.to_owned(),
            owner: None,
        }
    }

    /// The attempts that count, where no user is behind them.
    #[must_use]
    pub fn throttle() -> Self {
        Self {
            collection: subjects::CONFIGURATION.to_owned(),
            id: subjects::THROTTLE.to_owned(),
            owner: None,
        }
    }

    /// A table that an operator has taken back or repaired, by its name without the prefix of the deployment.
    #[must_use]
    pub fn table(name: &str) -> Self {
        Self {
            collection: subjects::CONFIGURATION.to_owned(),
            id: format!("{}{name}", subjects::TABLE),
            owner: None,
        }
    }

    /// A subject that has no owner.
    #[must_use]
    pub fn of(collection: &str, id: Id) -> Self {
        Self {
            collection: collection.to_owned(),
            id: id.to_string(),
            owner: None,
        }
    }
}

impl Envelope {
    /// The type.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.event.kind()
    }

    /// The event within [`MAX_BYTES`]: a larger one of a record loses `previous`, then `record`, and says so.
    #[must_use]
    pub fn fitted(mut self) -> Self {
        for cut in [Cut::Previous, Cut::Record] {
            if self.bytes() <= MAX_BYTES {
                break;
            }
            self.event.cut(cut);
        }
        self
    }

    fn bytes(&self) -> usize {
        serde_json::to_string(self).map_or(0, |text| text.len())
    }
}

/// The part of a large event that goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Previous,
    Record,
}

impl Event {
    fn cut(&mut self, cut: Cut) {
        if let Self::RecordCreated {
            record,
            previous,
            truncated,
            ..
        }
        | Self::RecordUpdated {
            record,
            previous,
            truncated,
            ..
        }
        | Self::RecordDeleted {
            record,
            previous,
            truncated,
            ..
        } = self
        {
            let part = match cut {
                Cut::Previous => previous,
                Cut::Record => record,
            };
            *truncated |= part.take().is_some();
        }
    }
}

impl Serialize for Envelope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Envelope", 9)?;
        fields.serialize_field("id", &self.id)?;
        fields.serialize_field("type", &self.kind())?;
        fields.serialize_field("at", &self.at)?;
        fields.serialize_field("stack", &self.stack)?;
        fields.serialize_field("version", &self.version)?;
        fields.serialize_field("actor", &self.actor)?;
        fields.serialize_field("subject", &self.subject)?;
        fields.serialize_field("request", &self.request)?;
        fields.serialize_field("data", &self.event)?;
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            id: Id,
            r#type: Kind,
            at: Timestamp,
            stack: String,
            version: u32,
            actor: Option<Actor>,
            subject: Subject,
            request: Option<Origin>,
            data: Value,
        }
        let wire = Wire::deserialize(deserializer)?;
        Ok(Self {
            id: wire.id,
            at: wire.at,
            stack: wire.stack,
            version: wire.version,
            actor: wire.actor,
            subject: wire.subject,
            request: wire.request,
            event: Event::read(wire.r#type, wire.data).map_err(D::Error::custom)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::super::example;
    use super::*;

    #[test]
    fn an_event_comes_back_as_it_went() {
        for kind in Kind::ALL {
            let event = example::of(*kind);
            assert_eq!(event.kind(), *kind);
            let text = serde_json::to_string(&event).expect("JSON");
            assert!(text.starts_with(&format!(r#"{{"id":"{}","type":"{kind}""#, event.id)));
            assert_eq!(serde_json::from_str::<Envelope>(&text).ok(), Some(event));
        }
    }

    #[test]
    fn an_event_without_its_content_is_refused() {
        let mut event = json!(example::of(Kind::LoggedOut));
        event["data"] = json!({ "userId": event["subject"]["id"] });
        let refused = serde_json::from_value::<Envelope>(event).expect_err("refused");
        assert!(refused.to_string().contains("sessionId"), "{refused}");
    }

    #[test]
    fn a_large_event_loses_the_record_before_then_the_record() {
        let of = |bytes: usize| Map::from_iter([("text".to_owned(), json!("x".repeat(bytes)))]);
        let event = |new: usize, old: usize| {
            let mut event = example::of(Kind::RecordUpdated);
            if let Event::RecordUpdated {
                record, previous, ..
            } = &mut event.event
            {
                (*record, *previous) = (Some(of(new)), Some(of(old)));
            }
            json!(event.fitted())["data"].clone()
        };
        let has =
            |data: &Value| ["record", "previous", "truncated"].map(|name| !data[name].is_null());
        assert_eq!(has(&event(1000, 1000)), [true, true, false]);
        assert_eq!(has(&event(1000, MAX_BYTES)), [true, false, true]);
        assert_eq!(has(&event(MAX_BYTES, 1000)), [false, false, true]);
    }
}
