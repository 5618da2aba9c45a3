//! `cargo dev seed`: believable records, made from the definition and written as the store would write them.

mod random;
mod values;
mod words;

use std::collections::BTreeSet;

use api::record::{self, Write};
use api::{Definition, Id, Operation, Timestamp};
use auth::prepare::Creation;
use serde_json::{Map, Value, json};
use store::Writer;

use crate::TABLE_PREFIX;
use crate::engine::Engine;
use random::Random;
use values::{DAY, Targets};

/// Over how many days up to now the records are spread.
const DAYS: i64 = 90;

/// How often a record with unfit or taken values is drawn again.
const DRAWS: usize = 100;

/// How many ids of a collection relations choose from.
const CHOICE: usize = 1000;

/// How many owners are invented where there are no users.
const OWNERS: usize = 20;

/// The most items that `BatchWriteItem` takes.
const BATCH: usize = 25;

/// The parameters for filling a collection.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    /// How many records.
    pub count: u64,
    /// The same number makes the same values.
    pub seed: u64,
    /// The time of the newest record.
    pub now: Timestamp,
}

/// Fills a collection; `adjust` may change each body before it is checked, `progress` gets the number of finished
/// records. Returns the owners.
///
/// # Errors
/// One line: a relation that must be there has no target, no value fits, or the tables refuse.
pub fn fill(
    engine: &Engine<'_>,
    definition: &Definition,
    seed: Seed,
    mut adjust: impl FnMut(&mut Map<String, Value>),
    mut progress: impl FnMut(u64),
) -> Result<Vec<Id>, String> {
    let mut random = Random(seed.seed);
    let table = format!("{TABLE_PREFIX}{}", definition.name);
    let targets = targets(engine, definition)?;
    let owners = owners(engine, seed.now, &mut random)?;
    let unique = definition.fields.iter().any(|field| field.unique);
    let mut batch = Vec::new();
    for number in 0..seed.count {
        let now = moment(seed, number, &mut random);
        for draw in 0.. {
            let user = user(definition, &owners, &mut random);
            let mut body = values::body(definition, &targets, now, &mut random);
            adjust(&mut body);
            let written = match record::check(definition, body, Write::Create) {
                Ok(input) => {
                    let record = Creation {
                        id: id(definition, now, &mut random),
                        owner: user.map(|user| user.to_string()),
                        created_by: user,
                        fields: input.fields,
                        related: Vec::new(),
                    };
                    let writer = Writer::new(user, "seed".to_owned(), now, random.bytes());
                    let items = store::new_items(definition, record, &writer)
                        .map_err(|error| error.message)?;
                    if unique {
                        put_together(engine, &table, &items)?
                    } else {
                        batch.extend(items);
                        Ok(())
                    }
                }
                Err(error) => {
                    let first = error
                        .details
                        .first()
                        .map(|detail| format!("{}: {}", detail.field, detail.message));
                    Err(first.unwrap_or_else(|| error.message.clone()))
                }
            };
            match written {
                Ok(()) => break,
                Err(reason) if draw == DRAWS => {
                    return Err(format!("No value fits {}: {reason}", definition.name));
                }
                Err(_) => {}
            }
        }
        if batch.len() >= BATCH || number + 1 == seed.count {
            put_all(engine, &table, &mut batch)?;
        }
        progress(number + 1);
    }
    Ok(owners)
}

/// The time of a record: records follow each other, not quite evenly.
fn moment(seed: Seed, number: u64, random: &mut Random) -> Timestamp {
    let span = u64::try_from(DAYS * DAY).unwrap_or_default();
    let gap = span / seed.count.max(1);
    let back = gap
        .saturating_mul(seed.count - number)
        .saturating_sub(random.below(gap.max(1)));
    Timestamp::from_millis(seed.now.millis().saturating_sub(back))
}

fn id(definition: &Definition, now: Timestamp, random: &mut Random) -> Id {
    let bytes: [u8; 10] = random.bytes();
    Id::in_shard(now, bytes, bytes[9] % definition.shards)
}

/// The creator of a record: a user where the rule wants a token, and sometimes where it does not.
fn user(definition: &Definition, owners: &[Id], random: &mut Random) -> Option<Id> {
    let stranger = definition.rule(Operation::Create).is_public() && random.chance(50);
    random.pick(owners).copied().filter(|_| !stranger)
}

/// The existing users, or invented ones.
fn owners(engine: &Engine<'_>, now: Timestamp, random: &mut Random) -> Result<Vec<Id>, String> {
    let users: Vec<Id> = ids(engine, api::definition::USERS, CHOICE)?
        .iter()
        .filter_map(|id| id.parse().ok())
        .collect();
    Ok(if users.is_empty() {
        (0..OWNERS).map(|_| Id::new(now, random.bytes())).collect()
    } else {
        users
    })
}

/// The ids of some records of a collection, or of users.
///
/// # Errors
/// One line: DynamoDB's error.
fn ids(engine: &Engine<'_>, collection: &str, most: usize) -> Result<Vec<String>, String> {
    let users = collection == api::definition::USERS;
    let table = format!("{TABLE_PREFIX}{}{collection}", if users { "_" } else { "" });
    let mut scan = json!({ "TableName": table, "ProjectionExpression": "#id, #deleted",
        "ExpressionAttributeNames": { "#id": "id", "#deleted": "deleted_at" } });
    let mut ids = Vec::new();
    while ids.len() < most {
        let page = engine.call("Scan", &scan)?;
        let items = page["Items"].as_array().into_iter().flatten();
        let live = items.filter(|item| item.get("deleted_at").is_none());
        // Identities, counters and reservations have other ids.
        let found = live.filter_map(|item| {
            item["id"]["S"]
                .as_str()
                .filter(|id| id.parse::<api::Id>().is_ok())
        });
        ids.extend(found.map(str::to_owned));
        match page.get("LastEvaluatedKey").filter(|key| !key.is_null()) {
            Some(key) => scan["ExclusiveStartKey"] = key.clone(),
            None => break,
        }
    }
    ids.sort();
    ids.truncate(most);
    Ok(ids)
}

/// The records that a collection's relations may name.
fn targets(engine: &Engine<'_>, definition: &Definition) -> Result<Targets, String> {
    let mut targets = Targets::new();
    for collection in related(&definition.fields).collect::<BTreeSet<&str>>() {
        targets.insert(collection.to_owned(), ids(engine, collection, CHOICE)?);
    }
    let owner = definition.owner_field();
    let needed = definition
        .fields
        .iter()
        .filter(|field| field.required && field.name != owner);
    for (field, collection) in
        needed.filter_map(|field| Some((field, field.collection.as_deref()?)))
    {
        if targets.get(collection).is_some_and(Vec::is_empty) {
            let what = if collection == api::definition::USERS {
                "register a user"
            } else {
                "seed it"
            };
            return Err(format!(
                "`{}` of {} must name something in {collection}, which is empty: {what} first",
                field.name, definition.name
            ));
        }
    }
    Ok(targets)
}

fn related<'a>(fields: &'a [api::definition::Field]) -> Box<dyn Iterator<Item = &'a str> + 'a> {
    Box::new(fields.iter().flat_map(|field| {
        let inner = field
            .items
            .as_deref()
            .map(std::slice::from_ref)
            .or(field.fields.as_deref())
            .unwrap_or(&[]);
        field
            .collection
            .as_deref()
            .into_iter()
            .chain(related(inner))
    }))
}

/// Writes a record with its reservations, or neither where a value is taken.
fn put_together(
    engine: &Engine<'_>,
    table: &str,
    items: &[Value],
) -> Result<Result<(), String>, String> {
    let put = |item: &Value| {
        json!({ "Put": { "TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(#id)",
            "ExpressionAttributeNames": { "#id": "id" } } })
    };
    let items: Vec<Value> = items.iter().map(put).collect();
    match engine.call("TransactWriteItems", &json!({ "TransactItems": items })) {
        Err(error) if error.contains("ConditionalCheckFailed") => {
            Ok(Err("every value drawn is taken".to_owned()))
        }
        other => other.map(|_| Ok(())),
    }
}

/// Writes records without reservations, and empties the list.
fn put_all(engine: &Engine<'_>, table: &str, items: &mut Vec<Value>) -> Result<(), String> {
    for chunk in items.chunks(BATCH) {
        let puts: Vec<Value> = chunk
            .iter()
            .map(|item| json!({ "PutRequest": { "Item": item } }))
            .collect();
        let reply = engine.call(
            "BatchWriteItem",
            &json!({ "RequestItems": { table: puts } }),
        )?;
        if reply["UnprocessedItems"]
            .as_object()
            .is_some_and(|left| !left.is_empty())
        {
            return Err("DynamoDB left some items unwritten; try again with fewer".to_owned());
        }
    }
    items.clear();
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::dynamo::{Dynamo, Storage};
    use crate::template::Template;

    /// A project's collections, and its tables, empty.
    fn project(folder: &Path) -> (Vec<Definition>, Dynamo) {
        let project = infra::plans::read(folder).unwrap();
        let [(_, template), ..] =
            infra::plans::draw(&project, &infra::template::Yours::default()).unwrap();
        let dynamo = Dynamo::start(&Storage::Memory, 0).unwrap();
        let tables = Template::parse(&template).unwrap().tables().unwrap();
        dynamo.make(&tables).unwrap();
        (project.collections.definitions, dynamo)
    }

    #[test]
    fn every_collection_of_the_project_can_be_filled_again_and_again() {
        can_be_filled_again_and_again(&crate::project());
    }

    #[test]
    fn every_collection_of_the_suite_can_be_filled_again_and_again() {
        can_be_filled_again_and_again(&crate::root().join("tests"));
    }

    fn can_be_filled_again_and_again(folder: &Path) {
        let (definitions, dynamo) = project(folder);
        let engine = dynamo.engine();
        let now = Timestamp::from_millis(1_790_000_000_000);
        let seed = Seed {
            count: 40,
            seed: 1,
            now,
        };
        let mut todo: Vec<&Definition> = definitions.iter().collect();
        // A collection waits for those that its records must name.
        for _ in 0..definitions.len() {
            todo.retain(|definition| fill(&engine, definition, seed, |_| {}, |_| {}).is_err());
        }
        assert!(todo.is_empty(), "{todo:?}");
        for definition in &definitions {
            // The same seed draws the same values, and others where they are taken.
            let later = Seed {
                now: Timestamp::from_millis(now.millis() + 1),
                ..seed
            };
            fill(&engine, definition, later, |_| {}, |_| {}).unwrap();
            assert_eq!(
                ids(&engine, &definition.name, CHOICE).unwrap().len(),
                80,
                "{}",
                definition.name
            );
        }
    }

    #[test]
    fn an_endpoint_is_filled_as_an_engine_is() {
        let (definitions, dynamo) = project(&crate::root().join("tests"));
        let posts = definitions
            .iter()
            .find(|definition| definition.name == "posts")
            .unwrap();
        let seed = Seed {
            count: 30,
            seed: 1,
            now: Timestamp::from_millis(1_790_000_000_000),
        };
        let endpoint = dynamo.endpoint();
        let mut heard = 0;
        fill(
            &Engine::There(&endpoint),
            posts,
            seed,
            |_| {},
            |done| heard = done,
        )
        .unwrap();
        assert_eq!(heard, 30);
        assert_eq!(ids(&dynamo.engine(), "posts", CHOICE).unwrap().len(), 30);
    }

    #[test]
    fn times_are_spread_up_to_now_in_order() {
        let seed = Seed {
            count: 1000,
            seed: 1,
            now: Timestamp::from_millis(1_790_000_000_000),
        };
        let mut random = Random(1);
        let times: Vec<u64> = (0..1000)
            .map(|number| moment(seed, number, &mut random).millis())
            .collect();
        assert!(times.is_sorted() && times.last().is_some_and(|last| *last <= seed.now.millis()));
        assert!(seed.now.millis() - times[0] > 85 * 86_400_000);
    }
}
