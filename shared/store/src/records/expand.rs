//! Expansion: inlines related records as far as the caller may read them.
//!
//! An id stays where the target is missing, deleted or hidden from the caller; these cases look the same. An id also
//! stays where its target does not fit. Another user's record can be large: it must not fail a page for everybody.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use api::definition::{Field, FieldType, ProfileField};
use api::query::Query;
use api::record::MAX_PROFILE;
use api::{Definition, Detail, Error, Id, wire};
use auth::permission::may_read_user;
use auth::{Caller, Visibility};
use serde_json::{Map, Value};

use super::record::read_record;
use super::tombstone::is_tombstone;
use crate::accounts::users::read_user;
use crate::batch::{BATCH, strong};
use crate::item::{Item, id, number};
use crate::size::{self, ENVELOPE};
use crate::tables::Store;

/// The collection name of relations to accounts.
const USERS: &str = "users";

/// The most different records and users of a hop.
const MAX_RELATED: usize = 100;

/// The most bytes to read, and the most to inline: with a page of records less than the 6 MB of a Lambda reply.
const MAX_INLINED: usize = 3 * 1024 * 1024;

/// The most bytes of a record, and about the most of a user with a profile. A batch of targets that all are as large
/// must fit what may still be read.
const RECORD: usize = 256 * 1024;
const USER: usize = MAX_PROFILE + 8 * 1024;

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

/// A target of a relation: its collection and its id.
type Key<'a> = (&'a str, Id);

/// The targets of a hop.
#[derive(Default)]
struct Hop<'a> {
    /// Those that the caller may read.
    found: Found<'a>,
    /// Those that were not read, since they are too many or too large.
    unread: BTreeSet<Key<'a>>,
}

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
    /// one request for each 12 records or 25 users of a hop. At most 100 targets of a hop and 3 MB in all are read and
    /// inlined. Returns the relations, such as `post.author`, in which an id stayed since its target did not fit.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn expand(
        &self,
        caller: &Caller,
        relations: &[Relation<'_>],
        profile: &[ProfileField],
        records: &mut [wire::Record],
    ) -> Result<BTreeSet<String>, Error> {
        let mut first = Wanted::default();
        for relation in relations {
            first.add(
                relation,
                records
                    .iter()
                    .filter_map(|record| record.fields.get(&relation.field)),
            );
        }
        let mut budget = MAX_INLINED;
        let outer = self.related((caller, profile), first, &mut budget).await?;
        let mut second = Wanted::default();
        for relation in relations
            .iter()
            .filter(|relation| !relation.inner.is_empty())
        {
            let values = records
                .iter()
                .filter_map(|record| record.fields.get(&relation.field));
            let targets: Vec<Id> = values.flat_map(ids).collect();
            for inner in &relation.inner {
                let targets = targets
                    .iter()
                    .filter_map(|id| outer.found.get(&(relation.collection, *id)));
                second.add(inner, targets.filter_map(|target| target.get(&inner.field)));
            }
        }
        let inner = self.related((caller, profile), second, &mut budget).await?;
        let mut inliner = Inliner {
            room: MAX_INLINED,
            left: BTreeSet::new(),
            sizes: BTreeMap::new(),
        };
        for record in records {
            inliner.inline(&mut record.fields, "", relations, &[&outer, &inner]);
        }
        Ok(inliner.left)
    }

    /// Reads the present targets of relations within `budget` bytes, and keeps those that the caller may read.
    async fn related<'a>(
        &self,
        (caller, profile): (&Caller, &[ProfileField]),
        wanted: Wanted<'a>,
        budget: &mut usize,
    ) -> Result<Hop<'a>, Error> {
        let mut hop = Hop {
            unread: wanted.beyond,
            ..Hop::default()
        };
        let targets = wanted
            .targets
            .into_iter()
            .map(|(name, target)| (name, Visibility::new(target, caller)));
        let targets: BTreeMap<&str, Visibility<'_>> = targets.collect();
        let may_be_there = |(collection, id): &Key<'a>| match targets.get(collection) {
            Some(target) => id.shard() < target.definition.shards,
            None => may_read_user(caller, *id),
        };
        let mut keys: VecDeque<Key<'a>> = wanted.ids.into_iter().filter(may_be_there).collect();
        while let count @ 1.. = fitting(&keys, *budget) {
            let batch: Vec<Key<'a>> = keys.drain(..count).collect();
            for (collection, item) in self.targets(&batch).await? {
                let (weight, shown) = readable(targets.get(collection), profile, item)?;
                *budget = budget.saturating_sub(weight);
                if let Some((id, view)) = shown {
                    hop.found.insert((collection, id), view);
                }
            }
        }
        hop.unread.extend(keys);
        Ok(hop)
    }

    /// The present ones of these targets, each with its collection, in one request.
    async fn targets<'a>(&self, keys: &[Key<'a>]) -> Result<Vec<(&'a str, Item)>, Error> {
        let mut wanted: HashMap<String, (&'a str, Vec<Item>)> = HashMap::new();
        for (collection, target) in keys {
            let mut key = Item::from([("id".to_owned(), id(*target))]);
            let table = if *collection == USERS {
                self.users()
            } else {
                key.insert("shard".to_owned(), number(target.shard()));
                self.table(collection)
            };
            let of_table = wanted.entry(table).or_insert((*collection, Vec::new()));
            of_table.1.push(key);
        }
        let collections: HashMap<String, &'a str> = wanted
            .iter()
            .map(|(table, (collection, _))| (table.clone(), *collection))
            .collect();
        let batch = wanted
            .into_iter()
            .map(|(table, (_, keys))| Ok((table, strong(keys)?)));
        let mut found = Vec::new();
        for (table, items) in self.batch(batch.collect::<Result<_, Error>>()?).await? {
            if let Some(collection) = collections.get(&table) {
                let present = items.into_iter().filter(|item| !is_tombstone(item));
                found.extend(present.map(|item| (*collection, item)));
            }
        }
        Ok(found)
    }
}

/// The number of the first targets that one request may read, so that the largest targets are within the budget.
fn fitting(keys: &VecDeque<Key<'_>>, budget: usize) -> usize {
    let mut weight = 0;
    let weights = keys.iter().take(BATCH).map(
        |(collection, _)| {
            if *collection == USERS { USER } else { RECORD }
        },
    );
    let within = weights.take_while(|next| {
        weight += next;
        weight <= budget
    });
    within.count()
}

/// The bytes of a record of `target`, or of a user where there is none. Beside them the record or user as the caller
/// sees it; `None` if the caller may not read it.
fn readable(
    target: Option<&Visibility<'_>>,
    profile: &[ProfileField],
    item: Item,
) -> Result<(usize, Option<(Id, View)>), Error> {
    let Some(target) = target else {
        let Some(user) = read_user(item)? else {
            return Ok((0, None));
        };
        let (id, weight) = (user.id, ENVELOPE + size::in_item(&user.profile));
        let view = serde_json::to_value(user.wire(profile))
            .map_err(|error| Error::internal(error.to_string()))?;
        return match view {
            Value::Object(view) => Ok((weight, Some((id, view)))),
            _ => Ok((weight, None)),
        };
    };
    let record = read_record(item)?;
    let weight = ENVELOPE + size::in_item(&record.fields);
    let record = record.wire(target.definition);
    let shown = target
        .shows(&record)
        .then(|| (record.id, target.of(record).view(None).0));
    Ok((weight, shown))
}

/// The targets that a hop has to read: those of the first records first.
#[derive(Default)]
struct Wanted<'a> {
    ids: Vec<Key<'a>>,
    known: BTreeSet<Key<'a>>,
    /// Those beyond the most targets of a hop.
    beyond: BTreeSet<Key<'a>>,
    targets: BTreeMap<&'a str, &'a Definition>,
}

impl<'a> Wanted<'a> {
    fn add<'v>(&mut self, relation: &Relation<'a>, values: impl Iterator<Item = &'v Value>) {
        self.targets
            .extend(relation.target.map(|target| (relation.collection, target)));
        for id in values.flat_map(ids) {
            let key = (relation.collection, id);
            if !self.known.insert(key) {
                continue;
            }
            if self.ids.len() < MAX_RELATED {
                self.ids.push(key);
            } else {
                self.beyond.insert(key);
            }
        }
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

/// Replaces ids by the targets that were found.
struct Inliner<'a> {
    /// The bytes that may still be inlined.
    room: usize,
    /// The relations in which an id stayed since its target did not fit.
    left: BTreeSet<String>,
    /// The bytes of targets. A record may name one of them thousands of times.
    sizes: BTreeMap<Key<'a>, usize>,
}

impl<'a> Inliner<'a> {
    /// Replaces the ids in these fields, which stand at `path`, hop by hop.
    fn inline(
        &mut self,
        fields: &mut Map<String, Value>,
        path: &str,
        relations: &[Relation<'a>],
        hops: &[&Hop<'_>],
    ) {
        let Some((hop, rest)) = hops.split_first() else {
            return;
        };
        for relation in relations {
            let path = format!("{path}{}", relation.field);
            let places: Vec<&mut Value> = match fields.get_mut(&relation.field) {
                Some(Value::Array(items)) => items.iter_mut().collect(),
                other => other.into_iter().collect(),
            };
            for place in places {
                let Some(id) = place.as_str().and_then(|id| id.parse().ok()) else {
                    continue;
                };
                let key = (relation.collection, id);
                let fitting = hop.found.get(&key).filter(|target| self.take(key, target));
                if let Some(target) = fitting {
                    let mut target = target.clone();
                    self.inline(&mut target, &format!("{path}."), &relation.inner, rest);
                    *place = Value::Object(target);
                } else if hop.found.contains_key(&key) || hop.unread.contains(&key) {
                    self.left.insert(path.clone());
                }
            }
        }
    }

    /// Takes the room of a target, if there is enough.
    fn take(&mut self, key: Key<'a>, target: &View) -> bool {
        let size = self.sizes.entry(key);
        let size = size.or_insert_with(|| size::in_reply(target));
        let room = self.room.checked_sub(*size);
        self.room = room.unwrap_or(self.room);
        room.is_some()
    }
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
        let hop = |found| Hop {
            found,
            unread: BTreeSet::from([("posts", ids[1])]),
        };
        let (outer, inner) = (hop(outer), hop(inner));
        let inlined = |fields: &mut Map<String, Value>, room: usize| {
            let mut inliner = Inliner {
                room,
                left: BTreeSet::new(),
                sizes: BTreeMap::new(),
            };
            inliner.inline(fields, "", &relations, &[&outer, &inner]);
            (inliner.left.into_iter().collect::<Vec<_>>(), inliner.room)
        };
        let (left, room) = inlined(&mut fields, 10_000);
        let expanded = json!({ "post": { "id": post, "author": { "id": user } }, "parent": unknown,
            "tags": [{ "id": post, "author": user }, unknown, 5] });
        assert_eq!(Value::Object(fields.clone()), expanded);
        // A post that was not read is left; an unknown comment is not told apart from a hidden one.
        assert_eq!((left, room < 10_000), (vec!["tags".to_owned()], true));

        // As many fit as there is room for, the first first.
        let mut fields = object(json!({ "tags": vec![post.clone(); 100], "post": post }));
        let (left, room) = inlined(&mut fields, 2000);
        let tags = fields["tags"].as_array().expect("tags");
        let inlined_tags = tags.iter().filter(|tag| tag.is_object()).count();
        assert!((1..100).contains(&inlined_tags), "{inlined_tags}");
        assert!(tags[inlined_tags..].iter().all(|tag| *tag == post));
        assert!(
            left.contains(&"tags".to_owned()) && room < 200,
            "{left:?} {room}"
        );
    }

    #[test]
    fn a_hop_reads_100_targets_the_first_first_and_no_batch_beyond_the_budget() {
        let definitions = definitions();
        let relations = checked(&definitions, "expand=post,tags").expect("relations");
        let id = |n: u8| Id::new(Timestamp::from_millis(1_790_000_000_000), [n; 10]);
        let value = |n: u8| json!(id(n).to_string());
        let mut wanted = Wanted::default();
        let first: Vec<Value> = (0..60).rev().map(value).collect();
        wanted.add(&relations[0], first.iter().chain(&first));
        wanted.add(
            &relations[1],
            std::iter::once(&json!((50..120).map(value).collect::<Vec<_>>())),
        );
        assert_eq!(wanted.ids.len(), MAX_RELATED);
        assert_eq!(wanted.ids[0], ("posts", id(59)));
        let beyond: BTreeSet<_> = (100..120).map(|n| ("posts", id(n))).collect();
        assert_eq!(wanted.beyond, beyond);

        let keys = |collection: &'static str, count: u8| -> VecDeque<Key<'_>> {
            (0..count).map(|n| (collection, id(n))).collect()
        };
        for (keys, budget, expected) in [
            (keys("posts", 100), MAX_INLINED, 12),
            (keys("posts", 3), MAX_INLINED, 3),
            (keys("posts", 100), RECORD, 1),
            (keys("posts", 100), RECORD - 1, 0),
            (keys("posts", 0), MAX_INLINED, 0),
            (keys("users", 100), MAX_INLINED, BATCH),
            (keys("users", 100), USER * 2, 2),
        ] {
            assert_eq!(fitting(&keys, budget), expected);
        }
    }
}
