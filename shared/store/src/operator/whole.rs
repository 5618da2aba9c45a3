//! A deployment as a whole: its items go out as they are, and come into an empty deployment. Secrets that a key of the
//! deployment seals go out open or not at all.

mod alike;

use api::mail::template_of;
use api::settings::PROVIDER;
use api::tables::{API_KEYS, CONFIGURATION, CONSUMERS, DELIVERIES, INVITATIONS, SETTINGS, USERS};
use api::{Definition, Error, Id, Timestamp};
use auth::factor::{Factor, TotpSecret};
use auth::{Keys, Writer};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use serde_json::{Map, Value};

use self::alike::{KEPT, SEALED, is_written, key_of};
use super::transfer::Position;
use crate::accounts::factor_items::{factor_item, read_factor};
use crate::events::stream::RESTORED;
use crate::fault;
use crate::item::{Item, Reader, number, text};
use crate::tables::Store;
use crate::typed::{from_typed, to_typed};

/// The attribute of a factor that goes out, with its secret in base32.
const TOTP: &str = "totp";

/// The start of the id of a webhook among the consumers.
const WEBHOOK: &str = "webhook:";

/// The item of `_settings` with the state of a restore.
const RESTORE: &str = "restore";

/// A part of a deployment that moves.
#[derive(Clone, Copy, Debug)]
pub enum Kept {
    /// Users with their ways to sign in, and the values that they reserve.
    Users,
    /// The records of a collection, and the values that they reserve.
    Records(&'static Definition),
    /// API keys.
    ApiKeys,
    /// Templates of mails, and settings of providers.
    Configuration,
    /// Invitations. Their links are tokens, and good for the deployment that made them alone.
    Invitations,
    /// Webhooks, without their secrets.
    Webhooks,
}

/// Some of the items of a part.
#[derive(Debug)]
pub struct Dumped {
    /// The items, in DynamoDB's JSON.
    pub items: Vec<Value>,
    /// The users whose second factor does not open and is left out.
    pub closed: Vec<Id>,
    /// The position to go on from; `None` at the end.
    pub next: Option<Position>,
}

/// The state of a restore, as the deployment knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restore {
    /// None was begun.
    New,
    /// This one was begun and is not done.
    Begun,
    /// This one is done.
    Done,
    /// Another one was begun.
    Other,
}

/// The means of a restore.
pub struct Restoring<'a> {
    /// The keys that seal second factors; `None` where nothing has to be sealed.
    pub keys: Option<&'a Keys>,
    /// The sealed new secret of the webhook, where the item is one.
    pub secret: Option<String>,
    /// A nonce that no other value has.
    pub nonce: [u8; 12],
    /// The operator's write.
    pub writer: &'a Writer,
}

/// The outcome for an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brought {
    /// It is new.
    Made,
    /// It was there, as an earlier run made it, or its time is over.
    There,
    /// Another item has its key, which is this one: it was never of this export, or has changed since.
    Taken(String),
    /// It is no item of this part.
    Broken,
}

impl Kept {
    /// Every part, in the order of a restore: records come after their users, and webhooks last.
    pub fn all(collections: impl Iterator<Item = &'static Definition>) -> Vec<Self> {
        let records = collections.map(Self::Records);
        let rest = [
            Self::ApiKeys,
            Self::Configuration,
            Self::Invitations,
            Self::Webhooks,
        ];
        [Self::Users]
            .into_iter()
            .chain(records)
            .chain(rest)
            .collect()
    }

    /// The name of its table, without the prefix of the deployment.
    #[must_use]
    pub fn table(&self) -> &'static str {
        match self {
            Self::Users => USERS.name,
            Self::Records(definition) => &definition.name,
            Self::ApiKeys => API_KEYS.name,
            Self::Configuration => CONFIGURATION.name,
            Self::Invitations => INVITATIONS.name,
            Self::Webhooks => DELIVERIES.name,
        }
    }

    /// Whether an item moves. Tombstones and what has expired stay, and so do codes, sessions and keys of repeated requests.
    fn moves(&self, item: &Item, now: Timestamp) -> bool {
        let id = key_of(item);
        let expires = number_of(item, "expires_at");
        let is_over = expires.is_some_and(|until| until <= now.seconds());
        let is_deleted = item.contains_key("deleted_at");
        match self {
            // An account that was deleted can be brought back, and its tombstone cannot.
            Self::Users => {
                let is_tombstone = is_deleted && !item.contains_key("auth_version");
                !is_over && !is_tombstone && !item.contains_key("pending_until")
            }
            // Keys of repeated requests expire within a day.
            Self::Records(_) => !is_deleted && expires.is_none(),
            Self::ApiKeys => !is_deleted,
            Self::Configuration => id.starts_with(PROVIDER) || template_of(id).is_some(),
            Self::Invitations => !is_over,
            Self::Webhooks => {
                let is_consumer = item.get("consumer") == Some(&text(CONSUMERS));
                let is_webhook = id.starts_with(WEBHOOK) || id.starts_with('#');
                is_consumer && is_webhook && !is_deleted
            }
        }
    }

    /// Whether the restore of an item makes no event: it was told when the item was made.
    fn is_untold(&self, item: &Item) -> bool {
        match self {
            Self::Users => item.contains_key("auth_version") && item.contains_key("role"),
            Self::Records(_) => item.contains_key("rev"),
            Self::Invitations => true,
            // Not the counts, which make no event.
            Self::ApiKeys | Self::Configuration | Self::Webhooks => !key_of(item).starts_with('#'),
        }
    }
}

impl Store {
    /// Reads some of the items of a part. Reads the whole table, 1 MB at a time, strongly consistent.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn dump(
        &self,
        kept: Kept,
        from: Option<Position>,
        keys: Option<&Keys>,
        now: Timestamp,
    ) -> Result<Dumped, Error> {
        let scan = self
            .client
            .scan()
            .table_name(self.table(kept.table()))
            .consistent_read(true)
            .set_exclusive_start_key(from.map(|position| position.0));
        let output = scan.send().await.map_err(|error| fault::of(&error))?;
        let (mut items, mut closed) = (Vec::new(), Vec::new());
        for mut item in output.items.unwrap_or_default() {
            if !kept.moves(&item, now) {
                continue;
            }
            let is_factor =
                matches!(kept, Kept::Users) && key_of(&item).starts_with(Factor::PREFIX);
            if is_factor {
                let user = Reader::new(USERS.name, &mut item.clone()).id("user_id")?;
                let factor = read_factor(user, item.clone())?;
                let Some(secret) = keys.and_then(|keys| factor.unsealed(keys)) else {
                    closed.push(user);
                    continue;
                };
                item.insert(TOTP.to_owned(), text(secret.base32()));
            }
            if is_factor || matches!(kept, Kept::Configuration | Kept::Webhooks) {
                item.retain(|name, _| !SEALED.contains(&name.as_str()));
            }
            items.push(Value::Object(to_typed(item)));
        }
        Ok(Dumped {
            items,
            closed,
            next: output.last_evaluated_key.map(Position),
        })
    }

    /// Whether a part has anything that a restore would bring. Reads to the first such item.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn holds(&self, kept: Kept, now: Timestamp) -> Result<bool, Error> {
        let mut from: Option<Item> = None;
        loop {
            let scan = self
                .client
                .scan()
                .table_name(self.table(kept.table()))
                .consistent_read(true)
                .limit(100)
                .set_exclusive_start_key(from);
            let output = scan.send().await.map_err(|error| fault::of(&error))?;
            let is_content = |item: &Item| kept.moves(item, now) && key_of(item) != KEPT;
            if output.items.unwrap_or_default().iter().any(is_content) {
                return Ok(true);
            }
            from = output.last_evaluated_key;
            if from.is_none() {
                return Ok(false);
            }
        }
    }

    /// Writes an item of a part, unless it is there.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn restore(
        &self,
        kept: Kept,
        item: &Map<String, Value>,
        restoring: &Restoring<'_>,
    ) -> Result<Brought, Error> {
        let writer = restoring.writer;
        let Some(mut item) = from_typed(item).filter(|item| kept.moves(item, writer.now)) else {
            // Time has passed since the export.
            let is_over = from_typed(item).is_some_and(|item| item.contains_key("expires_at"));
            return Ok(if is_over {
                Brought::There
            } else {
                Brought::Broken
            });
        };
        if let Some(AttributeValue::S(secret)) = item.get(TOTP).cloned() {
            let Some(factor) = sealed(&mut item, &secret, restoring)? else {
                return Ok(Brought::Broken);
            };
            item = factor;
        }
        if let Some(secret) = &restoring.secret {
            item.insert("secret".to_owned(), text(secret));
        }
        if kept.is_untold(&item) {
            item.insert(RESTORED.to_owned(), AttributeValue::Bool(true));
        }
        let put = self
            .client
            .put_item()
            .table_name(self.table(kept.table()))
            .condition_expression("attribute_not_exists(#id)")
            .expression_attribute_names("#id", "id")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .set_item(Some(item.clone()));
        let Err(error) = put.send().await else {
            return Ok(Brought::Made);
        };
        let found = fault::failed_put(&error).ok_or_else(|| fault::of(&error))?;
        let found = found.unwrap_or_default();
        Ok(match is_written(&found, &item, restoring.keys) {
            true => Brought::There,
            false => Brought::Taken(key_of(&item).to_owned()),
        })
    }

    /// The state of the restore of an export with this digest.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn restore_state(&self, digest: &str) -> Result<Restore, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.table(SETTINGS.name))
            .key("id", text(RESTORE))
            .consistent_read(true);
        let item = get.send().await.map_err(|error| fault::of(&error))?.item;
        let Some(item) = item else {
            return Ok(Restore::New);
        };
        Ok(match item.get("digest") == Some(&text(digest)) {
            false => Restore::Other,
            true if item.contains_key("done_at") => Restore::Done,
            true => Restore::Begun,
        })
    }

    /// Notes that the restore of an export with this digest begins, or is done.
    ///
    /// # Errors
    /// `common/unavailable` where another restore began meanwhile, `common/internal`.
    pub async fn note_restore(
        &self,
        digest: &str,
        is_done: bool,
        now: Timestamp,
    ) -> Result<(), Error> {
        let name = if is_done { "done_at" } else { "begun_at" };
        let update = self
            .client
            .update_item()
            .table_name(self.table(SETTINGS.name))
            .key("id", text(RESTORE))
            .update_expression("SET #digest = :digest, #at = :at")
            .condition_expression("attribute_not_exists(#digest) OR #digest = :digest")
            .expression_attribute_names("#digest", "digest")
            .expression_attribute_names("#at", name)
            .expression_attribute_values(":digest", text(digest))
            .expression_attribute_values(":at", number(now.millis()));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) if fault::failed_condition(&error).is_some() => {
                Err(Error::unavailable("another restore has begun"))
            }
            Err(error) => Err(fault::of(&error)),
        }
    }
}

/// The item of a factor, with its secret sealed by the keys of this deployment.
fn sealed(item: &mut Item, secret: &str, restoring: &Restoring<'_>) -> Result<Option<Item>, Error> {
    let user = Reader::new(USERS.name, item).id("user_id")?;
    let (Some(keys), Some(secret)) = (restoring.keys, TotpSecret::read(secret)) else {
        return Ok(None);
    };
    let at = (restoring.nonce, restoring.writer.now);
    let factor = Factor::brought(keys, (user, &secret), at)?;
    let mut sealed = factor_item(&factor);
    // The factor of a deleted account expires with it.
    if let Some(until) = item.remove("expires_at") {
        sealed.insert("expires_at".to_owned(), until);
    }
    Ok(Some(sealed))
}

fn number_of(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn item(value: Value) -> Item {
        let Value::Object(raw) = value else {
            panic!("an object")
        };
        from_typed(&raw).expect("an item")
    }

    #[test]
    fn an_item_is_there_only_as_an_earlier_run_has_written_it() {
        let user = json!({ "id": { "S": "a" }, "auth_version": { "N": "1" }, "role": { "S": "authenticated" },
            "restored": { "BOOL": true }, "indexed": { "SS": ["x", "y"] } });
        let is_there =
            |found: Value, own: &Value| is_written(&item(found), &item(own.clone()), None);
        assert!(is_there(user.clone(), &user));
        let mut same = user.clone();
        same["restored"] = json!({ "BOOL": false });
        same["change"] = json!({ "M": {} });
        same["indexed"] = json!({ "SS": ["y", "x"] });
        assert!(is_there(same, &user));
        for (name, value) in [
            ("role", json!({ "S": "admin" })),
            ("auth_version", json!({ "N": "2" })),
            ("deleted_at", json!({ "N": "1" })),
            ("indexed", json!({ "SS": ["x"] })),
        ] {
            let mut other = user.clone();
            other[name] = value;
            assert!(!is_there(other.clone(), &user), "{name}");
            assert!(!is_there(user.clone(), &other), "{name}");
        }
        // A webhook that has another secret is the same; a provider with other settings is not.
        let provider = |settings: &str, secret: &str| json!({ "id": { "S": "provider#google" }, "settings": { "S": settings }, "secret": { "S": secret } });
        assert!(is_there(provider("a", "x"), &provider("a", "y")));
        assert!(!is_there(provider("b", "x"), &provider("a", "x")));
        let names = |name: &str| json!({ "id": { "S": "#kept" }, "names": { "SS": [name] } });
        assert!(is_there(names("by.x"), &names("by.y")));
        // A factor whose secret cannot be compared is not known again.
        let factor = json!({ "id": { "S": "totp#0197a3b0-0000-7000-8000-000000000001" }, "secret": { "S": "x" },
            "user_id": { "S": "0197a3b0-0000-7000-8000-000000000001" }, "last_step": { "N": "0" } });
        assert!(!is_there(factor.clone(), &factor));
    }

    #[test]
    fn a_restore_tells_of_no_item_that_has_been_told() {
        for (kept, value, is_untold) in [
            (
                Kept::Users,
                json!({ "id": { "S": "a" }, "auth_version": { "N": "1" }, "role": { "S": "admin" } }),
                true,
            ),
            (
                Kept::Users,
                json!({ "id": { "S": "email#a" }, "auth_version": { "N": "1" } }),
                false,
            ),
            (Kept::Invitations, json!({ "id": { "S": "a" } }), true),
            (
                Kept::ApiKeys,
                json!({ "kind": { "S": "api-key" }, "id": { "S": "a" } }),
                true,
            ),
            (
                Kept::ApiKeys,
                json!({ "kind": { "S": "api-key" }, "id": { "S": "#made" } }),
                false,
            ),
            (
                Kept::Configuration,
                json!({ "id": { "S": "provider#google" } }),
                true,
            ),
            (
                Kept::Configuration,
                json!({ "id": { "S": "template#password-reset#de" } }),
                true,
            ),
            (
                Kept::Webhooks,
                json!({ "consumer": { "S": "consumers" }, "id": { "S": "webhook:a" } }),
                true,
            ),
        ] {
            assert_eq!(kept.is_untold(&item(value.clone())), is_untold, "{value}");
        }
    }

    #[test]
    fn what_passes_by_itself_does_not_move() {
        let over = json!({ "N": NOW.seconds().to_string() });
        let later = json!({ "N": (NOW.seconds() + 1).to_string() });
        let (yes, one) = (json!({ "BOOL": true }), json!({ "N": "1" }));
        let id = |id: &str| json!({ "S": id });
        let posts: Definition =
            serde_json::from_value(json!({ "name": "posts", "fields": [] })).expect("valid");
        let posts = Kept::Records(Box::leak(Box::new(posts)));
        for (kept, value, moves) in [
            (
                Kept::Users,
                json!({ "id": id("a"), "auth_version": one }),
                true,
            ),
            (
                Kept::Users,
                json!({ "id": id("#admins"), "count": one }),
                true,
            ),
            (
                Kept::Users,
                json!({ "id": id("a"), "auth_version": one, "deleted_at": one, "expires_at": later }),
                true,
            ),
            (
                Kept::Users,
                json!({ "id": id("a"), "auth_version": one, "deleted_at": one, "expires_at": over }),
                false,
            ),
            (
                Kept::Users,
                json!({ "id": id("a"), "deleted_at": one, "expires_at": later }),
                false,
            ),
            (
                Kept::Users,
                json!({ "id": id("totp#a"), "pending_until": later }),
                false,
            ),
            (
                posts,
                json!({ "shard": one, "id": id("a"), "rev": id("x") }),
                true,
            ),
            (
                posts,
                json!({ "shard": one, "id": id("a"), "rev": id("x"), "deleted_at": one }),
                false,
            ),
            (
                posts,
                json!({ "shard": one, "id": id("key#a"), "expires_at": later }),
                false,
            ),
            (
                posts,
                json!({ "shard": one, "id": id("#kept"), "names": { "SS": ["by.x"] } }),
                true,
            ),
            (
                Kept::ApiKeys,
                json!({ "kind": id("api-key"), "id": id("#made"), "made": one }),
                true,
            ),
            (
                Kept::ApiKeys,
                json!({ "kind": id("api-key"), "id": id("a"), "deleted_at": one }),
                false,
            ),
            (
                Kept::Configuration,
                json!({ "id": id("provider#google") }),
                true,
            ),
            (Kept::Configuration, json!({ "id": id("keys") }), false),
            (
                Kept::Webhooks,
                json!({ "consumer": id("consumers"), "id": id("webhook:a"), "disabled": yes }),
                true,
            ),
            (
                Kept::Webhooks,
                json!({ "consumer": id("consumers"), "id": id("webhook:a"), "deleted_at": one }),
                false,
            ),
            (
                Kept::Webhooks,
                json!({ "consumer": id("webhook:a"), "id": id("x") }),
                false,
            ),
        ] {
            assert_eq!(kept.moves(&item(value.clone()), NOW), moves, "{value}");
        }
    }
}
