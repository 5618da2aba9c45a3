//! Mails that are due, as the stream of `_mail` tells them.

use api::Id;
use auth::notice::Sealed;
use auth::proof::{Place, Posted, Purpose, Subject};
use serde_json::Value;

use super::item::read_posted;
use super::notices::read_sealed;
use crate::events::stream::StreamRecord;

/// A mail that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueMail {
    /// The sequence number of its record, by which Lambda is told that it has to come again.
    pub number: String,
    /// The proof that it carries, if it does.
    pub posted: Option<Posted>,
    /// The notice, if it is one.
    pub notice: Option<Sealed>,
}

impl DueMail {
    /// Reads a record of the stream.
    #[must_use]
    pub fn read(record: &Value) -> Self {
        let number = record["dynamodb"]["SequenceNumber"].as_str();
        let item = StreamRecord::read(record).ok();
        let item = item.and_then(|record| record.new_item());
        let notice = item.clone().and_then(read_sealed);
        let posted = item.and_then(|item| {
            let text = |name: &str| item.get(name)?.as_s().ok();
            let place = place(text("purpose")?, text("id")?)?;
            read_posted(place, item).ok()
        });
        Self {
            number: number.unwrap_or_default().to_owned(),
            posted,
            notice,
        }
    }
}

/// The place of an item, by its purpose and its key.
fn place(purpose: &str, key: &str) -> Option<Place> {
    let purpose = Purpose::parse(purpose)?;
    let (kind, rest) = key.split_once('#')?;
    let id = |text: &str| text.parse::<Id>().ok();
    let subject = match (kind, rest.split_once('#')) {
        ("code", None) => Subject::Flow(id(rest)?),
        ("code", Some((_, user))) => Subject::User(id(user)?),
        ("invitation", None) => Subject::Invitation(id(rest)?),
        _ => return None,
    };
    let place = Place { purpose, subject };
    (place.to_string() == key).then_some(place)
}
