//! `cargo contract` checks the API against its document: schemathesis sends requests that the document allows, and
//! others. It does so for the suite's project, which has collections of every kind; with `--own` for the owner's.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a check that cannot go on has to stop"
)]

use std::collections::BTreeSet;
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use api::definition::Field;
use api::rule::Member;
use api::{Definition, Operation, Timestamp};
use blackbox::project::tested;
use blackbox::{Inside, owners_stack, stack};
use local::seed::{Seed, fill};

/// The checks of every answer. It is no 5xx and has no undocumented status, content type, header or body. Other methods
/// are refused as documented, and a deleted record is gone.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,use_after_free";

/// The same requests in every run.
const OPTIONS: &str = "--seed 1 --generation-database none --phases examples,fuzzing,stateful \
    --workers 2 --continue-on-failure --suppress-health-check all --warnings off --no-color";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = arguments.iter().find(|argument| *argument != "--own") {
        eprintln!("cargo contract: `{unknown}` is no argument of it; it takes --own alone");
        return ExitCode::FAILURE;
    }
    let own = !arguments.is_empty();
    let stack = if own { owners_stack() } else { Some(stack()) };
    let Some((stack, inside)) = stack.and_then(|stack| Some((stack, stack.inside()?))) else {
        return ExitCode::FAILURE;
    };
    let (member, _another) = (stack.member(), stack.member());
    let definitions = &tested().project.collections.definitions;
    seed(inside, definitions);
    let chosen = one_of_each_kind(definitions);
    println!("Collections, one of each kind: {}", chosen.join(", "));
    let others = others(definitions, &chosen);
    let token = member.token.as_deref().unwrap_or_default();
    // A session that ends itself makes every later answer a 401.
    let token = format!("authorization: Bearer {token}");
    let as_member = run(
        "a member",
        &[
            "--max-examples",
            "12",
            "--exclude-path",
            "/api/auth/logout",
            "--exclude-path-regex",
            &others,
            "--header",
            &token,
        ],
    );
    if as_member
        && run(
            "a stranger",
            // Most of the answers are the same refusal.
            &["--max-examples", "8", "--exclude-path-regex", &others],
        )
    {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The names of collections that together have every trait of a kind: greedily, the collection with the most new traits
/// first.
fn one_of_each_kind(definitions: &[Definition]) -> Vec<&str> {
    let all: Vec<(&str, BTreeSet<String>)> = definitions
        .iter()
        .map(|definition| (definition.name.as_str(), traits(definition)))
        .collect();
    let (mut chosen, mut shown) = (Vec::new(), BTreeSet::new());
    let new = |shown: &BTreeSet<String>, of: &BTreeSet<String>| of.difference(shown).count();
    while let Some((name, of)) = all.iter().max_by_key(|(_, of)| new(&shown, of))
        && new(&shown, of) > 0
    {
        chosen.push(*name);
        shown.extend(of.iter().cloned());
    }
    chosen
}

/// The traits of a collection's kind: the rights of members, and the types of its fields.
fn traits(definition: &Definition) -> BTreeSet<String> {
    let mut traits = BTreeSet::new();
    for operation in [Operation::List, Operation::Update] {
        let reach = definition.rule(operation).reach(Some(Member {
            role: "authenticated",
            is_verified: false,
        }));
        traits.insert(format!("{operation:?} {reach:?}"));
    }
    let strangers = definition.rule(Operation::Create).is_public();
    for (there, what) in [
        (strangers, "strangers create"),
        (definition.owner_is_declared(), "owner field"),
        (definition.hidden().next().is_some(), "hidden fields"),
        (!definition.row_filters.is_empty(), "row filters"),
        (!definition.indexes.is_empty(), "indexes"),
    ] {
        traits.extend(there.then(|| what.to_owned()));
    }
    of_fields(&definition.fields, &mut traits);
    traits
}

fn of_fields(fields: &[Field], traits: &mut BTreeSet<String>) {
    for field in fields {
        traits.insert(format!("{:?}", field.kind));
        for (there, what) in [
            (field.unique, "unique"),
            (field.choices.is_some(), "choices"),
            (field.pattern.is_some(), "pattern"),
            (field.format.is_some(), "format"),
        ] {
            traits.extend(there.then(|| what.to_owned()));
        }
        of_fields(
            field.items.as_deref().map_or(&[], std::slice::from_ref),
            traits,
        );
        of_fields(field.fields.as_deref().unwrap_or_default(), traits);
    }
}

/// The paths of the collections that are not chosen; of none, where all are.
fn others(definitions: &[Definition], chosen: &[&str]) -> String {
    let others: Vec<&str> = definitions
        .iter()
        .map(|definition| definition.name.as_str())
        .filter(|name| !chosen.contains(name))
        .collect();
    // A name has letters, digits, `-` and `_` alone. No path begins with `/api//`.
    format!("^/api/({})(/|$)", others.join("|"))
}

/// Records in every collection, the member's and others', so that lists and relations have something to show.
fn seed(inside: &Inside, definitions: &[Definition]) {
    let mut todo: Vec<&Definition> = definitions.iter().collect();
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let seed = Seed {
        count: 50,
        seed: 1,
        now: Timestamp::from_millis(u64::try_from(now.as_millis()).unwrap()),
    };
    let engine = inside.dynamo.engine();
    // A collection waits for those that its records must name.
    for _ in 0..todo.len() {
        todo.retain(|definition| fill(&engine, definition, seed, |_| {}, |_| {}).is_err());
    }
    assert!(todo.is_empty());
}

/// Whether schemathesis finds nothing; what it finds, it prints.
fn run(who: &str, more: &[&str]) -> bool {
    let root = local::root();
    let folder = root.join("target/schemathesis");
    let program = local::tools::schemathesis(&root).unwrap_or_else(|error| panic!("{error}"));
    std::fs::create_dir_all(&folder).unwrap();
    let document = folder.join("openapi.json");
    std::fs::write(&document, &tested().document).unwrap();
    let mut command = Command::new(program);
    command.args(["--config-file", "tests/schemathesis.toml", "run"]);
    command
        .arg(document)
        .args(["--url", stack().url()])
        .args(["--checks", CHECKS])
        .args(OPTIONS.split_whitespace());
    command
        .args(more)
        .current_dir(&root)
        .env("HYPOTHESIS_STORAGE_DIRECTORY", folder.join("hypothesis"));
    println!("schemathesis as {who}");
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("schemathesis cannot be run: {error}"));
    if !status.success() {
        eprintln!("schemathesis as {who} found what is above");
    }
    status.success()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_collections_are_of_every_kind() {
        let definitions = &tested().project.collections.definitions;
        let chosen = one_of_each_kind(definitions);
        let traits_of = |wanted: &dyn Fn(&str) -> bool| -> BTreeSet<String> {
            definitions
                .iter()
                .filter(|definition| wanted(&definition.name))
                .flat_map(traits)
                .collect()
        };
        assert_eq!(
            traits_of(&|name| chosen.contains(&name)),
            traits_of(&|_| true)
        );
        assert!(chosen.len() <= definitions.len());
        let others = others(definitions, &chosen);
        assert!(
            chosen
                .iter()
                .all(|name| !others.split(['(', '|', ')']).any(|it| it == *name)),
            "{others}"
        );
    }
}
