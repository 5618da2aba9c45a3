//! The items of `_api_keys`: keys, and the tombstones of those that were deleted.

use api::event::Reason;
use api::tables::{API_KEYS, GONE};
use api::wire::KeyType;
use api::{Error, Id, Timestamp};
use auth::{ApiKey, Scopes, Writer};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

use super::stamp::{self, CHANGE};
use crate::fault::built;
use crate::item::{Item, Reader, id, number, text, time};
use crate::tables::Store;

/// The `kind` of every key.
pub(super) const KIND: &str = "api-key";

/// The attribute of a tombstone with the time of the deletion.
const DELETED: &str = "deleted_at";

/// The attributes of a key that its tombstone does not have.
const BURIED: [&str; 6] = [
    "hash",
    "origins",
    "created_by",
    "expires_at",
    "rotated_at",
    "rotated_by",
];

impl Store {
    /// Makes a tombstone of a key, on condition that there is the key: from then on it is void. The tombstone names the
    /// actor in the stream, reads as absent, and is removed by TTL.
    pub(super) fn bury_api_key(
        &self,
        key: Id,
        reason: Reason,
        writer: &Writer,
    ) -> Result<TransactWriteItem, Error> {
        let mut update = Update::builder()
            .table_name(self.api_keys())
            .set_key(Some(api_key_key(key)))
            .condition_expression("attribute_exists(#id) AND attribute_not_exists(#deleted)")
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#deleted", DELETED)
            .expression_attribute_names("#gone", GONE)
            .expression_attribute_names("#change", CHANGE)
            .expression_attribute_values(":now", time(writer.now))
            .expression_attribute_values(":gone", number(writer.now.seconds()))
            .expression_attribute_values(":change", stamp::change(writer, reason, None));
        let mut removed = Vec::new();
        for (at, name) in BURIED.into_iter().enumerate() {
            update = update.expression_attribute_names(format!("#buried{at}"), name);
            removed.push(format!("#buried{at}"));
        }
        let update = update.update_expression(format!(
            "SET #deleted = :now, #gone = :gone, #change = :change REMOVE {}",
            removed.join(", ")
        ));
        Ok(TransactWriteItem::builder()
            .update(update.build().map_err(built)?)
            .build())
    }
}

/// The table's key of this id.
pub(super) fn key_of(id: &str) -> Item {
    Item::from([("kind".to_owned(), text(KIND)), ("id".to_owned(), text(id))])
}

/// The table's key of an API key.
pub(super) fn api_key_key(key: Id) -> Item {
    key_of(&key.to_string())
}

fn texts(texts: &[String]) -> AttributeValue {
    AttributeValue::L(texts.iter().map(text).collect())
}

/// A key as an item, with the change that makes it.
pub(super) fn item(key: &ApiKey, change: AttributeValue) -> Item {
    let mut item = api_key_key(key.id);
    item.extend([
        ("name".to_owned(), text(&key.name)),
        ("type".to_owned(), text(key.kind.as_str())),
        ("scopes".to_owned(), texts(&key.scopes.texts())),
        ("origins".to_owned(), texts(&key.origins)),
        ("hash".to_owned(), text(&key.hash)),
        ("created_by".to_owned(), id(key.created_by)),
        (CHANGE.to_owned(), change),
    ]);
    item.extend(key.expires_at.map(|at| ("expires_at".to_owned(), time(at))));
    item.extend(key.rotated_at.map(|at| ("rotated_at".to_owned(), time(at))));
    item.extend(key.rotated_by.map(|by| ("rotated_by".to_owned(), id(by))));
    item
}

/// Reads an API key from its item; `None` from the tombstone of a key that was deleted.
pub(super) fn read_api_key(mut item: Item) -> Result<Option<ApiKey>, Error> {
    if item.contains_key(DELETED) {
        return Ok(None);
    }
    // An unreadable expiry or origin would make the key valid for longer, or anywhere.
    let bad = |name: &str| Error::internal(format!("_api_keys item without a proper `{name}`"));
    let texts = |value: Option<AttributeValue>, name: &str| match value {
        Some(AttributeValue::L(items)) => items
            .into_iter()
            .map(|item| {
                if let AttributeValue::S(text) = item {
                    Ok(text)
                } else {
                    Err(bad(name))
                }
            })
            .collect::<Result<Vec<String>, _>>(),
        _ => Err(bad(name)),
    };
    let (scopes, origins) = (
        texts(item.remove("scopes"), "scopes")?,
        texts(item.remove("origins"), "origins")?,
    );
    let has_expiry = item.contains_key("expires_at");
    let mut reader = Reader::new(API_KEYS.name, &mut item);
    Ok(Some(ApiKey {
        id: reader.id("id")?,
        name: reader.text("name")?,
        kind: KeyType::parse(&reader.text("type")?).ok_or_else(|| bad("type"))?,
        scopes: Scopes::kept(&scopes),
        origins,
        expires_at: if has_expiry {
            Some(reader.time("expires_at")?)
        } else {
            None
        },
        hash: reader.text("hash")?,
        created_by: reader.id("created_by")?,
        rotated_at: reader
            .optional_number("rotated_at")
            .map(Timestamp::from_millis),
        rotated_by: reader
            .optional_text("rotated_by")
            .and_then(|by| by.parse().ok()),
    }))
}

#[cfg(test)]
mod tests {
    use api::Code;
    use api::wire::NewApiKey;

    use super::*;

    fn item(key: &ApiKey) -> Item {
        super::item(key, text("a change"))
    }

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn key() -> ApiKey {
        let asked = NewApiKey {
            name: "n".into(),
            kind: KeyType::Publishable,
            scopes: vec!["*:read".into(), "users:*".into()],
            origins: Some(vec!["https://a".into()]),
            expires_at: Some("2999-01-01T00:00:00Z".into()),
        };
        let made = ApiKey::new(
            asked,
            Id::new(NOW, [1; 10]),
            [2; 32],
            Id::new(NOW, [3; 10]),
            NOW,
            |_| false,
        );
        made.expect("a key").0
    }

    #[test]
    fn a_key_comes_back_as_it_went() {
        for key in [
            key(),
            ApiKey {
                expires_at: None,
                rotated_at: Some(NOW),
                rotated_by: Some(Id::new(NOW, [9; 10])),
                origins: Vec::new(),
                ..key()
            },
        ] {
            assert_eq!(read_api_key(item(&key)), Ok(Some(key)));
        }
    }

    #[test]
    fn a_tombstone_has_no_secret_and_reads_as_absent() {
        let full = ApiKey {
            rotated_at: Some(NOW),
            rotated_by: Some(Id::new(NOW, [9; 10])),
            ..key()
        };
        let mut item = item(&full);
        for name in BURIED {
            assert!(item.remove(name).is_some(), "{name}");
        }
        item.insert(DELETED.to_owned(), time(NOW));
        let mut left: Vec<&str> = item.keys().map(String::as_str).collect();
        left.sort_unstable();
        let kept = [CHANGE, DELETED, "id", "kind", "name", "scopes", "type"];
        assert_eq!(left, kept);
        assert_eq!(read_api_key(item), Ok(None));
    }

    #[test]
    fn a_key_that_was_changed_by_hand_is_good_for_nothing_more() {
        for (name, value) in [
            ("expires_at", text("2999-01-01")),
            ("origins", text("")),
            ("origins", AttributeValue::L(vec![number(1)])),
            ("scopes", text("*:*")),
            ("type", text("both")),
            ("hash", number(1)),
        ] {
            let mut item = item(&key());
            item.insert(name.to_owned(), value);
            assert_eq!(
                read_api_key(item).map_err(|error| error.code),
                Err(Code::Internal),
                "{name}"
            );
        }
        let mut item = item(&key());
        item.remove("origins");
        assert!(read_api_key(item).is_err());
    }
}
