//! Stream records, as Lambda gets them.

use serde_json::Value;

use super::image::Image;
use super::world::Unfit;
use crate::item::Item;

/// A change of an item, as a stream tells it.
#[derive(Clone, Debug)]
pub struct StreamRecord {
    /// The whole name of the table.
    pub(super) table: String,
    pub(super) key: Image,
    pub(super) old: Option<Image>,
    pub(super) new: Option<Image>,
    /// When the stream has seen the change, in seconds.
    pub(super) seconds: u64,
    /// Whether DynamoDB itself has removed the item.
    pub(super) expired: bool,
}

impl StreamRecord {
    /// Reads a record of a DynamoDB event, as Lambda gets it.
    ///
    /// # Errors
    /// The part that is missing or of another form.
    pub fn read(record: &Value) -> Result<Self, Unfit> {
        let source = record["eventSourceARN"].as_str().unwrap_or_default();
        let table = source
            .split_once(":table/")
            .and_then(|(_, rest)| rest.split('/').next())
            .ok_or_else(|| Unfit::new("a stream record without the name of its table"))?;
        let change = &record["dynamodb"];
        let image = |name: &str| match &change[name] {
            Value::Null => Ok(None),
            image => Image::read(image).map(Some).ok_or_else(|| {
                Unfit::new(format!("{table}: a stream record with a broken {name}"))
            }),
        };
        // AWS writes a whole number, with or without an exponent.
        let seconds = change["ApproximateCreationDateTime"].as_f64();
        Ok(Self {
            table: table.to_owned(),
            key: image("Keys")?
                .ok_or_else(|| Unfit::new(format!("{table}: a stream record without a key")))?,
            old: image("OldImage")?,
            new: image("NewImage")?,
            seconds: seconds.map_or(0, whole),
            expired: is_of_ttl(&record["userIdentity"]),
        })
    }
}

impl StreamRecord {
    /// The item after the change; `None` where it is gone.
    pub(crate) fn new_item(&self) -> Option<Item> {
        self.new.as_ref().map(Image::item)
    }
}

/// The seconds of a moment, at most the last that a time can hold in milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is within the limits, and its fraction is dropped"
)]
fn whole(seconds: f64) -> u64 {
    seconds.clamp(0.0, 253_402_300_799.0) as u64
}

/// Whether DynamoDB itself has removed an expired item.
fn is_of_ttl(identity: &Value) -> bool {
    ["principalId", "PrincipalId"]
        .iter()
        .any(|name| identity[*name] == "dynamodb.amazonaws.com")
}
