//! Judgements on a write: whether it is allowed, whether it is done, and why it was refused. Pure.

use std::collections::{BTreeSet, HashMap};

use api::{Code, Definition, Detail, Error, Id};
use auth::Writer;
use aws_sdk_dynamodb::types::AttributeValue;

use super::operation::{Act, Operation};
use super::record::{StoredRecord, read_record, weight};
use super::reservation::{Claim, Place};
use super::tombstone::is_tombstone;
use super::write::index_keys;
use crate::item::{Item, text};
use crate::size::{self, ENVELOPE, MAX_BYTES};

/// The most items of a transaction.
const MAX_ITEMS: usize = 100;

/// The most bytes of records in a reply: with the rest of the reply less than the 6 MB of a Lambda reply.
const MAX_REPLY: usize = 5 * 1024 * 1024;

/// The outcome of a write.
#[derive(Debug)]
pub(super) enum Wrote {
    /// The write is done. These are the records after it; a deleted record is `None`.
    Done(Vec<Option<StoredRecord>>),
    /// The idempotency key exists already, as this item.
    Repeated(Item),
}

/// The reason why nothing was written.
#[derive(Debug)]
pub(super) enum Problem {
    /// A problem of one operation.
    At(usize, Error),
    /// Fields of operations whose related record or account does not exist; `true` for an account.
    Unrelated(Vec<(usize, String, bool)>),
    /// A problem of the whole request.
    Whole(Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Whole(error)
    }
}

impl Problem {
    /// The refusal of a request with one operation.
    pub(super) fn of_one(self) -> Error {
        self.told(|_, error| error)
    }

    /// The refusal of a request with many operations; it names the operation.
    pub(super) fn of_many(self) -> Error {
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

/// Fields, each with its operation.
pub(super) type Fields = BTreeSet<(usize, String)>;

/// The purpose of an item of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Role {
    /// The record of this operation.
    Record(usize),
    /// The value that this operation takes for this field.
    Claim(usize, String),
    /// A value that an operation gives up.
    Release(Place),
    /// The target of these fields of these operations.
    Related(Fields, Target),
    /// The idempotency key.
    Key,
}

/// The target of a relation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    /// An account.
    User,
    /// A record that must exist, and whose owner allows the caller to read it.
    Record,
    /// A record that the caller saw, and that must be unchanged.
    Seen,
}

/// Whether an operation is allowed on the record that was read.
pub(super) fn judge(act: &Act<'_>, old: Option<&StoredRecord>) -> Result<(), Error> {
    match (act.terms(), old) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(Code::RecordNotFound.into()),
        (Some(terms), Some(old)) => {
            let record = old.clone().wire(terms.visibility.definition);
            terms.refusal(&record, &old.rev).map_or(Ok(()), Err)
        }
    }
}

/// Refuses more records than a transaction takes, before all of them are read. Only a caller who may write the records
/// that were read learns that they are large.
pub(super) fn writable_at_once(
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

/// Whether a condition failed because everything is written already. Only this request makes a record with a new id:
/// any change or deletion of it came later.
pub(super) fn is_done(
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

/// Replaces a record that is no longer as it was read.
pub(super) fn refresh(
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

/// The refusal when the records themselves are unchanged: values of other records first, then relations.
pub(super) fn refusal(failed: Vec<(Role, Option<Item>)>) -> Problem {
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

/// Refuses a write that does not fit one transaction of DynamoDB.
pub(super) fn within_limits(items: usize, bytes: usize) -> Result<(), Error> {
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

/// Refuses a write whose reply would be too large for the caller.
pub(super) fn fits_reply<'a>(records: impl Iterator<Item = &'a StoredRecord>) -> Result<(), Error> {
    let bytes = records
        .map(|record| size::in_reply(&record.fields) + ENVELOPE)
        .sum::<usize>();
    if bytes > MAX_REPLY {
        let message =
            format!("The reply to this would have {bytes} bytes; there may be {MAX_REPLY}.");
        return Err(Error::new(Code::InvalidRequest).with_message(message));
    }
    Ok(())
}

/// The number of bytes of a record's keys in the indexes of its collection.
pub(super) fn keys_weight(definition: &Definition, record: &StoredRecord) -> usize {
    let length = |key: AttributeValue| key.as_b().map_or(0, |key| key.as_ref().len());
    index_keys(definition, record)
        .into_iter()
        .map(|(name, key)| name.len() + length(key))
        .sum()
}

#[cfg(test)]
mod tests {
    use api::Timestamp;
    use auth::precondition::Precondition;
    use auth::terms::{OwnerChange, Terms};
    use auth::{Caller, Requirement, Visibility};
    use serde_json::{Map, Value, json};

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
        // An unread record is not reported as missing.
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
        // A single item needs no transaction.
        assert_eq!(within_limits(1, MAX_BYTES + 1), Ok(()));
        assert!(within_limits(101, 0).is_err_and(|error| error.message.contains("101")));
        assert!(within_limits(2, 4_194_305).is_err_and(|error| error.message.contains("4194305")));
    }
}
