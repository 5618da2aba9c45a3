//! A row of a file as the body of a record, with the ids that its origin had replaced by those here.

use std::collections::HashMap;

use api::definition::{Field, FieldType, USERS};
use api::{Definition, Id, Timestamp};
use auth::user::import_mark;
use serde_json::{Map, Value};

use crate::ids::{Ids, bytes_of, time_of};
use crate::rows::{array_of_postgres, moment, plain, typed};

/// The names of the id and the times in other systems, unless the collection declares a field of that name.
const IDS: [&str; 2] = ["id", "_id"];
const CREATED: [&str; 3] = ["createdAt", "created_at", "created"];
const UPDATED: [&str; 3] = ["updatedAt", "updated_at", "updated"];

/// Members that mean nothing outside of the system that wrote them, unless the collection declares them.
const IGNORED: [&str; 5] = [
    "__v",
    "schemaVersion",
    "collectionId",
    "collectionName",
    "expand",
];

/// A row that can become a record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moved {
    /// The id in the origin, or another name by which the row is known again.
    pub(super) old: String,
    /// The mark of its content.
    pub(super) row: String,
    /// The id here.
    pub(super) id: Id,
    /// Whether the id must be noted before the record is made: nothing else tells it, or that it is of this row.
    pub(super) is_noted: bool,
    /// Whether the id was noted for a row with another content.
    pub(super) is_other: bool,
    /// The creator, if the row names one.
    pub(super) created_by: Option<Id>,
    /// The declared fields.
    pub(super) body: Map<String, Value>,
}

/// Why a row is no record.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Unmoved {
    /// It is wrong.
    Wrong(String),
    /// It points to a record of its own collection that is not there yet.
    Waits(String),
}

/// The reading of the rows of a collection.
pub(super) struct Reading {
    definition: &'static Definition,
    /// How many rows without an id have the same content.
    same: HashMap<String, u64>,
}

/// The problems of a row, and how many of them are ids of its own collection that are not known.
struct Unknown<'a> {
    collection: &'a str,
    /// The name of the row.
    old: &'a str,
    problems: Vec<String>,
    own: usize,
}

impl Reading {
    pub(super) fn new(definition: &'static Definition) -> Self {
        Self {
            definition,
            same: HashMap::new(),
        }
    }

    /// The name by which a row is known again: its id in the origin. Without one it is the content, with the number of equal rows
    /// up to this one.
    pub(super) fn name(&mut self, fields: &Map<String, Value>) -> String {
        let id = IDS.iter().find_map(|name| fields.get(*name));
        match id.map(|id| plain(id.clone())) {
            Some(Value::String(id)) if !id.is_empty() => return id,
            Some(Value::Number(id)) => return id.to_string(),
            _ => {}
        }
        let mark = import_mark(fields);
        let before = self.same.entry(mark.clone()).or_default();
        *before += 1;
        format!("#{mark}.{before}")
    }

    /// The row of this name as the body of a record.
    pub(super) fn moved(
        &self,
        old: &str,
        mut fields: Map<String, Value>,
        ids: &Ids,
        now: Timestamp,
    ) -> Result<Moved, Unmoved> {
        let definition = self.definition;
        let is_declared = |name: &str| definition.field(name).is_some();
        for name in IDS.iter().chain(&UPDATED).chain(&IGNORED) {
            if !is_declared(name) {
                fields.remove(*name);
            }
        }
        let row = import_mark(&fields);
        let mut created = None;
        for name in CREATED.iter().filter(|name| !is_declared(name)) {
            let value = fields
                .remove(*name)
                .filter(|value| !value.is_null() && *value != "");
            created = created.or(value.map(|value| (*name, value)));
        }
        let mut unknown = Unknown {
            collection: &definition.name,
            old,
            problems: Vec::new(),
            own: 0,
        };
        let created = created.and_then(|(name, value)| {
            let at = moment(&value).filter(|at| *at <= now);
            if at.is_none() {
                unknown
                    .problems
                    .push(format!("`{name}` must be a time that has been."));
            }
            at
        });
        let created = created.or_else(|| time_of(old).filter(|at| *at <= now));
        let creator = match is_declared("createdBy") {
            true => None,
            false => fields.remove("createdBy"),
        };
        let creator = match creator.map(plain) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.is_empty() => None,
            Some(Value::String(text)) => unknown.find("createdBy", USERS, &text, ids),
            Some(Value::Number(number)) => {
                unknown.find("createdBy", USERS, &number.to_string(), ids)
            }
            Some(_) => {
                let problem = "`createdBy` must be the id of a user.".to_owned();
                unknown.problems.push(problem);
                None
            }
        };
        let mut body = Map::new();
        for (name, value) in fields {
            let value = match definition.field(&name) {
                None => Some(plain(value)),
                Some(field) if name == definition.owner_field() => {
                    let value = typed(&of_user(field), value);
                    value.map(|value| unknown.map(&of_user(field), &name, value, ids))
                }
                Some(field) => typed(field, value).map(|value| {
                    unknown.problems.extend(array_of_postgres(field, &value));
                    unknown.map(field, &name, value, ids)
                }),
            };
            body.extend(value.map(|value| (name, value)));
        }
        if !unknown.problems.is_empty() {
            let reason = unknown.problems.join(" ");
            return Err(match unknown.problems.len() == unknown.own {
                true => Unmoved::Waits(reason),
                false => Unmoved::Wrong(reason),
            });
        }
        let (id, is_noted) = self.id(old, created, ids, now);
        let noted = ids.row(&definition.name, old);
        let is_other = noted.is_some_and(|noted| noted != row);
        Ok(Moved {
            old: old.to_owned(),
            row,
            id,
            is_noted: is_noted || is_other,
            is_other,
            created_by: creator,
            body,
        })
    }

    /// The id here: that of an earlier run, the same one where it can be, or one out of the time and the name.
    fn id(&self, old: &str, created: Option<Timestamp>, ids: &Ids, now: Timestamp) -> (Id, bool) {
        let definition = self.definition;
        if let Some(id) = ids.get(&definition.name, old) {
            return (id, false);
        }
        let own = old.parse::<Id>().ok().filter(|id| {
            let fits = id.shard() < definition.shards && id.created_at() <= now;
            fits && created.is_none_or(|at| at == id.created_at())
        });
        if let Some(id) = own {
            return (id, false);
        }
        let bytes = bytes_of(&definition.name, old);
        let shard = bytes[9] % definition.shards;
        let id = Id::in_shard(created.unwrap_or(now), bytes, shard);
        (id, true)
    }
}

/// The owner field as a relation to users: its ids are those of users, whatever its type.
fn of_user(field: &Field) -> Field {
    Field {
        kind: FieldType::Relation,
        collection: Some(USERS.to_owned()),
        ..field.clone()
    }
}

impl Unknown<'_> {
    /// The id here of a user or a record.
    fn find(&mut self, place: &str, collection: &str, old: &str, ids: &Ids) -> Option<Id> {
        let found = ids.get(collection, old).or_else(|| old.parse().ok());
        if found.is_none() {
            let (is_own, file) = (collection == self.collection, ids.name());
            let is_itself = is_own && old == self.old;
            self.own += usize::from(is_own && !is_itself);
            self.problems.push(match (is_itself, is_own) {
                (true, _) => format!(
                    "`{place}` points to the record itself, which is not there before it is made: leave it out, and set it afterwards."
                ),
                (false, true) => format!(
                    "`{place}` is {old} of {collection}, which {file} does not have and no row has made: it is missing, refused, or points back here. Where records point to each other, leave it out, and set it afterwards."
                ),
                (false, false) => format!(
                    "`{place}` is {old} of {collection}, which {file} does not have: import {collection} first."
                ),
            });
        }
        found
    }

    /// A value with the ids of its relations replaced.
    fn map(&mut self, field: &Field, place: &str, value: Value, ids: &Ids) -> Value {
        match (field.kind, value) {
            (FieldType::Relation, Value::String(old)) => {
                let collection = field.collection.as_deref().unwrap_or(USERS);
                match self.find(place, collection, &old, ids) {
                    Some(id) => Value::String(id.to_string()),
                    None => Value::String(old),
                }
            }
            (FieldType::Array, Value::Array(items)) => match &field.items {
                None => Value::Array(items),
                Some(item) => {
                    let items = items.into_iter().enumerate();
                    let mapped = items
                        .map(|(at, value)| self.map(item, &format!("{place}[{at}]"), value, ids));
                    mapped.collect()
                }
            },
            (FieldType::Object, Value::Object(members)) => {
                let members = members.into_iter().map(|(name, value)| {
                    let mut declared = field.fields.iter().flatten();
                    let value = match declared.find(|inner| inner.name == name) {
                        Some(inner) => self.map(inner, &format!("{place}.{name}"), value, ids),
                        None => value,
                    };
                    (name, value)
                });
                Value::Object(members.collect())
            }
            (_, value) => value,
        }
    }
}

#[cfg(test)]
mod tests;
