//! The webhooks: items of `_deliveries` under the consumer `consumers`, written only when one of them changes.
//!
//! Beside them lies the count of webhooks ever made. A create counts the present ones and fails if another was made
//! meanwhile. A deleted webhook stays as a tombstone that reads as absent: so its event has an actor.

use std::time::Duration;

use api::event::{ActorType, Consumer, Reason};
use api::tables::DELIVERIES;
use api::{Code, Error, Id, Timestamp};
use auth::Writer;
use auth::webhook::consumer::not_found;
use auth::webhook::{Breaker, MAX_WEBHOOKS, Webhook};
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};

use super::waiting::key;
use super::webhook_items::{Set, read_webhook, secrets, settings};
use crate::accounts::stamp::{self, CHANGE};
use crate::fault;
use crate::fault::built;
use crate::item::{Item, Reader, number, text, time};
use crate::tables::Store;

/// The partition of the webhooks.
const CONSUMERS: &str = "consumers";

/// The id of the count of webhooks ever made.
const MADE: &str = "#made";

/// The most tries of a create that meets others.
const TRIES: u32 = 10;

impl Store {
    /// Lists every webhook, newest first. Strongly consistent: 1 RRU per 4 KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        let (_, mut webhooks) = self.made_and_kept_webhooks().await?;
        webhooks.reverse();
        Ok(webhooks)
    }

    async fn made_and_kept_webhooks(&self) -> Result<(Option<u64>, Vec<Webhook>), Error> {
        let (mut made, mut webhooks, mut start) = (None, Vec::new(), None);
        loop {
            let query = self.range(CONSUMERS, MADE, "webhook:~");
            let query = query.consistent_read(true).set_exclusive_start_key(start);
            let output = query.send().await.map_err(|error| fault::of(&error))?;
            for mut item in output.items.unwrap_or_default() {
                if item.get("id") == Some(&text(MADE)) {
                    made = Some(Reader::new(DELIVERIES.name, &mut item).number("made")?);
                } else {
                    webhooks.extend(read_webhook(item)?);
                }
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok((made, webhooks));
            }
        }
    }

    /// Reads the webhook of an id as a caller sends it; `None` where the text is no id. Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn webhook_at(&self, id: &str) -> Result<Option<Webhook>, Error> {
        match id.parse() {
            Ok(id) => self.webhook(id).await,
            Err(_) => Ok(None),
        }
    }

    /// Reads a webhook. Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn webhook(&self, webhook: Id) -> Result<Option<Webhook>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.deliveries())
            .set_key(Some(webhook_key(webhook)))
            .consistent_read(true);
        let output = get.send().await.map_err(|error| fault::of(&error))?;
        Ok(output.item.map(read_webhook).transpose()?.flatten())
    }

    /// Stores a new webhook, unless there are `MAX_WEBHOOKS`. 1 RRU per 4 KB of webhooks, 4 WRU.
    ///
    /// # Errors
    /// `webhooks/limit-reached`, `common/unavailable`, `common/internal`.
    pub async fn create_webhook(&self, webhook: &Webhook, writer: &Writer) -> Result<(), Error> {
        for tries in 1..=TRIES {
            let (made, webhooks) = self.made_and_kept_webhooks().await?;
            // A retry after a lost reply finds its own webhook.
            if webhooks.iter().any(|kept| kept.id == webhook.id) {
                return Ok(());
            }
            if webhooks.len() >= MAX_WEBHOOKS {
                return Err(Code::WebhookLimit.into());
            }
            let mut item = webhook_key(webhook.id);
            let sets = settings(webhook).into_iter().chain(secrets(webhook));
            item.extend(sets.filter_map(|(name, value)| Some((name.to_owned(), value?))));
            item.insert(
                CHANGE.to_owned(),
                stamp::change(writer, Reason::Create, None),
            );
            let put = Put::builder()
                .table_name(self.deliveries())
                .set_item(Some(item))
                .build()
                .map_err(built)?;
            let writes = [
                TransactWriteItem::builder().put(put).build(),
                TransactWriteItem::builder()
                    .update(self.count_made_webhook(made)?)
                    .build(),
            ];
            if self.transact(&writes).await?.is_empty() {
                return Ok(());
            }
            // Another request has made a webhook.
            tokio::time::sleep(Duration::from_millis(40 * u64::from(tries))).await;
        }
        Err(Error::unavailable("others make webhooks at the same time"))
    }

    fn count_made_webhook(&self, made: Option<u64>) -> Result<Update, Error> {
        let next = made.unwrap_or_default().saturating_add(1);
        let update = Update::builder()
            .table_name(self.deliveries())
            .set_key(Some(key(CONSUMERS, MADE)))
            .update_expression("SET #made = :next")
            .expression_attribute_names("#made", "made")
            .expression_attribute_values(":next", number(next));
        let update = match made {
            Some(made) => update
                .condition_expression("#made = :made")
                .expression_attribute_values(":made", number(made)),
            None => update.condition_expression("attribute_not_exists(#made)"),
        };
        update.build().map_err(built)
    }

    /// Writes the settings that differ. `None` where the webhook is gone. 1 WRU, nothing where none differs.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn update_webhook(
        &self,
        before: &Webhook,
        after: &Webhook,
        writer: &Writer,
    ) -> Result<Option<Webhook>, Error> {
        let old = settings(before);
        let mut sets: Vec<Set> = settings(after)
            .into_iter()
            .filter(|set| !old.contains(set))
            .collect();
        if sets.is_empty() {
            return Ok(Some(before.clone()));
        }
        sets.push((CHANGE, Some(stamp::change(writer, Reason::Update, None))));
        let changed = self.set_webhook(before.id, sets, None).await?;
        Ok(changed.ok())
    }

    /// Replaces the secret of a webhook that was read. `None` where it is gone, or another request has replaced the secret.
    /// 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn rotate_webhook(
        &self,
        before: &Webhook,
        after: &Webhook,
        writer: &Writer,
    ) -> Result<Option<Webhook>, Error> {
        let (mut before, mut after) = (before.clone(), after.clone());
        for _ in 0..2 {
            let mut sets = secrets(&after);
            sets.push((CHANGE, Some(stamp::change(writer, Reason::Rotate, None))));
            // Its own secret stands there when a reply was lost.
            let seen = [text(&before.secret), text(&after.secret)];
            match self.set_webhook(before.id, sets, Some(seen)).await? {
                Ok(webhook) => return Ok(Some(webhook)),
                // It is the same secret: an operator has sealed it anew.
                Err(Some(found)) if found.rotated_at == before.rotated_at => {
                    let until = after.previous.map(|(_, until)| until);
                    after.previous = until.map(|until| (found.secret.clone(), until));
                    before = found;
                }
                Err(_) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Switches a webhook off, or says since when its receiver fails, as the system; nothing where it is gone. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn turn_webhook(
        &self,
        before: &Webhook,
        after: &Webhook,
        now: Timestamp,
    ) -> Result<(), Error> {
        let writer = Writer {
            by: ActorType::System,
            ..Writer::operator(now, [0; 10])
        };
        let old = settings(before);
        let mut sets: Vec<Set> = settings(after)
            .into_iter()
            .filter(|set| !old.contains(set))
            .collect();
        let since = |webhook: &Webhook| webhook.failing_since.map(time);
        if since(before) != since(after) {
            sets.push(("failing_since", since(after)));
        }
        if sets.is_empty() {
            return Ok(());
        }
        sets.push((CHANGE, Some(stamp::change(&writer, Reason::Update, None))));
        self.set_webhook(before.id, sets, None).await.map(|_| ())
    }

    /// Notes that a failing webhook answers again: nothing waits for a probe any more. 2 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn recover_webhook(&self, webhook: &Webhook, now: Timestamp) -> Result<(), Error> {
        let well = Breaker {
            last_success: Some(now),
            ..Breaker::default()
        };
        self.close_breaker(&webhook.consumer(), &well).await?;
        let after = Webhook {
            failing_since: None,
            ..webhook.clone()
        };
        self.turn_webhook(webhook, &after, now).await
    }

    /// Refuses a consumer that does not exist. `is_trigger` knows the names of the triggers. 1 RRU for a webhook.
    ///
    /// # Errors
    /// `webhooks/not-found`, `triggers/not-found`, `common/unavailable`, `common/internal`.
    pub async fn need_consumer(
        &self,
        consumer: &Consumer,
        is_trigger: impl Fn(&str) -> bool,
    ) -> Result<(), Error> {
        let exists = match consumer {
            Consumer::Webhook(id) => self.webhook(*id).await?.is_some(),
            Consumer::Trigger(name) => is_trigger(name),
        };
        if exists {
            Ok(())
        } else {
            Err(not_found(consumer).into())
        }
    }

    /// Makes a tombstone of a webhook, and a lease by which the sweep finds its queue. Returns whether it existed. 4 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn delete_webhook(&self, webhook: Id, writer: &Writer) -> Result<bool, Error> {
        let bury = Update::builder()
            .table_name(self.deliveries())
            .set_key(Some(webhook_key(webhook)))
            .update_expression(
                "SET #deleted = :now, #expires = :seconds, #change = :change REMOVE #secret, #previous",
            )
            .condition_expression("attribute_exists(#id) AND attribute_not_exists(#deleted)")
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#deleted", "deleted_at")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_names("#change", CHANGE)
            .expression_attribute_names("#secret", "secret")
            .expression_attribute_names("#previous", "previous_secret")
            .expression_attribute_values(":now", time(writer.now))
            .expression_attribute_values(":seconds", number(writer.now.seconds()))
            .expression_attribute_values(":change", stamp::change(writer, Reason::Delete, None))
            .build()
            .map_err(built)?;
        let mark = self.mark_gone(&Consumer::Webhook(webhook))?;
        let writes = [
            TransactWriteItem::builder().update(bury).build(),
            TransactWriteItem::builder().update(mark).build(),
        ];
        Ok(self.transact(&writes).await?.is_empty())
    }

    /// Sets attributes of a webhook that is there, and whose secret is one of these if there are any. Returns the webhook, or
    /// else the one that did not fit.
    async fn set_webhook(
        &self,
        webhook: Id,
        sets: Vec<Set>,
        secrets: Option<[AttributeValue; 2]>,
    ) -> Result<Result<Webhook, Option<Webhook>>, Error> {
        let mut condition =
            "attribute_exists(#id) AND attribute_not_exists(#deleted_at)".to_owned();
        let mut update = self
            .client
            .update_item()
            .table_name(self.deliveries())
            .set_key(Some(webhook_key(webhook)))
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#deleted_at", "deleted_at")
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some([old, new]) = secrets {
            condition.push_str(" AND #secret IN (:old, :new)");
            update = update
                .expression_attribute_values(":old", old)
                .expression_attribute_values(":new", new);
        }
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        for (name, value) in sets {
            update = update.expression_attribute_names(format!("#{name}"), name);
            match value {
                Some(value) => {
                    set.push(format!("#{name} = :{name}"));
                    update = update.expression_attribute_values(format!(":{name}"), value);
                }
                None => remove.push(format!("#{name}")),
            }
        }
        let mut expression = format!("SET {}", set.join(", "));
        if !remove.is_empty() {
            expression.push_str(&format!(" REMOVE {}", remove.join(", ")));
        }
        let update = update
            .update_expression(expression)
            .condition_expression(condition);
        match update.send().await {
            Ok(output) => {
                let webhook = output.attributes.map(read_webhook).transpose()?.flatten();
                Ok(webhook.ok_or(None))
            }
            Err(error) => match fault::failed_condition(&error) {
                Some(found) => Ok(Err(found.map(read_webhook).transpose()?.flatten())),
                None => Err(fault::of(&error)),
            },
        }
    }
}

pub(crate) fn webhook_key(webhook: Id) -> Item {
    key(CONSUMERS, &Consumer::Webhook(webhook).to_string())
}
