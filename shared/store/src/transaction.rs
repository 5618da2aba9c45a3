//! Writes that are all or nothing: records, the reservations of their unique values, what they relate to, and an
//! idempotency key, in one request.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use api::definition::USERS;
use api::{Code, Definition, Detail, Error, Id};
use auth::terms::Related;
use auth::{Requirement, Visibility};
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem, Update};
use serde_json::Value;

use crate::fault::Cancelled;
use crate::item::{Item, id, number, text};
use crate::records::{StoredRecord, Writer, is_tombstone, read_record};
use crate::sessions::BATCH;
use crate::unique::{Claim, IdempotencyKey, Place, moves};
use crate::write::{Act, Expression, Operation, index_keys, put, update};
use crate::{Store, built, fault, list};

/// How often a write is tried that others get in the way of.
pub(crate) const TRIES: u32 = 6;

/// DynamoDB's limits of a transaction.
const MAX_ITEMS: usize = 100;
pub(crate) const MAX_BYTES: usize = 4 * 1024 * 1024;

/// How many bytes of records a reply may have: with all around them less than the 6 MB of a Lambda reply.
const MAX_REPLY: usize = 5 * 1024 * 1024;

/// About how many bytes an item has beside the fields of its record.
const ENVELOPE: usize = 512;

/// What came of a write.
#[derive(Debug)]
pub(crate) enum Wrote {
    /// It is done, and these are the records now; a deleted one is none.
    Done(Vec<Option<StoredRecord>>),
    /// The idempotency key is there already, as this item.
    Repeated(Item),
}

/// Why nothing was written.
#[derive(Debug)]
pub(crate) enum Problem {
    /// Of one operation.
    At(usize, Error),
    /// Fields of operations that relate to what does not exist; whether it is accounts that they relate to.
    Unrelated(Vec<(usize, String, bool)>),
    /// Of no operation in particular.
    Whole(Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Whole(error)
    }
}

impl Problem {
    /// The refusal of a request that is one operation.
    pub(crate) fn of_one(self) -> Error {
        self.told(|_, error| error)
    }

    /// The refusal of a request of many, which names the one.
    pub(crate) fn of_many(self) -> Error {
        self.told(|at, error| error.within(&format!("operations[{at}]")))
    }

    fn told(self, place: impl Fn(usize, Error) -> Error) -> Error {
        match self {
            Self::At(at, error) => place(at, error),
            Self::Whole(error) => error,
            Self::Unrelated(fields) => {
                let detail = |(at, field, users): (usize, String, bool)| {
                    let target = if users { "a user who" } else { "a record that" };
                    let message = format!("`{field}` names {target} does not exist.");
                    place(
                        at,
                        Error::invalid(vec![Detail::new(field, "not-found", message)]),
                    )
                    .details
                };
                Error::invalid(fields.into_iter().flat_map(detail).collect())
            }
        }
    }
}

/// Why nothing was written, where it is not a condition.
#[derive(Debug)]
pub(crate) enum Unsent {
    /// The item at this place would be too large.
    TooLarge(usize),
    /// Something else.
    Fault(Error),
}

/// Fields, each of an operation.
type Fields = BTreeSet<(usize, String)>;

/// What an item of a transaction is for.
#[derive(Clone, Debug, PartialEq)]
enum Role {
    /// The record of this operation.
    Record(usize),
    /// The value of this field that this operation takes.
    Claim(usize, String),
    /// A value that is given up.
    Release(Place),
    /// What these fields of these operations relate to.
    Related(Fields, Target),
    /// The idempotency key.
    Key,
}

/// What a relation points to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    /// An account.
    User,
    /// A record that must exist, and be the caller's to read as far as its owner tells.
    Record,
    /// A record that the caller saw, and that must still be the same.
    Seen,
}

/// The revisions of targets that row filters show to the caller, by collection and id; whichever is looked for and not
/// there, is not seen.
type Seen<'a> = HashMap<(&'a str, Id), String>;

/// The items of a transaction, each with its role.
type Parts = Vec<(Role, TransactWriteItem)>;

impl Store {
    /// Writes all or nothing. `found` are the records as they were read; each is written on condition that it is still
    /// that revision, and judged again when it is not.
    pub(crate) async fn write(
        &self,
        definition: &Definition,
        operations: &[Operation<'_>],
        mut found: HashMap<Id, StoredRecord>,
        key: Option<&IdempotencyKey>,
        writer: &Writer,
    ) -> Result<Wrote, Problem> {
        writable_at_once(operations, &found)?;
        // Values that the records have but never reserved: `unique` was declared later, and another was faster.
        let mut not_reserved = BTreeSet::new();
        for tries in 1..=TRIES {
            let mut steps = Vec::with_capacity(operations.len());
            for (at, operation) in operations.iter().enumerate() {
                let old = found.get(&operation.act.id());
                judge(&operation.act, old).map_err(|error| Problem::At(at, error))?;
                steps.push((old, operation.act.after(old, writer)));
            }
            let seen = self.seen(definition, operations).await?;
            let parts = self.parts(
                definition,
                operations,
                &steps,
                key,
                (&not_reserved, &seen),
                writer,
            )?;
            let after = steps.into_iter().map(|(_, new)| new).collect();
            let failed = self.send(parts, writer, tries).await?;
            // A retry of the SDK after a lost reply finds what the first attempt wrote.
            if failed.is_empty()
                || failed
                    .iter()
                    .any(|failure| is_done(operations, failure, writer))
            {
                return Ok(Wrote::Done(after));
            }
            if let Some((_, Some(item))) = failed.iter().find(|(role, _)| *role == Role::Key) {
                return Ok(Wrote::Repeated(item.clone()));
            }
            let mut again = false;
            for (role, item) in &failed {
                match role {
                    Role::Record(at) => {
                        again |= refresh(&mut found, operations.get(*at), item.clone())?
                    }
                    Role::Release(place) => again |= not_reserved.insert(place.clone()),
                    Role::Related(_, Target::Seen) => again = true,
                    _ => {}
                }
            }
            if again {
                pause(writer, tries).await;
                continue;
            }
            return Err(refusal(failed));
        }
        Err(Error::unavailable("the records keep changing").into())
    }

    /// The items of the transaction: the records first, in their order.
    fn parts(
        &self,
        definition: &Definition,
        operations: &[Operation<'_>],
        steps: &[(Option<&StoredRecord>, Option<StoredRecord>)],
        key: Option<&IdempotencyKey>,
        (not_reserved, seen): (&BTreeSet<Place>, &Seen<'_>),
        writer: &Writer,
    ) -> Result<Parts, Problem> {
        let table = || self.table(&definition.name);
        let item = TransactWriteItem::builder;
        let mut parts = Parts::new();
        for (at, (operation, (old, new))) in operations.iter().zip(steps).enumerate() {
            let write = match (&operation.act, new) {
                (Act::Create(_), Some(new)) => item().put(put(definition, table(), new, writer)?),
                (act, _) => item().set_update(update(definition, table(), act, *old, writer)?),
            };
            parts.push((Role::Record(at), write.build()));
        }
        let compared: Vec<_> = steps
            .iter()
            .map(|(old, new)| (*old, new.as_ref()))
            .collect();
        let (claims, releases) = moves(definition, &compared)
            .map_err(|(at, field)| Problem::At(at, Claim::refusal(&field)))?;
        for claim in claims {
            let put = claim.put(table())?;
            parts.push((Role::Claim(claim.at, claim.field), item().put(put).build()));
        }
        for release in releases
            .into_iter()
            .filter(|release| !not_reserved.contains(&release.place))
        {
            let delete = release.delete(table())?;
            parts.push((Role::Release(release.place), item().delete(delete).build()));
        }
        parts.extend(self.checks(definition, operations, seen)?);
        if let (
            Some(key),
            Some(Operation {
                act: Act::Create(record),
                ..
            }),
        ) = (key, operations.first())
        {
            parts.push((Role::Key, item().put(key.put(table(), record.id)?).build()));
        }
        let weigh = |(old, new): &(Option<&StoredRecord>, Option<StoredRecord>)| {
            let keys = new.as_ref().map_or(0, |new| keys_weight(definition, new));
            weight(*old).max(weight(new.as_ref()) + keys)
        };
        let bytes = steps.iter().map(weigh).sum::<usize>();
        within_limits(parts.len(), bytes + ENVELOPE * (parts.len() - steps.len()))?;
        fits_reply(steps.iter().filter_map(|(_, new)| new.as_ref()))?;
        Ok(parts)
    }

    /// Looks at the targets that row filters may hide, as they are now. A request for each 25 of a collection.
    async fn seen<'a>(
        &self,
        definition: &Definition,
        operations: &'a [Operation<'_>],
    ) -> Result<Seen<'a>, Error> {
        let mut targets: BTreeMap<&str, (&Visibility<'_>, BTreeSet<Id>)> = BTreeMap::new();
        for related in operations.iter().flat_map(|operation| &operation.related) {
            let relation = &related.relation;
            let is_written = |operation: &Operation<'_>| operation.act.id() == relation.id;
            if let Some(rows) = &related.rows
                && !(relation.collection == definition.name && operations.iter().any(is_written))
            {
                targets
                    .entry(&relation.collection)
                    .or_insert((rows, BTreeSet::new()))
                    .1
                    .insert(relation.id);
            }
        }
        let mut seen = Seen::new();
        for (collection, (rows, ids)) in targets {
            let ids: Vec<Id> = ids.into_iter().collect();
            for ids in ids.chunks(BATCH) {
                for (id, target) in self
                    .records(rows.definition, &ids.iter().copied().collect())
                    .await?
                {
                    let rev = target.rev.clone();
                    if rows.shows(&target.wire(rows.definition)) {
                        seen.insert((collection, id), rev);
                    }
                }
            }
        }
        Ok(seen)
    }

    /// The condition checks of all relations, one for each target.
    fn checks(
        &self,
        definition: &Definition,
        operations: &[Operation<'_>],
        seen: &Seen<'_>,
    ) -> Result<Parts, Problem> {
        let written: HashMap<Id, &Act<'_>> = operations
            .iter()
            .map(|operation| (operation.act.id(), &operation.act))
            .collect();
        let mut targets: BTreeMap<(&str, Id), (Fields, &Related<'_>)> = BTreeMap::new();
        let mut gone = Vec::new();
        for (at, operation) in operations.iter().enumerate() {
            for related in &operation.related {
                let relation = &related.relation;
                let field = (at, relation.field.clone());
                match written
                    .get(&relation.id)
                    .filter(|_| relation.collection == definition.name)
                {
                    // Its own condition says that it exists and is the caller's to read.
                    Some(Act::Create(_) | Act::Update(..)) => {}
                    Some(Act::Delete(..)) => gone.push((field.0, field.1, false)),
                    None => {
                        let target = (relation.collection.as_str(), relation.id);
                        targets
                            .entry(target)
                            .or_insert((Fields::new(), related))
                            .0
                            .insert(field);
                    }
                }
            }
        }
        if !gone.is_empty() {
            return Err(Problem::Unrelated(gone));
        }
        let check = |((collection, target), (fields, related)): ((&str, Id), (_, &Related<'_>))| {
            let users = collection == USERS;
            let (kind, expression) = match (&related.rows, seen.get(&(collection, target))) {
                (None, _) if users => (Target::User, Expression::new(&related.requirement)),
                (None, _) => (Target::Record, Expression::new(&related.requirement)),
                (Some(_), Some(rev)) => (Target::Seen, Expression::of_revision(rev)),
                // What is hidden fails as what is missing does.
                (Some(_), None) => (Target::Record, Expression::new(&Requirement::Never)),
            };
            let check = ConditionCheck::builder()
                .table_name(if users {
                    self.users()
                } else {
                    self.table(collection)
                })
                .set_key(Some(Item::from([("id".to_owned(), id(target))])))
                .condition_expression(expression.condition())
                .set_expression_attribute_names(Some(expression.names))
                .set_expression_attribute_values(
                    Some(expression.values).filter(|values| !values.is_empty()),
                );
            let check = if users {
                check
            } else {
                check.key("shard", number(target.shard()))
            };
            let check = check.build().map_err(built)?;
            Ok((
                Role::Related(fields, kind),
                TransactWriteItem::builder().condition_check(check).build(),
            ))
        };
        targets.into_iter().map(check).collect()
    }

    /// Sends what is to be written, a single item by itself. The conditions that failed, each with the item it found.
    async fn send(
        &self,
        parts: Parts,
        writer: &Writer,
        attempt: u32,
    ) -> Result<Vec<(Role, Option<Item>)>, Problem> {
        let (roles, items): (Vec<Role>, Vec<TransactWriteItem>) = parts.into_iter().unzip();
        // Each attempt asks for something else, and DynamoDB holds a token to what it came with first.
        let token = format!("{}-{attempt}", writer.rev.replace('-', ""));
        match self.send_items(&items, &token, writer).await {
            Ok(failed) => {
                let role = |(at, item): (usize, Option<Item>)| Some((roles.get(at)?.clone(), item));
                Ok(failed.into_iter().filter_map(role).collect())
            }
            Err(Unsent::TooLarge(at)) => Err(match roles.get(at) {
                Some(Role::Record(at)) => Problem::At(*at, Code::RecordTooLarge.into()),
                _ => Error::internal("a reservation is too large").into(),
            }),
            Err(Unsent::Fault(error)) => Err(error.into()),
        }
    }

    /// Sends what is to be written all or nothing, a single put or update by itself, again while others are at the same
    /// items. The conditions that failed, each by its place and with the item it found.
    pub(crate) async fn send_items(
        &self,
        items: &[TransactWriteItem],
        token: &str,
        writer: &Writer,
    ) -> Result<Vec<(usize, Option<Item>)>, Unsent> {
        for tries in 1..=TRIES {
            let cancelled = match items {
                [TransactWriteItem { put: Some(put), .. }] => self.put_one(put.clone()).await,
                [
                    TransactWriteItem {
                        update: Some(update),
                        ..
                    },
                ] => self.update_one(update.clone()).await.map(|_| ()),
                _ => {
                    let transaction = self
                        .client
                        .transact_write_items()
                        .set_transact_items(Some(items.to_vec()));
                    let sent = transaction.client_request_token(token).send().await;
                    sent.map(|_| ()).map_err(fault::of_transaction)
                }
            };
            match cancelled {
                Ok(()) => return Ok(Vec::new()),
                Err(Cancelled::Conditions(failed)) => return Ok(failed),
                Err(Cancelled::TooLarge(at)) => return Err(Unsent::TooLarge(at)),
                Err(Cancelled::Fault(error)) => return Err(Unsent::Fault(error)),
                Err(Cancelled::Conflict) => pause(writer, tries).await,
            }
        }
        Err(Unsent::Fault(Error::unavailable("transaction conflict")))
    }

    async fn put_one(&self, put: Put) -> Result<(), Cancelled> {
        let put = self
            .client
            .put_item()
            .table_name(put.table_name)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_names(put.expression_attribute_names)
            .set_expression_attribute_values(put.expression_attribute_values)
            .set_return_values_on_condition_check_failure(
                put.return_values_on_condition_check_failure,
            );
        put.send()
            .await
            .map(|_| ())
            .map_err(|error| fault::of_write(&error, fault::failed_put(&error)))
    }

    /// One conditional update; the item as it is then.
    pub(crate) async fn update_one(&self, update: Update) -> Result<Option<Item>, Cancelled> {
        let update = self
            .client
            .update_item()
            .table_name(update.table_name)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values)
            .set_return_values_on_condition_check_failure(
                update.return_values_on_condition_check_failure,
            )
            .return_values(aws_sdk_dynamodb::types::ReturnValue::AllNew);
        let sent = update.send().await;
        sent.map(|output| output.attributes)
            .map_err(|error| fault::of_write(&error, fault::failed_condition(&error)))
    }

    /// Sends one update again while transactions are at the same record; `None` when its condition failed for good.
    pub(crate) async fn update_alone(
        &self,
        update: Update,
        writer: &Writer,
    ) -> Result<Result<Item, Option<Item>>, Error> {
        for tries in 1..=TRIES {
            match self.update_one(update.clone()).await {
                Ok(item) => {
                    return item
                        .map(Ok)
                        .ok_or_else(|| Error::internal("no attributes returned"));
                }
                Err(Cancelled::Conditions(failed)) => {
                    return Ok(Err(failed.into_iter().next().and_then(|(_, item)| item)));
                }
                Err(Cancelled::TooLarge(_)) => return Err(Code::RecordTooLarge.into()),
                Err(Cancelled::Fault(error)) => return Err(error),
                Err(Cancelled::Conflict) => pause(writer, tries).await,
            }
        }
        Err(Error::unavailable("transaction conflict"))
    }
}

/// Waits before another try, longer each time. What many writers run into, they run into together: each waits in its own
/// rhythm.
pub(crate) async fn pause(writer: &Writer, tries: u32) {
    let own = writer.rev.bytes().fold(u64::from(tries), |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(byte.into())
    });
    let most = 40 * u64::from(tries);
    tokio::time::sleep(Duration::from_millis(10 + own % most)).await;
}

/// Whether an operation may be done to the record that was read.
fn judge(act: &Act<'_>, old: Option<&StoredRecord>) -> Result<(), Error> {
    match (act.terms(), old) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(Code::RecordNotFound.into()),
        (Some(terms), Some(old)) => {
            let record = old.clone().wire(terms.visibility.definition);
            terms.refusal(&record, &old.rev).map_or(Ok(()), Err)
        }
    }
}

/// Refuses more records than a transaction takes, of which not all were read. Only who may write those that were is
/// told that they are large.
fn writable_at_once(
    operations: &[Operation<'_>],
    found: &HashMap<Id, StoredRecord>,
) -> Result<(), Problem> {
    let bytes = found.values().map(|record| weight(Some(record))).sum();
    let refused = within_limits(found.len(), bytes);
    if refused.is_err() {
        for (at, operation) in operations.iter().enumerate() {
            if let Some(old) = found.get(&operation.act.id()) {
                judge(&operation.act, Some(old)).map_err(|error| Problem::At(at, error))?;
            }
        }
    }
    Ok(refused?)
}

/// Whether a condition failed because everything is written already. A new record's id is nobody else's: whoever changed
/// or deleted what is there did so after it was created here.
fn is_done(
    operations: &[Operation<'_>],
    (role, item): &(Role, Option<Item>),
    writer: &Writer,
) -> bool {
    let operation = if let Role::Record(at) = role {
        operations.get(*at)
    } else {
        None
    };
    operation.is_some_and(|operation| matches!(operation.act, Act::Create(_)))
        || item
            .as_ref()
            .is_some_and(|item| item.get("rev") == Some(&text(&writer.rev)))
}

/// Takes note of a record that is not as it was read.
fn refresh(
    found: &mut HashMap<Id, StoredRecord>,
    operation: Option<&Operation<'_>>,
    item: Option<Item>,
) -> Result<bool, Error> {
    let Some(act) = operation.map(|operation| &operation.act) else {
        return Ok(false);
    };
    match item.filter(|item| !is_tombstone(item)) {
        Some(item) => found.insert(act.id(), read_record(item)?),
        None => found.remove(&act.id()),
    };
    Ok(true)
}

/// What is wrong when the records themselves are as they should be: values that others have, then relations.
fn refusal(failed: Vec<(Role, Option<Item>)>) -> Problem {
    let mut unrelated = Vec::new();
    for (role, _) in failed {
        match role {
            Role::Claim(at, field) => return Problem::At(at, Claim::refusal(&field)),
            Role::Related(fields, target) => {
                unrelated.extend(
                    fields
                        .into_iter()
                        .map(|(at, field)| (at, field, target == Target::User)),
                );
            }
            _ => {}
        }
    }
    unrelated.sort();
    if unrelated.is_empty() {
        return Error::internal("a condition failed that nothing explains").into();
    }
    Problem::Unrelated(unrelated)
}

/// Refuses what does not fit one transaction of DynamoDB.
fn within_limits(items: usize, bytes: usize) -> Result<(), Error> {
    let refused = |message: String| Err(Error::new(Code::InvalidRequest).with_message(message));
    if items > MAX_ITEMS {
        return refused(format!(
            "This takes {items} records, unique values and relations at once; there may be {MAX_ITEMS}."
        ));
    }
    if items > 1 && bytes > MAX_BYTES {
        return refused(format!(
            "This writes {bytes} bytes at once; there may be {MAX_BYTES}."
        ));
    }
    Ok(())
}

/// Refuses what could be written, but not told to the caller who wrote it.
fn fits_reply<'a>(records: impl Iterator<Item = &'a StoredRecord>) -> Result<(), Error> {
    let bytes = records
        .map(|record| list::weigh(&record.fields) + ENVELOPE)
        .sum::<usize>();
    if bytes > MAX_REPLY {
        let message =
            format!("The reply to this would have {bytes} bytes; there may be {MAX_REPLY}.");
        return Err(Error::new(Code::InvalidRequest).with_message(message));
    }
    Ok(())
}

/// How many bytes the keys of a record have in the indexes of its collection.
fn keys_weight(definition: &Definition, record: &StoredRecord) -> usize {
    let length = |key: AttributeValue| key.as_b().map_or(0, |key| key.as_ref().len());
    index_keys(definition, record)
        .into_iter()
        .map(|(name, key)| name.len() + length(key))
        .sum()
}

/// About how many bytes a record has as an item, but for the keys of its indexes.
pub(crate) fn weight(record: Option<&StoredRecord>) -> usize {
    let fields = |record: &StoredRecord| {
        record
            .fields
            .iter()
            .map(|(name, value)| name.len() + size(value))
            .sum::<usize>()
    };
    record.map_or(0, |record| fields(record) + ENVELOPE)
}

/// How many bytes a value has as an attribute, at most.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(number) => number.as_str().len() + 1,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| size(item) + 1).sum::<usize>() + 3,
        Value::Object(entries) => {
            entries
                .iter()
                .map(|(key, value)| key.len() + size(value) + 1)
                .sum::<usize>()
                + 3
        }
    }
}

#[cfg(test)]
mod tests {
    use api::Timestamp;
    use auth::precondition::Precondition;
    use auth::terms::{OwnerChange, Terms};
    use auth::{Caller, Visibility};
    use serde_json::{Map, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn record(n: u8, value: &str) -> StoredRecord {
        StoredRecord {
            id: Id::new(NOW, [n; 10]),
            owner: None,
            created_by: None,
            created_at: NOW,
            updated_at: NOW,
            rev: String::new(),
            fields: Map::from_iter([("text".to_owned(), json!(value))]),
        }
    }

    #[test]
    fn a_write_is_done_where_its_new_record_or_its_revision_is_there() {
        let definition: Definition =
            serde_json::from_value(json!({ "name": "things", "fields": [] })).expect("json");
        let caller = Caller::stranger();
        let visibility = Visibility::new(&definition, &caller);
        let terms = Terms {
            visibility: &visibility,
            requirement: Requirement::Exists,
            fields: Vec::new(),
            owner: OwnerChange::Keep,
            precondition: Precondition::Any,
        };
        let acts = [
            Act::Delete(Id::new(NOW, [1; 10]), terms),
            Act::Create(record(2, "a")),
        ];
        let operations = acts.map(|act| Operation {
            act,
            related: Vec::new(),
        });
        let writer = Writer::new(None, String::new(), NOW, [3; 10]);
        let of = |rev: &str| Some(Item::from([("rev".to_owned(), text(rev))]));
        let deleted = Some(Item::from([
            ("rev".to_owned(), text("x")),
            ("deleted_at".to_owned(), text("x")),
        ]));
        let claim = || Role::Claim(1, "text".to_owned());
        for (role, item, expected) in [
            (Role::Record(0), of(&writer.rev), true),
            (Role::Record(0), of("x"), false),
            (Role::Record(0), None, false),
            (Role::Record(1), of(&writer.rev), true),
            (Role::Record(1), of("x"), true),
            (Role::Record(1), deleted, true),
            (claim(), of("x"), false),
            (claim(), None, false),
            (Role::Key, of("x"), false),
        ] {
            let failure = (role, item);
            assert_eq!(
                is_done(&operations, &failure, &writer),
                expected,
                "{failure:?}"
            );
        }
    }

    #[test]
    fn what_no_reply_could_tell_is_not_written() {
        for (value, records, expected) in [
            ("x", 17, true),
            ("x", 18, false),
            ("\"", 4, true),
            ("\"", 5, false),
        ] {
            let records: Vec<_> = (0..records)
                .map(|n| record(n, &value.repeat(300_000)))
                .collect();
            assert_eq!(
                fits_reply(records.iter()).is_ok(),
                expected,
                "{value} {}",
                records.len()
            );
        }
    }

    #[test]
    fn the_keys_of_indexes_weigh_too() {
        let definition = |indexes: Value| -> Definition {
            let fields = json!([{ "name": "text", "type": "string" }]);
            let definition = json!({ "name": "things", "fields": fields, "indexes": indexes });
            serde_json::from_value(definition).expect("a definition")
        };
        let long = record(1, &"x".repeat(5_000));
        assert_eq!(keys_weight(&definition(json!([])), &long), 0);
        let one = keys_weight(&definition(json!([["text"]])), &long);
        assert!((1_000..1_100).contains(&one), "{one}");
        assert!(keys_weight(&definition(json!([["text"], ["-text"]])), &long) > 2 * one);
    }

    #[test]
    fn a_value_that_another_has_comes_before_a_missing_relation_and_the_first_is_told() {
        let related = |at: usize, field: &str| {
            (
                Role::Related(BTreeSet::from([(at, field.to_owned())]), Target::Record),
                None,
            )
        };
        let claim = |at: usize, field: &str| (Role::Claim(at, field.to_owned()), None);
        let told = |failed: Vec<(Role, Option<Item>)>| {
            let error = refusal(failed).of_many();
            (
                error.code,
                error.message,
                error
                    .details
                    .into_iter()
                    .map(|detail| detail.field)
                    .collect::<Vec<_>>(),
            )
        };
        let (code, message, _) = told(vec![claim(1, "sku"), claim(2, "code"), related(0, "post")]);
        assert_eq!(code, Code::UniqueViolation);
        assert_eq!(
            message,
            "operations[1]: Another record has this value of `sku`."
        );
        let (code, _, fields) = told(vec![related(1, "post"), related(0, "order")]);
        assert_eq!(
            (code, fields),
            (
                Code::ValidationFailed,
                vec!["operations[0].order".into(), "operations[1].post".into()]
            )
        );
        assert_eq!(told(Vec::new()).0, Code::Internal);
    }

    #[test]
    fn who_may_not_write_a_record_is_not_told_that_it_is_large() {
        let definition: Definition =
            serde_json::from_value(json!({ "name": "things", "fields": [] })).expect("json");
        let caller = Caller::stranger();
        let visibility = Visibility::new(&definition, &caller);
        let me = Id::new(NOW, [99; 10]);
        let (mut found, mut operations) = (HashMap::new(), Vec::new());
        for n in 0..20 {
            let record = StoredRecord {
                owner: Some(me.to_string()),
                ..record(n, &"x".repeat(300_000))
            };
            let terms = Terms {
                visibility: &visibility,
                requirement: Requirement::OwnedBy(me),
                fields: Vec::new(),
                owner: OwnerChange::Keep,
                precondition: Precondition::Any,
            };
            operations.push(Operation {
                act: Act::Delete(record.id, terms),
                related: Vec::new(),
            });
            found.insert(record.id, record);
        }
        let told = |found: &HashMap<Id, StoredRecord>| {
            writable_at_once(&operations, found).map_err(|problem| problem.of_many().code)
        };
        // What was not read is not missed.
        let last = Id::new(NOW, [19; 10]);
        let unread = found.remove(&last).expect("a record");
        assert_eq!(told(&found), Err(Code::InvalidRequest));
        found.insert(
            last,
            StoredRecord {
                owner: None,
                ..unread
            },
        );
        assert_eq!(told(&found), Err(Code::Forbidden));
        let found = found
            .into_iter()
            .filter(|(_, record)| record.owner.is_some())
            .take(10)
            .collect();
        assert_eq!(told(&found), Ok(()));
    }

    #[test]
    fn what_does_not_fit_a_transaction_is_refused_with_its_count() {
        assert_eq!(within_limits(MAX_ITEMS, MAX_BYTES), Ok(()));
        // A single item is no transaction.
        assert_eq!(within_limits(1, MAX_BYTES + 1), Ok(()));
        assert!(within_limits(101, 0).is_err_and(|error| error.message.contains("101")));
        assert!(within_limits(2, 4_194_305).is_err_and(|error| error.message.contains("4194305")));
    }
}
