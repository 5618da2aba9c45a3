//! The types of a project: for each collection those of its records and of its lists, and the profile of its users.

use api::Definition;
use api::definition::{ProfileField, SYSTEM_FIELDS};
use serde_json::{Map, Value};

use super::filter::{TESTS, conditions, one_of};
use super::profile;
use super::script::{Member, Script, alias, declare, property};
use crate::names::pascal;
use crate::openapi::{self, declared_orders, paths};

const HEAD: &str = "// By cargo generate, from collections/ and bakend.json; edit those instead.\n";

/// The types of a collection, as the client asks for them.
const KINDS: [&str; 7] = [
    "Record", "Create", "Update", "Where", "Order", "Expand", "Expanded",
];

/// The file's text.
///
/// # Errors
/// An endpoint has no schemas.
pub(super) fn draw(
    collections: &[&Definition],
    profile: &[ProfileField],
) -> Result<String, String> {
    let parts = collections
        .iter()
        .map(|one| of_collection(one, collections));
    let parts: Vec<String> = parts.collect();
    let users = profile::draw(profile)?;
    Ok([HEAD, &of_all(collections), TESTS, &parts.concat(), &users].concat())
}

/// The type that the client is made with.
fn of_all(collections: &[&Definition]) -> String {
    let member = |collection: &&Definition| {
        let name = pascal(&collection.name);
        let kinds: Vec<String> = KINDS
            .iter()
            .map(|kind| format!("    {kind}: {name}{kind};\n"))
            .collect();
        format!(
            "  {}: {{\n{}  }};\n",
            property(&collection.name),
            kinds.concat()
        )
    };
    let members: Vec<String> = collections.iter().map(member).collect();
    format!(
        "\n/** The types of every collection: `createClient<Collections>(url)`. */\nexport interface Collections {{\n{}}}\n",
        members.concat()
    )
}

/// The types of a collection.
fn of_collection(collection: &Definition, all: &[&Definition]) -> String {
    let (of, name) = (&collection.name, pascal(&collection.name));
    let schemas = openapi::of_collection(collection, all);
    let scalars = openapi::shared();
    let order: Vec<&str> = SYSTEM_FIELDS
        .iter()
        .copied()
        .chain(collection.fields.iter().map(|field| field.name.as_str()))
        .collect();
    let members = |schema: &str, sent: bool| -> Vec<Member> {
        let script = Script {
            inlined: Some(&scalars),
            sent,
        };
        let schema = schemas.get(&format!("{name}{schema}"));
        schema
            .map(|schema| script.members(schema, &order))
            .unwrap_or_default()
    };
    let relations = paths(collection, all);
    let object = |about: &str, kind: &str, members: &[Member]| {
        format!(
            "\n{}",
            declare(Some(about), &format!("{name}{kind}"), members)
        )
    };
    let texts = |about: &str, kind: &str, texts: &[String]| {
        format!(
            "\n{}",
            alias(Some(about), &format!("{name}{kind}"), &one_of(texts))
        )
    };
    [
        object(&format!("A record of `{of}`."), "Record", &members("Record", false)),
        object(&format!("A new record of `{of}`."), "Create", &members("Create", true)),
        object(
            &format!("Changes to a record of `{of}`: what is left out stays, null removes."),
            "Update",
            &members("Patch", true),
        ),
        object(
            &format!("Which records of `{of}`: all members hold."),
            "Where",
            &conditions(collection, &format!("{name}Where")),
        ),
        texts(
            &format!("The orders of a list of `{of}`: newest first, those of its indexes, and their reverses."),
            "Order",
            &declared_orders(collection),
        ),
        texts(
            &format!("The relations of `{of}` that a list can inline, two levels deep."),
            "Expand",
            &relations,
        ),
        match relations.is_empty() {
            true => format!("\n{}", alias(None, &format!("{name}Expanded"), &format!("{name}Record"))),
            false => object(
                &format!("A record of `{of}` with relations inlined; an id stays where the caller may not read the target."),
                "Expanded",
                &inlined(&schemas, &name, &order),
            ),
        },
    ]
    .concat()
}

/// The members of a record with its relations inlined. Those that are always there are those of a record.
fn inlined(schemas: &Map<String, Value>, name: &str, order: &[&str]) -> Vec<Member> {
    let of = |kind: &str| schemas.get(&format!("{name}{kind}")).cloned();
    let mut view = of("View").unwrap_or_default();
    view["required"] = of("Record").map_or(Value::Null, |mut record| record["required"].take());
    lead_to_expanded(&mut view);
    let script = Script {
        inlined: Some(&openapi::shared()),
        sent: false,
    };
    script.members(&view, order)
}

/// Lets the references to views lead to the types of inlined records.
fn lead_to_expanded(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                let view = value.as_str().and_then(|path| path.strip_suffix("View"));
                match view.filter(|_| name == "$ref") {
                    Some(path) => *value = Value::from(format!("{path}Expanded")),
                    None => lead_to_expanded(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(lead_to_expanded),
        _ => {}
    }
}
