//! `_api_keys`: the identities of apps and servers.
//!
//! All keys lie under one `kind`, so that a list is one query. Beside them lies the count of keys ever made. A create
//! counts the present keys and fails if another key was made meanwhile.

use api::tables::API_KEYS;
use api::wire::KeyType;
use api::{Code, Error, Id, Timestamp};
use auth::user::ADMIN;
use auth::{ApiKey, Scopes};
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use std::time::Duration;

use crate::fault;
use crate::fault::{Cancelled, built};
use crate::item::{Item, Reader, id, number, text, time};
use crate::tables::Store;

/// The `kind` of every key.
const KIND: &str = "api-key";

/// The id of the count of keys ever made. No key's id begins with `#`, and in the order of ids it is the first.
pub(super) const MADE: &str = "#made";

/// The most keys there may be.
pub const MAX_API_KEYS: usize = 100;

/// The most tries of a transaction that collides with others.
const TRIES: u32 = 10;

impl Store {
    /// Lists every key, newest first. Strongly consistent: 1 RRU per 4 KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn list_api_keys(&self) -> Result<Vec<ApiKey>, Error> {
        let (_, mut keys) = self.made_and_kept().await?;
        keys.reverse();
        Ok(keys)
    }

    /// The number of keys ever made, and the present keys, oldest first. The count is read first: a key that is made
    /// meanwhile changes it.
    pub(super) async fn made_and_kept(&self) -> Result<(Option<u64>, Vec<ApiKey>), Error> {
        let (mut made, mut keys, mut start) = (None, Vec::new(), None);
        loop {
            let query = self
                .client
                .query()
                .table_name(self.api_keys())
                .key_condition_expression("#kind = :kind")
                .expression_attribute_names("#kind", "kind")
                .expression_attribute_values(":kind", text(KIND))
                .consistent_read(true)
                .set_exclusive_start_key(start);
            let output = query.send().await.map_err(|error| fault::of(&error))?;
            for mut item in output.items.unwrap_or_default() {
                match item.get("id") {
                    Some(AttributeValue::S(id)) if id == MADE => {
                        made = Some(Reader::new(API_KEYS.name, &mut item).number("made")?);
                    }
                    _ => keys.push(read_api_key(item)?),
                }
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok((made, keys));
            }
        }
    }

    /// Stores a new key, unless `MAX_API_KEYS` exist, on condition that its maker is still an admin. 1 RRU per 4 KB of
    /// keys, 6 WRU.
    ///
    /// # Errors
    /// `auth/forbidden`, `keys/limit-reached`, `common/unavailable`, `common/internal`.
    pub async fn create_api_key(&self, key: &ApiKey) -> Result<(), Error> {
        for tries in 1..=TRIES {
            let (made, keys) = self.made_and_kept().await?;
            // A retry after a lost reply finds its own key.
            if keys.iter().any(|kept| kept.id == key.id) {
                return Ok(());
            }
            if keys.len() >= MAX_API_KEYS {
                return Err(Code::ApiKeyLimit.into());
            }
            let put = Put::builder()
                .table_name(self.api_keys())
                .set_item(Some(item(key)))
                .build()
                .map_err(built)?;
            let count = self.count_made(made)?;
            let writes = vec![
                self.is_admin(key.created_by)?,
                TransactWriteItem::builder().put(put).build(),
                TransactWriteItem::builder().update(count).build(),
            ];
            let transaction = self
                .client
                .transact_write_items()
                .set_transact_items(Some(writes));
            match transaction.send().await.map_err(fault::of_transaction) {
                Ok(_) => return Ok(()),
                // The maker is no longer an admin: the keys have been settled.
                Err(Cancelled::Conditions(failed)) if failed.iter().any(|(at, _)| *at == 0) => {
                    return Err(Code::Forbidden.into());
                }
                // Another request has made a key.
                Err(Cancelled::Conditions(_) | Cancelled::Conflict) => pause(tries).await,
                Err(Cancelled::TooLarge(_)) => {
                    return Err(Error::internal("an API key is too large"));
                }
                Err(Cancelled::Fault(fault)) => return Err(fault),
            }
        }
        Err(Error::unavailable("others make API keys at the same time"))
    }

    /// Counts one more key, on condition that none was made since `made` was read.
    fn count_made(&self, made: Option<u64>) -> Result<Update, Error> {
        let update = Update::builder()
            .table_name(self.api_keys())
            .set_key(Some(key_of(MADE)))
            .update_expression("SET #made = :next")
            .expression_attribute_names("#made", "made")
            .expression_attribute_values(
                ":next",
                number(made.unwrap_or_default().saturating_add(1)),
            );
        let update = match made {
            Some(made) => update
                .condition_expression("#made = :made")
                .expression_attribute_values(":made", number(made)),
            None => update.condition_expression("attribute_not_exists(#made)"),
        };
        update.build().map_err(built)
    }

    /// The condition that a user is an acting admin.
    fn is_admin(&self, user: Id) -> Result<TransactWriteItem, Error> {
        let check = ConditionCheck::builder()
            .table_name(self.users())
            .key("id", id(user))
            .condition_expression(
                "#role = :admin AND attribute_not_exists(#deleted) AND (attribute_not_exists(#disabled) OR #disabled = :no)",
            )
            .expression_attribute_names("#role", "role")
            .expression_attribute_names("#deleted", "deleted_at")
            .expression_attribute_names("#disabled", "disabled")
            .expression_attribute_values(":admin", text(ADMIN))
            .expression_attribute_values(":no", AttributeValue::Bool(false));
        Ok(TransactWriteItem::builder()
            .condition_check(check.build().map_err(built)?)
            .build())
    }

    /// Reads a key. Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn api_key(&self, key: Id) -> Result<Option<ApiKey>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.api_keys())
            .set_key(Some(api_key_key(key)));
        let item = get
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault::of(&error))?
            .item;
        item.map(read_api_key).transpose()
    }

    /// Replaces the hash of a key that was read: from then on the old secret is void. `None` where the key is gone. 1
    /// WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn rotate_api_key(
        &self,
        key: &ApiKey,
        hash: &str,
        by: Id,
        now: Timestamp,
    ) -> Result<Option<ApiKey>, Error> {
        let mut old = key.hash.clone();
        for _ in 0..TRIES {
            // A late first attempt must not bring an older secret back.
            let update = self
                .client
                .update_item()
                .table_name(self.api_keys())
                .set_key(Some(api_key_key(key.id)))
                .update_expression("SET #hash = :hash, #rotated = :now, #by = :by")
                .condition_expression("#hash IN (:old, :hash)")
                .expression_attribute_names("#hash", "hash")
                .expression_attribute_names("#rotated", "rotated_at")
                .expression_attribute_names("#by", "rotated_by")
                .expression_attribute_values(":by", id(by))
                .expression_attribute_values(":old", text(old))
                .expression_attribute_values(":hash", text(hash))
                .expression_attribute_values(":now", time(now))
                .return_values(ReturnValue::AllNew)
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                );
            match update.send().await {
                Ok(output) => return output.attributes.map(read_api_key).transpose(),
                Err(error) => match fault::failed_condition(&error) {
                    // Another request has rotated the key; the last secret stays.
                    Some(Some(item)) => old = read_api_key(item)?.hash,
                    Some(None) => return Ok(None),
                    None => return Err(fault::of(&error)),
                },
            }
        }
        Err(Error::unavailable(
            "others rotate the API key at the same time",
        ))
    }

    /// Deletes a key: from then on it is void. Returns whether it existed. 2 WRU: the token of a transaction tells a
    /// retry after a lost reply.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn delete_api_key(&self, key: Id) -> Result<bool, Error> {
        let delete = Delete::builder()
            .table_name(self.api_keys())
            .set_key(Some(api_key_key(key)))
            .condition_expression("attribute_exists(#id)")
            .expression_attribute_names("#id", "id")
            .build()
            .map_err(built)?;
        let writes = vec![TransactWriteItem::builder().delete(delete).build()];
        for tries in 1..=TRIES {
            let transaction = self
                .client
                .transact_write_items()
                .set_transact_items(Some(writes.clone()));
            match transaction.send().await.map_err(fault::of_transaction) {
                Ok(_) => return Ok(true),
                Err(Cancelled::Conditions(_)) => return Ok(false),
                Err(Cancelled::Conflict) => pause(tries).await,
                Err(Cancelled::TooLarge(_)) => {
                    return Err(Error::internal("a deletion is too large"));
                }
                Err(Cancelled::Fault(fault)) => return Err(fault),
            }
        }
        Err(Error::unavailable("transaction conflict"))
    }
}

async fn pause(tries: u32) {
    tokio::time::sleep(Duration::from_millis(40 * u64::from(tries))).await;
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

fn item(key: &ApiKey) -> Item {
    let mut item = api_key_key(key.id);
    item.extend([
        ("name".to_owned(), text(&key.name)),
        ("type".to_owned(), text(key.kind.as_str())),
        ("scopes".to_owned(), texts(&key.scopes.texts())),
        ("origins".to_owned(), texts(&key.origins)),
        ("hash".to_owned(), text(&key.hash)),
        ("created_by".to_owned(), id(key.created_by)),
    ]);
    item.extend(key.expires_at.map(|at| ("expires_at".to_owned(), time(at))));
    item.extend(key.rotated_at.map(|at| ("rotated_at".to_owned(), time(at))));
    item.extend(key.rotated_by.map(|by| ("rotated_by".to_owned(), id(by))));
    item
}

/// Reads an API key from its item.
pub(super) fn read_api_key(mut item: Item) -> Result<ApiKey, Error> {
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
    Ok(ApiKey {
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
    })
}

#[cfg(test)]
mod tests {
    use api::wire::NewApiKey;

    use super::*;

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
            assert_eq!(read_api_key(item(&key)), Ok(key));
        }
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
