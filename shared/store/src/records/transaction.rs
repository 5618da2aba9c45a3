//! Writes that are all or nothing: records, the reservations of their unique values, their relations, and an
//! idempotency key, in one request.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use api::definition::USERS;
use api::record::Standing;
use api::{Code, Definition, Error, Id};
use auth::terms::Related;
use auth::{Requirement, Visibility, Writer};
use aws_sdk_dynamodb::types::{ConditionCheck, TransactWriteItem};

use super::expression::Expression;
use super::judge::{
    Fields, Problem, Role, Target, Wrote, fits_reply, is_done, judge, keys_weight, refresh,
    refusal, within_limits, writable_at_once,
};
use super::operation::{Act, Operation};
use super::record::{StoredRecord, weight};
use super::reservation::{Claim, IdempotencyKey, Place, moves};
use super::write::{put, update};
use crate::batch::BATCH;
use crate::fault::built;
use crate::item::{Item, id, number};
use crate::send::{TRIES, Unsent, pause};
use crate::size::ENVELOPE;
use crate::tables::Store;

/// The revisions of targets that row filters show to the caller, by collection and id. A target without an entry is
/// hidden.
type Seen<'a> = HashMap<(&'a str, Id), String>;

/// The items of a transaction, each with its role.
type Parts = Vec<(Role, TransactWriteItem)>;

/// The targets that operations name, each with the place of its operation.
type Named<'a> = Vec<(usize, &'a Related<'a>)>;

/// The targets that must exist for these operations. A relation that the caller sees in the record before is not
/// checked again. So a record can be put back as it came although its target is gone.
fn named_anew<'a>(
    definition: &Definition,
    operations: &'a [Operation<'a>],
    steps: &[(Option<&StoredRecord>, Option<StoredRecord>)],
) -> Named<'a> {
    let mut named = Named::new();
    for (at, (operation, (old, _))) in operations.iter().zip(steps).enumerate() {
        let before = operation.act.terms().zip(*old);
        let before = before
            .filter(|_| !operation.related.is_empty())
            .map(|(terms, old)| terms.visibility.of(old.clone().wire(definition)));
        let standing = before.map(|record| Standing::of(definition, &record));
        let standing = standing.unwrap_or_default();
        let related = operation.related.iter();
        let anew = related.filter(|related| !standing.has(&related.relation));
        named.extend(anew.map(|related| (at, related)));
    }
    named
}

impl Store {
    /// Writes all or nothing. `found` are the records as they were read. Each is written on condition that its revision
    /// is unchanged, and judged again otherwise.
    pub(super) async fn write(
        &self,
        definition: &Definition,
        operations: &[Operation<'_>],
        mut found: HashMap<Id, StoredRecord>,
        key: Option<&IdempotencyKey>,
        writer: &Writer,
    ) -> Result<Wrote, Problem> {
        writable_at_once(operations, &found)?;
        // Values that the records have but never reserved: `unique` was declared later, and another record reserved the
        // value first.
        let mut not_reserved = BTreeSet::new();
        for tries in 1..=TRIES {
            let mut steps = Vec::with_capacity(operations.len());
            for (at, operation) in operations.iter().enumerate() {
                let old = found.get(&operation.act.id());
                judge(&operation.act, old).map_err(|error| Problem::At(at, error))?;
                steps.push((old, operation.act.after(old, writer)));
            }
            let related = named_anew(definition, operations, &steps);
            let seen = self.seen(definition, operations, &related).await?;
            let parts = self.parts(
                definition,
                operations,
                &steps,
                key,
                (&not_reserved, &seen, &related),
                writer,
            )?;
            let after = steps.into_iter().map(|(_, new)| new).collect();
            let failed = self.send(parts, writer, tries).await?;
            // A retry of the SDK after a lost reply finds the items of the first attempt.
            if failed.is_empty()
                || failed
                    .iter()
                    .any(|failure| is_done(operations, failure, writer))
            {
                let deleted = operations.iter().filter_map(Operation::deletes);
                self.remove_tombstones(definition, &deleted.collect::<Vec<_>>(), writer)
                    .await;
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
        (not_reserved, seen, related): (&BTreeSet<Place>, &Seen<'_>, &Named<'_>),
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
        parts.extend(self.checks(definition, operations, seen, related)?);
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

    /// Reads the present targets that row filters may hide. One request for each 25 targets of a collection.
    async fn seen<'a>(
        &self,
        definition: &Definition,
        operations: &'a [Operation<'_>],
        related: &Named<'a>,
    ) -> Result<Seen<'a>, Error> {
        let mut targets: BTreeMap<&str, (&Visibility<'_>, BTreeSet<Id>)> = BTreeMap::new();
        for (_, related) in related {
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
        related: &Named<'_>,
    ) -> Result<Parts, Problem> {
        let written: HashMap<Id, &Act<'_>> = operations
            .iter()
            .map(|operation| (operation.act.id(), &operation.act))
            .collect();
        let mut targets: BTreeMap<(&str, Id), (Fields, &Related<'_>)> = BTreeMap::new();
        let mut gone = Vec::new();
        for (at, related) in related {
            let relation = &related.relation;
            let field = (*at, relation.field.clone());
            match written
                .get(&relation.id)
                .filter(|_| relation.collection == definition.name)
            {
                // The condition of the operation itself covers its existence and the caller's access.
                Some(Act::Create(_) | Act::Update(..)) => {}
                Some(Act::Delete(..)) => gone.push((field.0, field.1, false)),
                None => {
                    let target = (relation.collection.as_str(), relation.id);
                    targets
                        .entry(target)
                        .or_insert((Fields::new(), *related))
                        .0
                        .insert(field);
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
                // A hidden target must fail in the same way as a missing one.
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

    /// Sends the items, a single item as a plain write. Returns the conditions that failed, each with the item that it
    /// found.
    async fn send(
        &self,
        parts: Parts,
        writer: &Writer,
        attempt: u32,
    ) -> Result<Vec<(Role, Option<Item>)>, Problem> {
        let (roles, items): (Vec<Role>, Vec<TransactWriteItem>) = parts.into_iter().unzip();
        // Each attempt has other items, and DynamoDB binds a token to its first request.
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
}
