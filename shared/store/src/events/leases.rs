//! The leases: one item of `_deliveries` for each consumer, under the consumer `leases`, with its breaker.

use api::event::Consumer;
use api::tables::DELIVERIES;
use api::{Error, Id, Timestamp};
use auth::webhook::lease::TERM;
use auth::webhook::{Breaker, Lease};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, Update};

use super::waiting::key;
use crate::fault;
use crate::fault::built;
use crate::item::{Item, Reader, number, text, time};
use crate::tables::Store;

/// The partition of the leases.
const LEASES: &str = "leases";

impl Store {
    /// Takes a consumer's lease where nobody holds it, and returns it with the items that a dead holder was trying. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn take_lease(
        &self,
        consumer: &Consumer,
        holder: &str,
        now: Timestamp,
    ) -> Result<Option<Lease>, Error> {
        // Its own name stands there when a reply was lost.
        let update = self
            .lease_update(consumer, holder)
            .update_expression("SET #until = :until, #holder = :holder")
            .condition_expression(
                "attribute_not_exists(#until) OR #until <= :now OR #holder = :holder",
            )
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":until", time(now.after(TERM)))
            .expression_attribute_values(":now", time(now))
            .return_values(ReturnValue::AllNew);
        let taken = sent(update).await?;
        taken.map(read_lease).transpose()
    }

    /// Keeps a lease for another term, and names the items that its holder tries from now on. Returns whether the holder
    /// still has it. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn renew_lease(
        &self,
        consumer: &Consumer,
        holder: &str,
        running: &[String],
        now: Timestamp,
    ) -> Result<bool, Error> {
        let running = AttributeValue::L(running.iter().map(text).collect());
        let update = self
            .lease_update(consumer, holder)
            .update_expression("SET #until = :until, #running = :running")
            .condition_expression("#holder = :holder")
            .expression_attribute_names("#until", "until")
            .expression_attribute_names("#running", "running")
            .expression_attribute_values(":until", time(now.after(TERM)))
            .expression_attribute_values(":running", running)
            .return_values(ReturnValue::AllNew);
        Ok(sent(update).await?.is_some())
    }

    /// Gives a lease back with the state of the breaker. Returns whether the holder still had it. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn release_lease(
        &self,
        consumer: &Consumer,
        holder: &str,
        breaker: &Breaker,
    ) -> Result<bool, Error> {
        let (set, mut remove) = state(breaker);
        remove.extend(["until", "holder", "running"]);
        let update = self
            .lease_update(consumer, holder)
            .condition_expression("#holder = :holder");
        // A retry after a lost reply finds no holder; then it is given back already.
        Ok(sent(with_state(update, set, &remove)).await?.is_some())
    }

    /// Closes the breaker of a consumer, whoever holds its lease. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn close_breaker(&self, consumer: &Consumer, breaker: &Breaker) -> Result<(), Error> {
        let (set, remove) = state(breaker);
        let update = self
            .client
            .update_item()
            .table_name(self.deliveries())
            .set_key(Some(key(LEASES, &consumer.to_string())));
        sent(with_state(update, set, &remove)).await.map(|_| ())
    }

    /// Removes the lease of a consumer that is gone, if its holder still has it. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn drop_lease(&self, consumer: &Consumer, holder: &str) -> Result<(), Error> {
        let delete = self
            .client
            .delete_item()
            .table_name(self.deliveries())
            .set_key(Some(key(LEASES, &consumer.to_string())))
            .condition_expression("#holder = :holder")
            .expression_attribute_names("#holder", "holder")
            .expression_attribute_values(":holder", text(holder));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) => match fault::failed_delete(&error) {
                Some(_) => Ok(()),
                None => Err(fault::of(&error)),
            },
        }
    }

    /// Reads a consumer's lease. 0.5 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn lease(&self, consumer: &Consumer) -> Result<Lease, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.deliveries())
            .set_key(Some(key(LEASES, &consumer.to_string())));
        let output = get.send().await.map_err(|error| fault::of(&error))?;
        let lease = output.item.map(read_lease).transpose()?;
        Ok(lease.unwrap_or_default())
    }

    /// Reads every lease. 0.5 RRU per 4 KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn leases(&self) -> Result<Vec<(Consumer, Lease)>, Error> {
        let (mut leases, mut start) = (Vec::new(), None);
        loop {
            let query = self.range(LEASES, "trigger:", "webhook:~");
            let query = query.set_exclusive_start_key(start);
            let output = query.send().await.map_err(|error| fault::of(&error))?;
            for mut item in output.items.unwrap_or_default() {
                let consumer = Reader::new(DELIVERIES.name, &mut item).text("id")?;
                // A consumer of a newer version is not served here.
                if let Ok(consumer) = consumer.parse() {
                    leases.push((consumer, read_lease(item)?));
                }
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(leases);
            }
        }
    }

    /// Makes sure that a consumer that is gone has a lease: the sweep finds its queue by that.
    pub(super) fn mark_gone(&self, consumer: &Consumer) -> Result<Update, Error> {
        Update::builder()
            .table_name(self.deliveries())
            .set_key(Some(key(LEASES, &consumer.to_string())))
            .update_expression("SET #gone = :yes")
            .expression_attribute_names("#gone", "gone")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .build()
            .map_err(built)
    }

    fn lease_update(&self, consumer: &Consumer, holder: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(self.deliveries())
            .set_key(Some(key(LEASES, &consumer.to_string())))
            .expression_attribute_names("#holder", "holder")
            .expression_attribute_values(":holder", text(holder))
    }
}

/// Sends an update; `None` where its condition failed.
async fn sent(update: UpdateItemFluentBuilder) -> Result<Option<Item>, Error> {
    match update.send().await {
        Ok(output) => Ok(Some(output.attributes.unwrap_or_default())),
        Err(error) => match fault::failed_condition(&error) {
            Some(_) => Ok(None),
            None => Err(fault::of(&error)),
        },
    }
}

type Attributes = Vec<(&'static str, AttributeValue)>;

/// The attributes of a breaker: those that are set, and those that go.
fn state(breaker: &Breaker) -> (Attributes, Vec<&'static str>) {
    let count = |count: u32| (count > 0).then(|| number(count));
    let failed = breaker.failed.iter().map(|id| text(id.to_string()));
    let failed = AttributeValue::L(failed.collect());
    let all = [
        (
            "failed",
            Some(failed).filter(|_| !breaker.failed.is_empty()),
        ),
        ("failures", count(breaker.failures)),
        ("probes", count(breaker.probes)),
        ("probe_at", breaker.probe_at.map(time)),
    ];
    let mut set = Vec::new();
    let mut remove = Vec::new();
    for (name, value) in all {
        match value {
            Some(value) => set.push((name, value)),
            None => remove.push(name),
        }
    }
    // It never goes: it tells when the consumer was last well.
    let success = breaker.last_success.map(time);
    set.extend(success.map(|at| ("last_success_at", at)));
    (set, remove)
}

fn with_state(
    mut update: UpdateItemFluentBuilder,
    set: Attributes,
    remove: &[&str],
) -> UpdateItemFluentBuilder {
    let mut sets = Vec::new();
    for (name, value) in set {
        sets.push(format!("#{name} = :{name}"));
        update = update
            .expression_attribute_names(format!("#{name}"), name)
            .expression_attribute_values(format!(":{name}"), value);
    }
    for name in remove {
        update = update.expression_attribute_names(format!("#{name}"), *name);
    }
    let removes: Vec<String> = remove.iter().map(|name| format!("#{name}")).collect();
    let mut expression = Vec::new();
    if !sets.is_empty() {
        expression.push(format!("SET {}", sets.join(", ")));
    }
    if !removes.is_empty() {
        expression.push(format!("REMOVE {}", removes.join(", ")));
    }
    update.update_expression(expression.join(" "))
}

fn read_lease(mut item: Item) -> Result<Lease, Error> {
    let list = |value: Option<AttributeValue>| match value {
        Some(AttributeValue::L(items)) => items
            .into_iter()
            .filter_map(|item| match item {
                AttributeValue::S(text) => Some(text),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    let (running, failed) = (list(item.remove("running")), list(item.remove("failed")));
    let mut reader = Reader::new(DELIVERIES.name, &mut item);
    let mut count = |name: &str| {
        let number = reader.optional_number(name).unwrap_or_default();
        u32::try_from(number).unwrap_or(u32::MAX)
    };
    let (failures, probes) = (count("failures"), count("probes"));
    let mut at = |name: &str| reader.optional_number(name).map(Timestamp::from_millis);
    let ids = failed.iter().map(|id| id.parse::<Id>());
    let broken = |_| Error::internal("_deliveries item without a proper `failed`");
    Ok(Lease {
        until: at("until"),
        running,
        breaker: Breaker {
            failed: ids.collect::<Result<_, _>>().map_err(broken)?,
            failures,
            probes,
            probe_at: at("probe_at"),
            last_success: at("last_success_at"),
        },
    })
}
