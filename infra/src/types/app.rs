//! The types of a project: for each collection those of its records and of its lists, and the profile of its users.

use api::Definition;
use api::definition::{Field, ProfileField, SYSTEM_FIELDS};
use serde_json::json;

use super::filter::{TESTS, conditions, one_of};
use super::script::{Member, Script, alias, declare, property};
use crate::names::pascal;
use crate::openapi::{self, Side, declared_orders, paths};

const HEAD: &str = "// By cargo generate, from collections/ and bakend.json; edit those instead.\n";

/// The types of a collection, as the client asks for them.
const KINDS: [&str; 6] = ["Record", "Create", "Update", "Where", "Order", "Expand"];

/// The file's text.
pub(super) fn draw(collections: &[&Definition], profile: &[ProfileField]) -> String {
    let parts = collections
        .iter()
        .map(|one| of_collection(one, collections));
    let parts: Vec<String> = parts.collect();
    [
        HEAD,
        &of_all(collections),
        TESTS,
        &parts.concat(),
        &of_users(profile),
    ]
    .concat()
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
            &paths(collection, all),
        ),
    ]
    .concat()
}

/// The types of the declared profile fields.
fn of_users(profile: &[ProfileField]) -> String {
    let fields: Vec<&Field> = profile.iter().map(|field| &field.field).collect();
    let public: Vec<&Field> = profile
        .iter()
        .filter(|field| field.public)
        .map(|field| &field.field)
        .collect();
    let order: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let scalars = openapi::shared();
    let object = |name: &str, about: &str, fields: &[&Field], side: Side| {
        let mut schema = json!({});
        openapi::declare(&mut schema, fields, side);
        let script = Script {
            inlined: Some(&scalars),
            sent: side != Side::Reply,
        };
        let members = script.members(&schema, &order);
        format!("\n{}", declare(Some(about), name, &members))
    };
    [
        object(
            "Profile",
            "The profile fields that a user has.",
            &fields,
            Side::Reply,
        ),
        object(
            "PublicProfile",
            "The profile fields that anybody sees.",
            &public,
            Side::Reply,
        ),
        object(
            "NewProfile",
            "The profile fields of a registration.",
            &fields,
            Side::Whole,
        ),
        object(
            "ProfileChanges",
            "Changes to a profile: what is left out stays, null removes.",
            &fields,
            Side::Merge,
        ),
    ]
    .concat()
}
