//! The map of `--fields`: members of another system, each with its profile field here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use api::definition::ProfileField;
use serde_json::{Map, Value};

use super::shape::members;
use crate::rows::object;

/// The names that a member has there and here; a member without a name here is left out.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct FieldMap(BTreeMap<String, Option<String>>);

impl FieldMap {
    /// Reads the map: a JSON object of names there, such as `full_name` or `app_metadata.role`, with the profile field of each,
    /// `role`, or null.
    ///
    /// # Errors
    /// One line that names the file, and the name in it that is wrong.
    pub(crate) fn open(path: &Path, declared: &[ProfileField]) -> Result<Self, String> {
        let name = path.display();
        let bytes = fs::read(path).map_err(|error| format!("{name}: {error}"))?;
        let map = object(&bytes).map_err(|reason| format!("{name} {reason}"))?;
        Self::read(map, declared).map_err(|reason| format!("{name}: {reason}"))
    }

    pub(super) fn read(map: Map<String, Value>, declared: &[ProfileField]) -> Result<Self, String> {
        let (mut names, mut once) = (BTreeMap::new(), BTreeSet::new());
        for (there, here) in map {
            let here = match here {
                Value::Null => None,
                Value::String(here) => Some(here),
                _ => {
                    return Err(format!(
                        "`{there}` must have the name of a profile field, or null"
                    ));
                }
            };
            if let Some(here) = &here {
                let is_declared = declared.iter().any(|field| field.field.name == *here);
                if !is_declared && here != "role" {
                    return Err(format!(
                        "`{here}` is no profile field: declare it under users.fields in bakend.json"
                    ));
                }
                if !once.insert(here.clone()) {
                    return Err(format!("`{here}` is there twice"));
                }
            }
            names.insert(there, here);
        }
        Ok(Self(names))
    }

    /// The values that the map names, by their names here. A name without a dot may be that of a member of `metadata`, which users
    /// write themselves. So nothing that the system `has` is taken from there, and no role.
    pub(super) fn take(
        &self,
        fields: &Map<String, Value>,
        metadata: &Map<String, Value>,
        has: impl Fn(&str) -> bool,
    ) -> BTreeMap<String, Value> {
        let named = self.0.iter().filter_map(|(there, here)| {
            let here = here.clone()?;
            let may_be_beside = !there.contains('.') && here != "role" && !has(there);
            let beside = || metadata.get(there).filter(|_| may_be_beside).cloned();
            let value = at(fields, there).or_else(beside);
            Some((here, value.filter(|value| !value.is_null())?))
        });
        named.collect()
    }

    /// Removes the members that the map leaves out.
    pub(super) fn leave_out(&self, fields: &mut Map<String, Value>) {
        for (there, _) in self.0.iter().filter(|(_, here)| here.is_none()) {
            remove(fields, there);
        }
    }

    /// Whether the map has this member.
    pub(super) fn knows(&self, there: &str) -> bool {
        let under = format!("{there}.");
        self.0.keys().any(|name| {
            name == there || name.starts_with(&under) || name.ends_with(&format!(".{there}"))
        })
    }

    /// Whether the map gives this field a value.
    pub(super) fn fills(&self, here: &str) -> bool {
        self.0.values().flatten().any(|name| name == here)
    }

    /// Whether the map leaves this member out, or gives it another name.
    pub(super) fn leaves_out(&self, there: &str) -> bool {
        self.0.contains_key(there)
    }
}

/// The value at a path: the member of that very name, else one inside of an object.
fn at(fields: &Map<String, Value>, path: &str) -> Option<Value> {
    if let Some(value) = fields.get(path) {
        return Some(value.clone());
    }
    let (first, rest) = path.split_once('.')?;
    at(&members(fields.get(first).cloned()), rest)
}

/// Removes the member of that very name, else one inside of an object.
fn remove(fields: &mut Map<String, Value>, path: &str) {
    if fields.remove(path).is_some() {
        return;
    }
    let Some((first, rest)) = path.split_once('.') else {
        return;
    };
    let mut inside = members(fields.get(first).cloned());
    if !inside.is_empty() {
        remove(&mut inside, rest);
        fields.insert(first.to_owned(), Value::Object(inside));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn declared() -> Vec<ProfileField> {
        let declared =
            json!([{ "name": "name", "type": "string" }, { "name": "bio", "type": "string" }]);
        serde_json::from_value(declared).expect("fields")
    }

    fn read(map: Value) -> Result<FieldMap, String> {
        let Value::Object(map) = map else {
            panic!("an object")
        };
        FieldMap::read(map, &declared())
    }

    #[test]
    fn a_map_finds_members_and_members_of_members() {
        let map =
            read(json!({ "full": "name", "meta.about": "bio", "app.role": "role", "x": null }));
        let map = map.expect("a map");
        let fields =
            json!({ "full": "Ada", "meta": "{\"about\":\"y\"}", "app": { "role": "editor" } });
        let Value::Object(fields) = fields else {
            panic!("an object")
        };
        let taken = json!(map.take(&fields, &Map::new(), |_| false));
        assert_eq!(
            taken,
            json!({ "name": "Ada", "bio": "y", "role": "editor" })
        );
        assert!(map.knows("full") && map.knows("meta") && map.knows("about") && !map.knows("me"));
        assert!(map.leaves_out("x") && !map.leaves_out("name"));
        assert!(map.fills("bio") && !map.fills("meta.about") && !map.fills("x"));
    }

    #[test]
    fn a_name_without_a_dot_may_be_of_the_metadata_unless_it_is_of_the_system_or_a_role() {
        let map =
            read(json!({ "full": "name", "app.about": "bio", "level": "role" })).expect("a map");
        let metadata =
            json!({ "full": "Ada", "app.about": "x", "app": { "about": "y" }, "level": "admin" });
        let Value::Object(metadata) = metadata else {
            panic!("an object")
        };
        let taken = json!(map.take(&Map::new(), &metadata, |_| false));
        assert_eq!(taken, json!({ "name": "Ada" }));
        let taken = json!(map.take(&Map::new(), &metadata, |name| name == "full"));
        assert_eq!(taken, json!({}));
    }

    #[test]
    fn a_member_with_null_is_removed_also_inside_of_an_object() {
        let map = read(json!({ "hash": null, "meta.bio": null, "name": "name" })).expect("a map");
        let fields = json!({ "hash": "x", "name": "Ada", "meta": "{\"bio\":1,\"a\":2}" });
        let Value::Object(mut fields) = fields else {
            panic!("an object")
        };
        map.leave_out(&mut fields);
        assert_eq!(
            Value::Object(fields),
            json!({ "name": "Ada", "meta": { "a": 2 } })
        );
    }

    #[test]
    fn a_map_names_declared_fields_once() {
        for (map, reason) in [
            (json!({ "a": 1 }), "`a` must have the name"),
            (json!({ "a": "title" }), "`title` is no profile field"),
            (json!({ "a": "name", "b": "name" }), "`name` is there twice"),
        ] {
            let refused = read(map).expect_err("refused");
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
