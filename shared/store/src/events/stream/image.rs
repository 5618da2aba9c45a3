//! Items in DynamoDB's own JSON, as a stream has them.

use api::{Id, Timestamp};
use serde_json::{Map, Value};

use crate::item::Item;
use crate::typed::from_typed;

/// An item before or after a change, or a map within one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Image {
    item: Item,
    /// The same in DynamoDB's JSON.
    raw: Map<String, Value>,
}

impl Image {
    /// Reads an image; `None` unless every attribute has exactly one type and a value of it.
    pub(super) fn read(image: &Value) -> Option<Self> {
        let raw = image.as_object()?;
        Some(Self {
            item: from_typed(raw)?,
            raw: raw.clone(),
        })
    }

    /// The item, for the readers of the other rooms.
    pub(super) fn item(&self) -> Item {
        self.item.clone()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.item.contains_key(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.item.get(name)?.as_s().ok().map(String::as_str)
    }

    pub(super) fn id(&self, name: &str) -> Option<Id> {
        self.text(name)?.parse().ok()
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.item.get(name)?.as_n().ok()?.parse().ok()
    }

    /// A time in milliseconds.
    pub(super) fn time(&self, name: &str) -> Option<Timestamp> {
        self.number(name).map(Timestamp::from_millis)
    }

    /// The texts of a list.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let texts = self.item.get(name)?.as_l().ok()?.iter();
        texts.map(|text| text.as_s().ok().cloned()).collect()
    }

    /// A map within the item.
    pub(super) fn map(&self, name: &str) -> Option<Self> {
        Self::read(&self.raw.get(name)?["M"])
    }

    /// The attributes that have another value in `self` than in `old`, each with its value, null for one that went.
    pub(super) fn changed<'a>(new: Option<&'a Self>, old: Option<&'a Self>) -> Map<String, Value> {
        let attributes = |image: Option<&'a Self>| image.into_iter().flat_map(|it| &it.raw);
        let value = |image: Option<&'a Self>, name: &str| image.and_then(|it| it.raw.get(name));
        let names = attributes(new).chain(attributes(old)).map(|(name, _)| name);
        names
            .filter(|name| value(new, name) != value(old, name))
            .map(|name| (name.clone(), value(new, name).cloned().unwrap_or_default()))
            .collect()
    }

    /// Whether an attribute has the same value in both.
    pub(super) fn same(&self, other: &Self, name: &str) -> bool {
        self.raw.get(name) == other.raw.get(name)
    }
}
