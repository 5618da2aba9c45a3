//! Problems of a definition that has the right shape.

use std::collections::BTreeSet;

use crate::check::fields::{constraints, field_problems};
use crate::check::indexes::indexes;
use crate::check::names::{fold, is_name};
use crate::check::problem::Problems;
use crate::check::rows::row_problems;
use crate::definition::{Definition, FieldType, Operation, USERS};

/// Names that a collection may not have: paths of the service, present and future.
const RESERVED_COLLECTIONS: &[&str] = &[
    "auth",
    "users",
    "admin",
    "events",
    "health",
    "openapi",
    "data",
    "userAuth",
    "schemas",
    "storage",
    "files",
    "mail",
    "functions",
    "webhooks",
    "keys",
    "me",
    "realtime",
    "console",
    "audit",
    "triggers",
    "deliveries",
];

/// The problems of a definition; `known` are the collections that a relation may point to.
pub(super) fn definition_problems(
    definition: &Definition,
    file: &str,
    known: &BTreeSet<&str>,
) -> Problems {
    let mut problems = Vec::new();
    let mut problem = |place: &str, reason: String| problems.push((place.to_owned(), reason));
    let name = &definition.name;
    if !is_name(name, b"_-") {
        problem(
            "name",
            format!("`{name}` must match ^[a-zA-Z][a-zA-Z0-9_-]{{0,63}}$"),
        );
    } else if RESERVED_COLLECTIONS
        .iter()
        .any(|reserved| fold(reserved) == fold(name))
    {
        problem("name", format!("`{name}` is reserved; choose another name"));
    }
    if file.strip_suffix(".json") != Some(name) {
        problem(
            "name",
            format!("`{name}` must be the file's name; call the file {name}.json"),
        );
    }
    if !(1..=16).contains(&definition.shards) {
        problem("shards", format!("{} must be 1 to 16", definition.shards));
    }
    if definition.audit && !definition.events {
        let reason = "the audit log is made from events; leave out \"events\": false".to_owned();
        problem("audit", reason);
    }
    problems.extend(field_problems(&definition.fields, known));
    problems.extend(owner(definition));
    problems.extend(indexes(definition));
    problems.extend(columns(definition));
    problems.extend(row_problems(definition));
    problems
}

/// The problems with the rules of the record's fields; `field_problems` refuses rules of nested fields.
fn columns(definition: &Definition) -> Problems {
    let mut problems = Vec::new();
    let creators = definition.rule(Operation::Create).of_creator();
    for (at, field) in definition
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| !field.write.is_public())
    {
        let (place, name) = (format!("fields[{at}].write"), &field.name);
        if name == definition.owner_field() {
            problems.push((
                place,
                format!(
                    "`{name}` is the owner field, which only admins change; leave out its `write`"
                ),
            ));
        } else if field.required && !creators.implies(&field.write.of_creator()) {
            let reason = format!(
                "`{name}` is required, and not everybody who may create may set it; leave out `required`, and give it a \
                 `default`"
            );
            problems.push((place, reason));
        }
    }
    problems
}

/// The problems of the owner field. The service sets it and it is an index key, so it may declare little.
fn owner(definition: &Definition) -> Problems {
    let place = "ownerField".to_owned();
    let name = definition.owner_field();
    let Some(field) = definition.field(name) else {
        let reason =
            format!("`{name}` must be a declared field of type string or relation, or createdBy");
        return if name == "createdBy" {
            Vec::new()
        } else {
            vec![(place, reason)]
        };
    };
    let mut problems = Vec::new();
    match (field.kind, field.collection.as_deref()) {
        (FieldType::String, _) | (FieldType::Relation, Some(USERS) | None) => {}
        (FieldType::Relation, Some(_)) => {
            let reason = format!(
                "`{name}` is the owner field, so it points to users: say \"collection\": \"users\""
            );
            problems.push((place.clone(), reason));
        }
        _ => problems.push((
            place.clone(),
            format!("`{name}` is the owner field, so its type is string or relation"),
        )),
    }
    for constraint in constraints(field).filter(|constraint| *constraint != "collection") {
        let reason = format!(
            "`{name}` is the owner field, which the service fills in; leave out its `{constraint}`"
        );
        problems.push((place.clone(), reason));
    }
    problems
}
