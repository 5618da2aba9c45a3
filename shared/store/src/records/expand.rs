//! Expansion: inlines related records as far as the caller may read them.
//!
//! An id stays where the target is missing, deleted or hidden from the caller; these cases look the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use api::definition::{Field, FieldType, ProfileField};
use api::query::Query;
use api::{Definition, Detail, Error, Id, wire};
use auth::permission::may_read_user;
use auth::{Caller, Visibility};
use serde_json::{Map, Value};

use super::record::read_record;
use super::tombstone::is_tombstone;
use crate::accounts::users::read_user;
use crate::batch::{BATCH, strong};
use crate::item::{Item, id, number};
use crate::size;
use crate::tables::Store;

/// The collection name of relations to accounts.
const USERS: &str = "users";

/// The most different records and users of a hop: DynamoDB's batch.
const MAX_RELATED: usize = 100;

/// The most bytes to inline: with a page of records less than the 6 MB of a Lambda reply.
const MAX_INLINED: usize = 3 * 1024 * 1024;

/// A relation to inline.
#[derive(Clone, Debug)]
pub struct Relation<'a> {
    field: String,
    collection: &'a str,
    /// The target's collection; `None` for users.
    target: Option<&'a Definition>,
    /// The target's own relations to inline.
    inner: Vec<Relation<'a>>,
}

/// The targets that the caller may read, by collection and id.
type Found<'a> = BTreeMap<(&'a str, Id), View>;

/// A record or user as the caller sees it.
type View = Map<String, Value>;

/// Finds the relations that a query inlines and shows. `find` tells a collection's definition.
///
/// # Errors
/// `common/validation-failed` for a path that leads through anything but relations.
pub fn check<'a>(
    definition: &'a Definition,
    query: &Query,
    find: impl Fn(&str) -> Option<&'a Definition>,
) -> Result<Vec<Relation<'a>>, Error> {
    let mut relations: Vec<Relation<'a>> = Vec::new();
    for path in &query.expand {
        let Some((first, rest)) = path.split_first() else {
            continue;
        };
        let mut relation = relation(definition, first, &find)
            .ok_or_else(|| no_relation(&definition.name, first))?;
        for field in rest {
            let inner = relation
                .target
                .and_then(|target| self::relation(target, field, &find));
            relation
                .inner
                .push(inner.ok_or_else(|| no_relation(relation.collection, field))?);
        }
        match relations
            .iter_mut()
            .find(|other| other.field == relation.field)
        {
            Some(other) => other.inner.append(&mut relation.inner),
            None => relations.push(relation),
        }
    }
    relations.retain(|relation| {
        query
            .fields
            .as_ref()
            .is_none_or(|shown| shown.contains(&relation.field))
    });
    Ok(relations)
}

/// The relation of a field, or of the items of an array.
fn relation<'a>(
    definition: &'a Definition,
    field: &str,
    find: impl Fn(&str) -> Option<&'a Definition>,
) -> Option<Relation<'a>> {
    let declared = definition.field(field)?;
    let is_relation = |field: &&Field| field.kind == FieldType::Relation;
    let relation = Some(declared)
        .filter(is_relation)
        .or(declared.items.as_deref().filter(is_relation))?;
    let collection = relation.collection.as_deref()?;
    let target = if collection == USERS {
        None
    } else {
        Some(find(collection)?)
    };
    Some(Relation {
        field: field.to_owned(),
        collection,
        target,
        inner: Vec::new(),
    })
}

fn no_relation(collection: &str, field: &str) -> Error {
    let field: String = field.chars().take(64).collect();
    let message = format!("`expand`: `{field}` is not a relation of `{collection}`.");
    Error::invalid(vec![Detail::new("expand", "not-a-relation", message)])
}

impl Store {
    /// Inlines relations in records, as far as the caller may read the targets, users with their `profile`. It sends
    /// one request for each 25 records of a hop, and stops once they do not fit.
    ///
    /// # Errors
    /// `common/validation-failed` where the targets do not fit, `common/unavailable`, `common/internal`.
    pub async fn expand(
        &self,
        caller: &Caller,
        relations: &[Relation<'_>],
        profile: &[ProfileField],
        records: &mut [wire::Record],
    ) -> Result<(), Error> {
        let mut first = Wanted::default();
        for relation in relations {
            first.add(
                relation,
                records
                    .iter()
                    .filter_map(|record| record.fields.get(&relation.field)),
            );
        }
        // Each record that is read is inlined at least once.
        let mut unread = MAX_INLINED;
        let outer = self.related((caller, profile), first, &mut unread).await?;
        let mut second = Wanted::default();
        for relation in relations
            .iter()
            .filter(|relation| !relation.inner.is_empty())
        {
            let values = records
                .iter()
                .filter_map(|record| record.fields.get(&relation.field));
            let targets: BTreeSet<Id> = values.flat_map(ids).collect();
            for inner in &relation.inner {
                let targets = targets
                    .iter()
                    .filter_map(|id| outer.get(&(relation.collection, *id)));
                second.add(inner, targets.filter_map(|target| target.get(&inner.field)));
            }
        }
        let inner = self.related((caller, profile), second, &mut unread).await?;
        let mut room = MAX_INLINED;
        for record in records {
            inline(&mut record.fields, relations, &[&outer, &inner], &mut room)?;
        }
        Ok(())
    }

    /// Reads the present targets of relations, and keeps those that the caller may read.
    async fn related<'a>(
        &self,
        (caller, profile): (&Caller, &[ProfileField]),
        wanted: Wanted<'a>,
        room: &mut usize,
    ) -> Result<Found<'a>, Error> {
        let mut found = Found::new();
        if wanted.ids.len() > MAX_RELATED {
            let message = format!(
                "`expand` would read more than {MAX_RELATED} records at once; lower `limit`."
            );
            return Err(Error::invalid(vec![Detail::new(
                "expand", "range", message,
            )]));
        }
        let mut keys: Vec<(String, Item)> = Vec::new();
        let mut tables: HashMap<String, &'a str> = HashMap::new();
        for (collection, record) in wanted.ids {
            let (table, key) = match wanted.targets.get(collection) {
                Some(target) if record.shard() < target.shards => {
                    let shard = ("shard".to_owned(), number(record.shard()));
                    (
                        self.table(collection),
                        Item::from([shard, ("id".to_owned(), id(record))]),
                    )
                }
                None if may_read_user(caller, record) => {
                    (self.users(), Item::from([("id".to_owned(), id(record))]))
                }
                _ => continue,
            };
            tables.insert(table.clone(), collection);
            keys.push((table, key));
        }
        let targets = wanted
            .targets
            .into_iter()
            .map(|(name, target)| (name, Visibility::new(target, caller)));
        let targets: BTreeMap<&str, Visibility<'_>> = targets.collect();
        for keys in keys.chunks(BATCH) {
            let mut batch: HashMap<String, Vec<Item>> = HashMap::new();
            for (table, key) in keys {
                batch.entry(table.clone()).or_default().push(key.clone());
            }
            let batch = batch
                .into_iter()
                .map(|(table, keys)| Ok((table, strong(keys)?)));
            for (table, items) in self.batch(batch.collect::<Result<_, Error>>()?).await? {
                let Some(collection) = tables.get(&table).copied() else {
                    continue;
                };
                for item in items.into_iter().filter(|item| !is_tombstone(item)) {
                    let Some((id, view)) = readable(targets.get(collection), profile, item)? else {
                        continue;
                    };
                    take(room, &view)?;
                    found.insert((collection, id), view);
                }
            }
        }
        Ok(found)
    }
}

/// A record of `target`, or a user where there is none, as the caller sees it; `None` if the caller may not read it.
fn readable(
    target: Option<&Visibility<'_>>,
    profile: &[ProfileField],
    item: Item,
) -> Result<Option<(Id, View)>, Error> {
    let Some(target) = target else {
        let user = read_user(item)?;
        let id = user.id;
        return match serde_json::to_value(user.wire(profile))
            .map_err(|error| Error::internal(error.to_string()))?
        {
            Value::Object(view) => Ok(Some((id, view))),
            _ => Ok(None),
        };
    };
    let record = read_record(item)?.wire(target.definition);
    Ok(target
        .shows(&record)
        .then(|| (record.id, target.of(record).view(None).0)))
}

/// Takes the room of an inlined record.
fn take(room: &mut usize, view: &View) -> Result<(), Error> {
    *room = room.checked_sub(size::in_reply(view)).ok_or_else(|| {
        let message = "`expand` would inline more than 3 MB; lower `limit`, or expand less.";
        Error::invalid(vec![Detail::new("expand", "size", message)])
    })?;
    Ok(())
}

/// The ids that a hop has to read.
#[derive(Default)]
struct Wanted<'a> {
    ids: BTreeSet<(&'a str, Id)>,
    targets: BTreeMap<&'a str, &'a Definition>,
}

impl<'a> Wanted<'a> {
    fn add<'v>(&mut self, relation: &Relation<'a>, values: impl Iterator<Item = &'v Value>) {
        self.targets
            .extend(relation.target.map(|target| (relation.collection, target)));
        self.ids
            .extend(values.flat_map(ids).map(|id| (relation.collection, id)));
    }
}

/// The ids in the value of a relation, or of an array of relations.
fn ids(value: &Value) -> Vec<Id> {
    match value {
        Value::String(id) => id.parse().into_iter().collect(),
        Value::Array(items) => items
            .iter()
            .filter_map(|item| item.as_str()?.parse().ok())
            .collect(),
        _ => Vec::new(),
    }
}

/// Replaces ids by the records found, hop by hop.
fn inline(
    fields: &mut Map<String, Value>,
    relations: &[Relation<'_>],
    found: &[&Found<'_>],
    room: &mut usize,
) -> Result<(), Error> {
    let Some((hop, rest)) = found.split_first() else {
        return Ok(());
    };
    for relation in relations {
        let places: Vec<&mut Value> = match fields.get_mut(&relation.field) {
            Some(Value::Array(items)) => items.iter_mut().collect(),
            other => other.into_iter().collect(),
        };
        for place in places {
            let id = place.as_str().and_then(|id| id.parse().ok());
            let Some(target) = id.and_then(|id: Id| hop.get(&(relation.collection, id))) else {
                continue;
            };
            take(room, target)?;
            let mut target = target.clone();
            inline(&mut target, &relation.inner, rest, room)?;
            *place = Value::Object(target);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use api::Timestamp;
    use api::query::parse;
    use serde_json::json;

    use super::*;

    fn definitions() -> Vec<Definition> {
        let relation = |name: &str, to: &str| {
            format!(r#"{{"name":"{name}","type":"relation","collection":"{to}"}}"#)
        };
        let list =
            r#"{"name":"tags","type":"array","items":{"type":"relation","collection":"posts"}}"#;
        let of = |name: &str, fields: &[String]| {
            let content = format!(r#"{{"name":"{name}","fields":[{}]}}"#, fields.join(","));
            serde_json::from_str(&content).expect(&content)
        };
        vec![
            of(
                "posts",
                &[
                    relation("author", "users"),
                    r#"{"name":"title","type":"string"}"#.to_owned(),
                ],
            ),
            of(
                "comments",
                &[
                    relation("post", "posts"),
                    relation("parent", "comments"),
                    list.to_owned(),
                ],
            ),
        ]
    }

    fn checked<'a>(definitions: &'a [Definition], query: &str) -> Result<Vec<Relation<'a>>, Error> {
        let comments = &definitions[1];
        let query = parse(
            comments,
            query.split('&').filter_map(|part| part.split_once('=')),
        )
        .expect(query);
        check(comments, &query, |name| {
            definitions
                .iter()
                .find(|definition| definition.name == name)
        })
    }

    #[test]
    fn a_path_leads_through_relations() {
        let definitions = definitions();
        for (query, expected) in [
            ("expand=post", "post()"),
            (
                "expand=post,post.author,parent.post,tags.author",
                "post(author) parent(post) tags(author)",
            ),
            ("expand=parent.post,parent.parent", "parent(post,parent)"),
            ("expand=post.author&fields=parent", ""),
        ] {
            let relations = checked(&definitions, query).expect(query);
            let inner = |relation: &Relation<'_>| {
                relation
                    .inner
                    .iter()
                    .map(|inner| inner.field.clone())
                    .collect::<Vec<_>>()
            };
            let shown = relations
                .iter()
                .map(|relation| format!("{}({})", relation.field, inner(relation).join(",")));
            assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{query}");
        }
        for query in [
            "expand=post.title",
            "expand=post.nothing",
            "expand=post.nothing&fields=parent",
        ] {
            let error = checked(&definitions, query).expect_err(query);
            assert_eq!(
                (
                    error.details[0].field.as_str(),
                    error.details[0].code.as_str()
                ),
                ("expand", "not-a-relation")
            );
        }
    }

    #[test]
    fn what_was_found_takes_the_place_of_its_id() {
        let definitions = definitions();
        let ids = [1, 2, 3].map(|n| Id::new(Timestamp::from_millis(1_790_000_000_000), [n; 10]));
        let [post, unknown, user] = ids.map(|id| json!(id.to_string()));
        let object = |value: Value| match value {
            Value::Object(object) => object,
            other => panic!("{other} is no object"),
        };
        let outer = Found::from([(
            ("posts", ids[0]),
            object(json!({ "id": post, "author": user })),
        )]);
        let inner = Found::from([(("users", ids[2]), object(json!({ "id": user })))]);
        let relations = checked(&definitions, "expand=post.author,tags,parent").expect("relations");
        let mut fields =
            object(json!({ "post": post, "parent": unknown, "tags": [post, unknown, 5] }));
        let mut room = 10_000;
        inline(&mut fields, &relations, &[&outer, &inner], &mut room).expect("room");
        let expanded = json!({ "post": { "id": post, "author": { "id": user } }, "parent": unknown,
            "tags": [{ "id": post, "author": user }, unknown, 5] });
        assert_eq!(Value::Object(fields.clone()), expanded);
        assert!(room < 10_000);

        let mut fields = object(json!({ "tags": vec![post; 100] }));
        let error =
            inline(&mut fields, &relations, &[&outer, &inner], &mut 1000).expect_err("no room");
        assert_eq!(error.details[0].code, "size");
    }
}
