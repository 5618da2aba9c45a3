//! `cargo rehearse --year`: a year with a deployed stack, and the same questions after each of its steps.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use super::aws::Aws;
use super::lived::Stack;
use super::losing::lose;
use super::{BINARIES, Emulator, PROJECT, REGION, STACK, Tools, definitions, owner};
use crate::tools;

/// The collection whose definition changes, and whose table is lost.
const TABLE: &str = "products";

/// The collection that is added.
const WISHES: &str = r#"{ "name": "wishes",
  "fields": [ { "name": "title", "type": "string", "required": true } ],
  "permissions": { "create": "authenticated", "read": "owner", "update": "owner", "delete": "owner" } }
"#;

/// Lives through the year. It begins with the revision `from` of this project, if one is named, and upgrades.
///
/// # Errors
/// One line: the step that failed, or whose answers are others than before.
pub fn year(root: &Path, from: Option<&str>) -> Result<(), String> {
    super::with_parts(|parts| {
        let Tools { sam, ministack } = Tools::install(root, parts)?;
        let aws_cli = tools::aws(root)?;
        parts.time("cargo ship", || super::build(root))?;
        let folder = super::fresh_folder(root)?;
        let aws = Aws::new(root, &folder)?;
        let emulator = Emulator::start(&aws, &ministack, &[])?;
        let first = match from {
            None => super::write_project(&aws, None)?,
            Some(revision) => parts.time("the version before", || owner::clone(&aws, revision))?,
        };
        parts.time("sam deploy", || super::deploy(&aws, &sam, &first, &[]))?;
        let api = parts.time("make the routes", || super::make_routes(&aws, &sam))?;
        let mut stack = Stack {
            aws,
            sam,
            aws_cli,
            api,
            first,
            definitions: root.join(PROJECT),
            rest: Some(BINARIES),
            parts,
        };
        let lived = live(&mut stack, from.is_some());
        emulator.stop()?;
        lived
    })
}

/// The steps of the year. Those of the keys are as far apart as they have to be.
fn live(stack: &mut Stack<'_>, is_old: bool) -> Result<(), String> {
    // A copy, since `cargo generate` writes into the project.
    let present = definitions::copy(&stack.aws, "present", |_| {})?;
    let [more, less] = changes(&stack.aws)?;
    stack.step("users and records move in", move_in)?;
    if is_old {
        stack.step("upgrade to this version", |stack| stack.change(&present))?;
    }
    stack.step("keys, the first step", |stack| {
        stack.rotate()?;
        stack.admin("keys add")
    })?;
    stack.step("a front", put_a_front)?;
    stack.step("a collection and an index more", |stack| {
        // Every function knows the collections' names.
        stack.rest = None;
        stack.change(&more)?;
        stack.keep_binaries()?;
        stack.people("try", &["wishes", "201", r#"{"title":"a bicycle"}"#])
    })?;
    stack.step("an index less, a field narrowed", |stack| {
        stack.change(&less)?;
        stack.people(
            "try",
            &[TABLE, "400", r#"{"name":"Lamp 00001","sku":"NEW-1"}"#],
        )
    })?;
    stack.step("back to the definitions before", |stack| {
        stack.change(&more)
    })?;
    stack.step("keys, the second step", Stack::rotate)?;
    stack.step("and forward again", |stack| stack.change(&less))?;
    stack.step("a table is lost", lose)?;
    stack.step("an admin leaves", |stack| {
        stack.admin("user leaving@example.com demote --api-keys delete")?;
        stack.people("left", &[])
    })?;
    stack.step("a look at the stack", |stack| {
        stack.documented("cargo admin status")?;
        stack.documented("cargo admin usage")
    })?;
    stack.step("keys, the last step", |stack| {
        stack.rotate()?;
        stack.admin("reseal")?;
        stack.admin("keys status")
    })?;
    stack.step("a webhook is dead for a week", |stack| {
        stack.people("week", &[])
    })?;
    stack.step("a lost change is replayed", replay)?;
    remove(stack)
}

fn move_in(stack: &mut Stack<'_>) -> Result<(), String> {
    stack.python(&["files"])?;
    for line in [
        "import --from urbackend users.jsonl",
        "records import products products.jsonl",
        "records import posts posts.jsonl",
    ] {
        stack.admin(line)?;
    }
    stack.people("settle", &[])
}

/// Puts the distribution in front; for the rest of the year requests come as it passes them on.
fn put_a_front(stack: &mut Stack<'_>) -> Result<(), String> {
    let host = stack.host();
    let keep = format!(
        "printf %s \"$secret\" > \"{}\"",
        stack.aws.folder.join("front").display()
    );
    stack.shell(
        &stack.first,
        "secret=$(openssl rand -hex 32)",
        ["", &keep],
        // A host of CloudFormation's parameter has no port.
        &[(
            "<host of the API's Url>",
            host.split(':').next().unwrap_or_default(),
        )],
    )?;
    super::make_routes(&stack.aws, &stack.sam)?;
    stack.people("front", &[])
}

/// Replays a change that is in the bucket of lost changes, twice as an operator may.
fn replay(stack: &mut Stack<'_>) -> Result<(), String> {
    stack.people("cut", &[STACK])?;
    for _ in 0..2 {
        let start = "aws s3 cp \"s3://$BUCKET/$OBJECT\"";
        stack.shell(stack.aws.folder, start, [". ./lost.sh", ""], &[])?;
    }
    stack.people("replayed", &[STACK])
}

/// Removes the stack and its front as documented. The tables stay, but for one that is deleted by hand.
fn remove(stack: &mut Stack<'_>) -> Result<(), String> {
    let start = Instant::now();
    println!("== the stack is removed");
    let of_stack = format!("sam delete --stack-name {STACK} --region {REGION}\n");
    let folder = stack.first.clone();
    let done = stack
        .shell(
            &folder,
            "sam delete",
            ["", ""],
            &[("sam delete\n", &of_stack)],
        )
        .and_then(|()| stack.python(&["removed", STACK]))
        .and_then(|()| {
            stack.shell(&folder, "aws dynamodb update-table", ["", ""], &[])?;
            stack.python(&["dropped", STACK])
        });
    stack.parts.note("the stack is removed", start.elapsed());
    done
}

/// The project with a collection and an index more, and then with an index less and a field narrowed.
fn changes(aws: &Aws<'_>) -> Result<[PathBuf; 2], String> {
    let more = |products: &mut Value| definitions::add_index(products, &["stock"]);
    let both = [
        definitions::copy(aws, "more", more)?,
        definitions::copy(aws, "less", |products| {
            more(products);
            definitions::drop_index(products, &["name", "-price"]);
            // Names of before are one longer.
            definitions::narrow(products, "name", 9);
        })?,
    ];
    for folder in &both {
        let file = folder.join("collections/wishes.json");
        fs::write(&file, WISHES)
            .map_err(|error| format!("Cannot write {}: {error}", file.display()))?;
    }
    Ok(both)
}
