//! The item of a webhook.

use api::event::Consumer;
use api::tables::DELIVERIES;
use api::{Error, Timestamp};
use auth::webhook::Webhook;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::{Item, Reader, number, text, time};

/// An attribute, and its value unless it is to go.
pub(super) type Set = (&'static str, Option<AttributeValue>);

fn texts<T: ToString>(items: &[T]) -> AttributeValue {
    AttributeValue::L(items.iter().map(|item| text(item.to_string())).collect())
}

/// The settings, which an admin makes.
pub(super) fn settings(webhook: &Webhook) -> Vec<Set> {
    vec![
        ("name", Some(text(&webhook.name))),
        ("url", Some(text(&webhook.url))),
        ("events", Some(texts(&webhook.events))),
        ("collections", webhook.collections.as_deref().map(texts)),
        ("timeout", Some(number(webhook.timeout))),
        ("concurrency", Some(number(webhook.concurrency))),
        ("disabled", Some(AttributeValue::Bool(webhook.disabled))),
    ]
}

/// The sealed secrets, and when they were replaced.
pub(super) fn secrets(webhook: &Webhook) -> Vec<Set> {
    let previous = webhook.previous.as_ref();
    vec![
        ("secret", Some(text(&webhook.secret))),
        ("previous_secret", previous.map(|(sealed, _)| text(sealed))),
        ("previous_until", previous.map(|(_, until)| time(*until))),
        ("rotated_at", webhook.rotated_at.map(time)),
    ]
}

/// Reads a webhook; `None` for a tombstone.
pub(super) fn read_webhook(mut item: Item) -> Result<Option<Webhook>, Error> {
    if item.contains_key("deleted_at") {
        return Ok(None);
    }
    let list = |value: Option<AttributeValue>, name: &str| {
        let items = value.and_then(|value| match value {
            AttributeValue::L(items) => Some(items),
            _ => None,
        });
        let texts = items.into_iter().flatten().map(|item| match item {
            AttributeValue::S(text) => Ok(text),
            _ => Err(broken(name)),
        });
        texts.collect::<Result<Vec<String>, Error>>()
    };
    // A pattern of a newer version means nothing here.
    let events = list(item.remove("events"), "events")?;
    let collections = item.remove("collections");
    let collections = match collections {
        None => None,
        some => Some(list(some, "collections")?),
    };
    let mut reader = Reader::new(DELIVERIES.name, &mut item);
    let id = reader.text("id")?;
    let Ok(Consumer::Webhook(id)) = id.parse() else {
        return Err(broken("id"));
    };
    let until = reader.optional_number("previous_until");
    let previous = reader.optional_text("previous_secret");
    Ok(Some(Webhook {
        id,
        name: reader.text("name")?,
        url: reader.text("url")?,
        events: events.iter().filter_map(|text| text.parse().ok()).collect(),
        collections,
        timeout: reader.number("timeout")?,
        concurrency: reader.number("concurrency")?,
        disabled: reader.flag("disabled"),
        failing_since: optional_time(&mut reader, "failing_since"),
        secret: reader.text("secret")?,
        previous: previous.zip(until.map(Timestamp::from_millis)),
        rotated_at: optional_time(&mut reader, "rotated_at"),
    }))
}

fn optional_time(reader: &mut Reader<'_>, name: &str) -> Option<Timestamp> {
    reader.optional_number(name).map(Timestamp::from_millis)
}

fn broken(name: &str) -> Error {
    Error::internal(format!("_deliveries item without a proper `{name}`"))
}
