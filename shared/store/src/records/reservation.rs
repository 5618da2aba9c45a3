//! Reservations of unique values, and idempotency keys: items beside the records of a collection.
//!
//! They are in their own partitions, from 256 on, by the first byte of the hash, so that no list of records sees them.
//! A reservation is made, moved and freed in the transaction of the record that has the value.

use std::collections::{BTreeMap, BTreeSet};

use api::{Code, Definition, Error, Id, Timestamp};
use auth::Caller;
use auth::precondition::idempotency_key;
use auth::prepare::Creation;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::record::StoredRecord;
use crate::fault::built;
use crate::item::{Item, id, number, text};

/// The partitions that hold reservations and keys.
pub(crate) const SHARDS: std::ops::Range<u16> = FIRST_SHARD..FIRST_SHARD + 256;
const FIRST_SHARD: u16 = 256;

/// The life of an idempotency key, in seconds.
const DAY: u64 = 24 * 60 * 60;

/// The key of an item that is no record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    shard: u16,
    id: String,
}

impl Place {
    /// The place of the hash of `hashed` under this prefix; no two arrays of strings have the same text as JSON.
    fn new(prefix: &str, hashed: &Value) -> Self {
        let hash = digest(&SHA256, hashed.to_string().as_bytes());
        let first = hash.as_ref().first().copied().unwrap_or_default();
        let id = format!("{prefix}#{}", URL_SAFE_NO_PAD.encode(hash));
        Self {
            shard: FIRST_SHARD + u16::from(first),
            id,
        }
    }

    fn key(&self) -> Item {
        Item::from([
            ("shard".to_owned(), number(self.shard)),
            ("id".to_owned(), text(&self.id)),
        ])
    }
}

/// A unique value that a write takes, free or from another record that gives it up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Claim {
    /// The operation that takes it.
    pub(crate) at: usize,
    /// The field of the value.
    pub(crate) field: String,
    place: Place,
    record: Id,
    /// The records that give it up in the same transaction: several where `unique` was declared after they had it.
    from: BTreeSet<Id>,
}

/// A unique value that a write gives up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Release {
    pub(crate) place: Place,
    /// The records that had it, of which one may hold the reservation.
    records: BTreeSet<Id>,
}

/// The changes of reservations when records change. The error is the operation and the field where two operations take
/// the same value.
pub(crate) fn moves(
    definition: &Definition,
    steps: &[(Option<&StoredRecord>, Option<&StoredRecord>)],
) -> Result<(Vec<Claim>, Vec<Release>), (usize, String)> {
    let mut claims = Vec::new();
    let mut releases: BTreeMap<Place, BTreeSet<Id>> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for (at, (old, new)) in steps.iter().enumerate() {
        let (before, after) = (reserved(definition, *old), reserved(definition, *new));
        for (field, (place, record)) in &after {
            if before.get(field).is_some_and(|(held, _)| held == place) {
                continue;
            }
            if !taken.insert(place.clone()) {
                return Err((at, field.clone()));
            }
            let (field, place) = (field.clone(), place.clone());
            claims.push(Claim {
                at,
                field,
                place,
                record: *record,
                from: BTreeSet::new(),
            });
        }
        let given_up = before
            .into_iter()
            .filter(|(field, held)| after.get(field) != Some(held));
        for (_, (place, record)) in given_up {
            releases.entry(place).or_default().insert(record);
        }
    }
    // DynamoDB allows one operation on an item: a value that one record gives up and another takes is put once.
    for claim in &mut claims {
        claim.from = releases.remove(&claim.place).unwrap_or_default();
    }
    Ok((
        claims,
        releases
            .into_iter()
            .map(|(place, records)| Release { place, records })
            .collect(),
    ))
}

/// The prefix of the ids of a field's reservations, before another `#`.
pub(crate) fn prefix(field: &str) -> String {
    format!("unique#{field}")
}

/// The places of a record's unique values, by field. A value is hashed in its stored form.
fn reserved(
    definition: &Definition,
    record: Option<&StoredRecord>,
) -> BTreeMap<String, (Place, Id)> {
    let mut unique = definition
        .fields
        .iter()
        .filter(|field| field.unique)
        .peekable();
    let Some(record) = record.filter(|_| unique.peek().is_some()) else {
        return BTreeMap::new();
    };
    let shown = record.clone().wire(definition);
    let place = |name: &str| {
        let value = shown.value(name).filter(|value| !value.is_null())?;
        Some((Place::new(&prefix(name), &json!([name, value])), record.id))
    };
    unique
        .filter_map(|field| Some((field.name.clone(), place(&field.name)?)))
        .collect()
}

/// A unique value of a record, and the key of its reservation.
pub(crate) struct Reserved {
    pub(crate) field: String,
    pub(crate) key: Item,
}

/// The reservations that a record's unique values have.
pub(crate) fn of(definition: &Definition, record: &StoredRecord) -> Vec<Reserved> {
    let all = reserved(definition, Some(record)).into_iter();
    all.map(|(field, (place, _))| Reserved {
        field,
        key: place.key(),
    })
    .collect()
}

/// The condition that a value is free or reserved for one of these records, and the values of the condition.
fn free_or_of<'a>(records: impl Iterator<Item = &'a Id>) -> (String, Item) {
    let values: Item = records
        .enumerate()
        .map(|(n, record)| (format!(":r{n}"), id(*record)))
        .collect();
    let names: Vec<&str> = values.keys().map(String::as_str).collect();
    (
        format!(
            "attribute_not_exists(#id) OR #record IN ({})",
            names.join(", ")
        ),
        values,
    )
}

impl Claim {
    /// Takes the value, on condition that it is free, or reserved for this record or for a record that gives it up.
    pub(crate) fn put(&self, table: String) -> Result<Put, Error> {
        let mut item = self.place.key();
        item.insert("record".to_owned(), id(self.record));
        let (condition, values) = free_or_of(self.from.iter().chain([&self.record]));
        Put::builder()
            .table_name(table)
            .set_item(Some(item))
            .condition_expression(condition)
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#record", "record")
            .set_expression_attribute_values(Some(values))
            .build()
            .map_err(built)
    }

    /// The key of the reservation, and the record that it is for.
    pub(crate) fn holder(&self) -> (Item, Id) {
        (self.place.key(), self.record)
    }

    /// The refusal when another record has the value: it names the field, but neither the value nor the record.
    pub(crate) fn refusal(field: &str) -> Error {
        Error::new(Code::UniqueViolation)
            .with_message(format!("Another record has this value of `{field}`."))
    }
}

impl Release {
    /// Frees the value, on condition that no other record has reserved it.
    pub(crate) fn delete(&self, table: String) -> Result<Delete, Error> {
        let (condition, values) = free_or_of(self.records.iter());
        Delete::builder()
            .table_name(table)
            .set_key(Some(self.place.key()))
            .condition_expression(condition)
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#record", "record")
            .set_expression_attribute_values(Some(values))
            .build()
            .map_err(built)
    }
}

/// A caller's `Idempotency-Key` for a create.
#[derive(Clone, Debug, PartialEq)]
pub struct IdempotencyKey {
    place: Place,
    /// The hash of the body's content.
    body: String,
    now: Timestamp,
}

impl IdempotencyKey {
    /// The key of an `Idempotency-Key` header, for the creates of its caller. A stranger has none: the requests of
    /// different strangers look alike.
    ///
    /// # Errors
    /// `common/invalid-request` for a header that is no valid key.
    pub fn of(
        caller: &Caller,
        header: Option<&str>,
        creation: &Creation<'_>,
        now: Timestamp,
    ) -> Result<Option<Self>, Error> {
        let Some(identity) = caller.identity() else {
            return Ok(None);
        };
        let (fields, owner) = (&creation.fields, creation.owner.as_deref());
        let key = idempotency_key(header)?;
        Ok(key.map(|key| Self::new(identity, key, fields, owner, now)))
    }

    /// The key of this caller in a collection, for a record of these fields and this owner.
    #[must_use]
    pub fn new(
        caller: Id,
        key: &str,
        fields: &Map<String, Value>,
        owner: Option<&str>,
        now: Timestamp,
    ) -> Self {
        let said = json!([owner, fields]).to_string();
        let body = URL_SAFE_NO_PAD.encode(digest(&SHA256, said.as_bytes()));
        Self {
            place: Place::new("key", &json!([caller, key])),
            body,
            now,
        }
    }

    /// Stores the key for a day, unless it is stored already.
    pub(crate) fn put(&self, table: String, record: Id) -> Result<Put, Error> {
        let mut item = self.place.key();
        item.insert("record".to_owned(), id(record));
        item.insert("body".to_owned(), text(&self.body));
        item.insert(
            "expires_at".to_owned(),
            number(self.now.seconds().saturating_add(DAY)),
        );
        Put::builder()
            .table_name(table)
            .set_item(Some(item))
            // TTL deletes late.
            .condition_expression("attribute_not_exists(#id) OR #expires <= :now")
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_values(":now", number(self.now.seconds()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(built)
    }

    /// The record that was created with the key.
    ///
    /// # Errors
    /// `common/idempotency-mismatch` when the body was another.
    pub(crate) fn record(&self, kept: &Item) -> Result<Id, Error> {
        if kept.get("body") != Some(&text(&self.body)) {
            return Err(Code::IdempotencyMismatch.into());
        }
        match kept.get("record") {
            Some(AttributeValue::S(record)) => record
                .parse()
                .map_err(|_| Error::internal("idempotency key broken")),
            _ => Err(Error::internal("idempotency key without a record")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn definition() -> Definition {
        let fields = json!([
            { "name": "sku", "type": "string", "unique": true },
            { "name": "code", "type": "string", "unique": true },
            { "name": "name", "type": "string" },
        ]);
        serde_json::from_value(json!({ "name": "things", "fields": fields })).expect("a definition")
    }

    fn record(n: u8, fields: Value) -> StoredRecord {
        let Value::Object(fields) = fields else {
            panic!("an object")
        };
        StoredRecord {
            id: Id::new(NOW, [n; 10]),
            owner: None,
            created_by: None,
            created_at: NOW,
            updated_at: NOW,
            rev: String::new(),
            fields,
        }
    }

    /// The claims as (operation, field, given up by), and the records that free values.
    type Moves = (Vec<(usize, String, Vec<u8>)>, Vec<Vec<u8>>);

    fn moved(steps: &[(u8, Option<Value>, Option<Value>)]) -> Result<Moves, (usize, String)> {
        let made: Vec<_> = steps
            .iter()
            .map(|(n, old, new)| {
                (
                    old.clone().map(|f| record(*n, f)),
                    new.clone().map(|f| record(*n, f)),
                )
            })
            .collect();
        let steps: Vec<_> = made
            .iter()
            .map(|(old, new)| (old.as_ref(), new.as_ref()))
            .collect();
        let (claims, releases) = moves(&definition(), &steps)?;
        let who = |records: BTreeSet<Id>| records.iter().map(|record| record.bytes()[15]).collect();
        let claims = claims
            .into_iter()
            .map(|claim| (claim.at, claim.field, who(claim.from)));
        Ok((
            claims.collect(),
            releases
                .into_iter()
                .map(|release| who(release.records))
                .collect(),
        ))
    }

    #[test]
    fn reservations_follow_the_values() {
        let a = || Some(json!({ "sku": "a", "name": "x" }));
        let b = || Some(json!({ "sku": "b", "name": "y" }));
        let none = || Some(json!({ "sku": null }));
        let sku = |at: usize, from: &[u8]| (at, "sku".to_owned(), from.to_vec());
        for (steps, expected) in [
            (vec![(1, None, a())], Ok((vec![sku(0, &[])], vec![]))),
            (vec![(1, a(), None)], Ok((vec![], vec![vec![1]]))),
            (vec![(1, a(), a())], Ok((vec![], vec![]))),
            (vec![(1, a(), b())], Ok((vec![sku(0, &[])], vec![vec![1]]))),
            (vec![(1, a(), none())], Ok((vec![], vec![vec![1]]))),
            (vec![(1, none(), none())], Ok((vec![], vec![]))),
            // A value that one record frees goes to another, in either order of operations.
            (
                vec![(1, a(), b()), (2, None, a())],
                Ok((vec![sku(0, &[]), sku(1, &[1])], vec![])),
            ),
            (
                vec![(2, None, a()), (1, a(), None)],
                Ok((vec![sku(0, &[1])], vec![])),
            ),
            (
                vec![(1, a(), b()), (2, b(), a())],
                Ok((vec![sku(0, &[2]), sku(1, &[1])], vec![])),
            ),
            // Two records had the value before it was unique: either may hold the reservation.
            (
                vec![(2, a(), None), (1, a(), None)],
                Ok((vec![], vec![vec![1, 2]])),
            ),
            (
                vec![(1, a(), None), (2, a(), b())],
                Ok((vec![sku(1, &[])], vec![vec![1, 2]])),
            ),
            (
                vec![(1, a(), None), (2, a(), None), (3, None, a())],
                Ok((vec![sku(2, &[1, 2])], vec![])),
            ),
            // Two records take the same value.
            (
                vec![(1, None, a()), (2, None, b()), (3, None, a())],
                Err((2, "sku".to_owned())),
            ),
            // The same text in another field is another value.
            (
                vec![(1, None, a()), (2, None, Some(json!({ "code": "a" })))],
                Ok((vec![sku(0, &[]), (1, "code".to_owned(), vec![])], vec![])),
            ),
        ] {
            assert_eq!(moved(&steps), expected, "{steps:?}");
        }
    }

    #[test]
    fn a_value_is_freed_and_taken_from_any_of_its_records() {
        let [one, two, new] = [1, 2, 3].map(|n| record(n, json!({ "sku": "a" })));
        let ids =
            |values: Option<Item>| values.map(|values| values.into_values().collect::<Vec<_>>());
        let (_, releases) =
            moves(&definition(), &[(Some(&one), None), (Some(&two), None)]).expect("moves");
        let [release] = releases.as_slice() else {
            panic!("{releases:?}")
        };
        let delete = release.delete("t".to_owned()).expect("a delete");
        let condition = delete.condition_expression.expect("a condition");
        assert!(
            condition.contains(":r0") && condition.contains(":r1") && !condition.contains(":r2"),
            "{condition}"
        );
        let freed = ids(delete.expression_attribute_values).expect("values");
        assert!(freed.len() == 2 && freed.contains(&id(one.id)) && freed.contains(&id(two.id)));

        let steps = [(Some(&one), None), (Some(&two), None), (None, Some(&new))];
        let (claims, releases) = moves(&definition(), &steps).expect("moves");
        assert!(claims.len() == 1 && releases.is_empty());
        let put = claims[0].put("t".to_owned()).expect("a put");
        assert_eq!(put.item.get("record"), Some(&id(new.id)));
        let taken = ids(put.expression_attribute_values).expect("values");
        assert!(
            taken.len() == 3
                && [one.id, two.id, new.id]
                    .iter()
                    .all(|record| taken.contains(&id(*record)))
        );
    }

    #[test]
    fn values_of_different_types_are_different() {
        let places: BTreeSet<Place> = [
            json!("1"),
            json!(1),
            json!(true),
            json!("true"),
            json!("01"),
            json!("1 "),
        ]
        .into_iter()
        .flat_map(|value| {
            reserved(&definition(), Some(&record(1, json!({ "sku": value })))).into_values()
        })
        .map(|(place, _)| place)
        .collect();
        assert_eq!(places.len(), 6);
        assert!(
            places
                .iter()
                .all(|place| (256..512).contains(&place.shard) && place.id.len() == 54)
        );
    }

    #[test]
    fn an_idempotency_key_is_the_callers_and_of_one_body() {
        let (caller, other) = (Id::new(NOW, [1; 10]), Id::new(NOW, [2; 10]));
        let key = |caller, key: &str, fields: Value, owner: Option<&str>| {
            IdempotencyKey::new(
                caller,
                key,
                fields.as_object().expect("an object"),
                owner,
                NOW,
            )
        };
        let first = key(
            caller,
            "k",
            json!({ "a": 1, "b": { "c": 1, "d": 2 } }),
            None,
        );
        assert_eq!(
            first,
            key(
                caller,
                "k",
                json!({ "b": { "d": 2, "c": 1 }, "a": 1 }),
                None
            )
        );
        assert_ne!(first.place, key(other, "k", json!({}), None).place);
        assert_ne!(first.place, key(caller, "l", json!({}), None).place);
        let mut kept = Item::from([
            ("record".to_owned(), id(other)),
            ("body".to_owned(), text(&first.body)),
        ]);
        assert_eq!(first.record(&kept), Ok(other));
        for another in [
            json!({ "a": 1 }),
            json!({ "a": "1", "b": { "c": 1, "d": 2 } }),
        ] {
            let refused = key(caller, "k", another, None)
                .record(&kept)
                .map_err(|error| error.code);
            assert_eq!(refused, Err(Code::IdempotencyMismatch));
        }
        kept.remove("record");
        assert_eq!(
            first.record(&kept).map_err(|error| error.code),
            Err(Code::Internal)
        );
    }
}
