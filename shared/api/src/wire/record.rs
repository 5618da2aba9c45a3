//! Records.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::id::Id;
use crate::time::Timestamp;
use crate::wire::body::{Body, Fields, Presence};

/// The fields of a record as a caller sends them.
#[derive(Debug, JsonSchema)]
#[schemars(transparent)]
pub struct RecordFields(pub Map<String, Value>);

impl Body for RecordFields {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.all()))
    }
}

/// A record as a caller sees it: the system fields and its own.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The record's id.
    pub id: Id,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The user who created it; null for a stranger.
    pub created_by: Option<Id>,
    /// Whose it is, in whatever field that is shown.
    #[serde(skip)]
    pub owner: Option<String>,
    /// The declared fields.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Record {
    /// The value of a field, declared or of the system; `None` when it has none.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<Cow<'_, Value>> {
        let text = |text: String| Some(Cow::Owned(Value::String(text)));
        match field {
            "id" => text(self.id.to_string()),
            "createdAt" => text(self.created_at.to_string()),
            "updatedAt" => text(self.updated_at.to_string()),
            "createdBy" => self.created_by.and_then(|id| text(id.to_string())),
            field => self.fields.get(field).map(Cow::Borrowed),
        }
    }

    /// What a caller is shown of it: the `fields` asked for, or all of them; `id` always.
    #[must_use]
    pub fn view(self, fields: Option<&[String]>) -> RecordView {
        let text = |text: String| Value::String(text);
        let mut view = self.fields;
        view.insert("createdAt".to_owned(), text(self.created_at.to_string()));
        view.insert("updatedAt".to_owned(), text(self.updated_at.to_string()));
        view.insert(
            "createdBy".to_owned(),
            self.created_by
                .map_or(Value::Null, |id| text(id.to_string())),
        );
        if let Some(fields) = fields {
            view.retain(|name, _| fields.contains(name));
        }
        view.insert("id".to_owned(), text(self.id.to_string()));
        RecordView(view)
    }
}

/// What a caller is shown of a record: some of its fields or all, relations as ids or as records of their own.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct RecordView(pub Map<String, Value>);

impl RecordView {
    /// What is told of a record that has just been deleted.
    #[must_use]
    pub fn deleted(id: Id) -> Self {
        Self(Map::from_iter([
            ("id".to_owned(), Value::String(id.to_string())),
            ("deleted".to_owned(), Value::Bool(true)),
        ]))
    }
}

/// A page of records.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordPage {
    /// The records in the order asked for; newest first when none is.
    pub items: Vec<RecordView>,
    /// What to send as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
    /// How the page was read; only for admins who ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<Explanation>,
}

/// How a page was read.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Explanation {
    /// The index that was read, such as `by.status.-createdAt`; `table` for the table itself.
    pub index: String,
    /// How many queries it took.
    pub requests: u32,
    /// The read capacity units they cost.
    pub units: f64,
}

/// How many records there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecordCount {
    /// How many were found.
    pub count: u64,
    /// Whether these are all; otherwise there are at least so many.
    pub exact: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_view_shows_what_is_asked_for_and_the_id() {
        let time = Timestamp::from_millis(1_790_000_000_000);
        let record = Record {
            id: Id::new(time, [1; 10]),
            created_at: time,
            updated_at: time,
            created_by: None,
            owner: None,
            fields: Map::from_iter([("a".to_owned(), json!(1)), ("b".to_owned(), json!(2))]),
        };
        let whole = serde_json::to_value(record.clone().view(None)).expect("JSON");
        assert_eq!(whole, serde_json::to_value(&record).expect("JSON"));
        let some = record.clone().view(Some(&[
            "b".to_owned(),
            "createdBy".to_owned(),
            "nope".to_owned(),
        ]));
        assert_eq!(
            Value::Object(some.0),
            json!({ "id": record.id.to_string(), "b": 2, "createdBy": null })
        );
        assert_eq!(record.view(Some(&[])).0.len(), 1);
    }
}
