//! The stamps that a write leaves on users, sessions and API keys: who has changed the item, why and from where. Events
//! tell of them; no request reads them.

use api::Id;
use api::event::Reason;
use auth::Writer;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::{Item, id, text, time};

/// The attribute with the last change of a user or an API key.
pub(crate) const CHANGE: &str = "change";

/// The attribute with the beginning of a session.
pub(super) const BEGUN: &str = "begun";

/// The attribute with the early end of a session.
pub(super) const ENDED: &str = "ended";

/// The most characters of a `User-Agent` header.
const MOST_OF_USER_AGENT: usize = 120;

/// The change of a user or an API key; `session` is the one that begins with it, or survives it.
pub(crate) fn change(writer: &Writer, reason: Reason, session: Option<Id>) -> AttributeValue {
    let mut change = actor(writer);
    change.insert("at".to_owned(), time(writer.now));
    change.insert("reason".to_owned(), text(reason.as_str()));
    let session = session.map(|session| ("session".to_owned(), id(session)));
    change.extend(session);
    AttributeValue::M(change)
}

/// The beginning of a session. The item has address and `User-Agent` header beside it.
pub(super) fn begun(writer: &Writer, reason: Reason) -> AttributeValue {
    let mut begun = Item::from([
        ("reason".to_owned(), text(reason.as_str())),
        ("request_id".to_owned(), text(&writer.request_id)),
    ]);
    begun.extend(writer.key.map(|key| ("key".to_owned(), id(key))));
    AttributeValue::M(begun)
}

/// The beginning of a session in which an admin acts as its user, with the admin and the admin's words.
pub(super) fn acting(writer: &Writer, words: &str) -> AttributeValue {
    let mut begun = actor(writer);
    begun.insert("reason".to_owned(), text(Reason::Impersonation.as_str()));
    begun.insert("words".to_owned(), text(words));
    AttributeValue::M(begun)
}

/// The early end of a session. The item has time and reason beside it.
pub(super) fn ended(writer: &Writer) -> AttributeValue {
    AttributeValue::M(actor(writer))
}

/// The actor and the request.
fn actor(writer: &Writer) -> Item {
    let mut actor = Item::from([("by".to_owned(), text(writer.by.as_str()))]);
    let ids = [
        ("user", writer.user),
        ("impersonator", writer.impersonator),
        ("key", writer.key),
    ];
    let ids = ids
        .into_iter()
        .filter_map(|(name, value)| Some((name, id(value?))));
    let agent = writer.client.user_agent.chars().take(MOST_OF_USER_AGENT);
    let agent = agent.collect::<String>();
    let texts = [
        ("role", writer.role.as_deref().unwrap_or_default()),
        ("request_id", &writer.request_id),
        ("ip", &writer.client.ip),
        ("user_agent", &agent),
    ];
    // An operator has no request.
    let texts = texts.into_iter().filter(|(_, value)| !value.is_empty());
    let texts = texts.map(|(name, value)| (name, text(value)));
    actor.extend(
        ids.chain(texts)
            .map(|(name, value)| (name.to_owned(), value)),
    );
    actor
}

#[cfg(test)]
mod tests {
    use api::Timestamp;
    use auth::session::Client;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn names(stamp: &AttributeValue) -> Vec<&str> {
        let mut names: Vec<&str> = stamp
            .as_m()
            .expect("a map")
            .keys()
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn an_operator_leaves_no_request_and_a_user_all_of_it() {
        let operator = Writer::operator(NOW, [1; 10]);
        let change = change(&operator, Reason::Import, None);
        assert_eq!(names(&change), ["at", "by", "reason"]);
        let user = Writer {
            role: Some("editor".to_owned()),
            key: Some(Id::new(NOW, [2; 10])),
            client: Client {
                user_agent: "é".repeat(256),
                ip: "203.0.113.7".to_owned(),
            },
            ..Writer::new(Some(Id::new(NOW, [3; 10])), "r".to_owned(), NOW, [1; 10])
        };
        let ended = ended(&user);
        let expected = [
            "by",
            "ip",
            "key",
            "request_id",
            "role",
            "user",
            "user_agent",
        ];
        assert_eq!(names(&ended), expected);
        assert_eq!(
            ended.as_m().expect("a map")["user_agent"],
            text("é".repeat(120))
        );
        assert_eq!(
            names(&begun(&user, Reason::Login)),
            ["key", "reason", "request_id"]
        );
    }
}
