//! `cargo ship --steps`: deploys a change of indexes in as many steps as AWS needs, and fills what is new.
//!
//! AWS makes or removes one index of a table per update. So every step is a template of its own: the new one, but with
//! the tables' indexes of that step. What is to do is told by comparing with what is deployed, so a walk that was
//! interrupted goes on where it was.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use api::Definition;
use api::endpoints::PAGE;
use serde::Deserialize;
use serde_yaml_ng::Value;

use crate::{names, template, tools};

/// Asks AWS what is deployed; see its first lines.
const DEPLOYED: &str = include_str!("deployed.py");

/// The most indexes of a table that DynamoDB allows.
const MAX_INDEXES: usize = 20;

/// For how many seconds after a deployment instances of the code before it may still write: as long as a function may
/// run, and a little more.
const SETTLE: &str = "15";

/// A table as it is deployed, by the stack's present template.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Table {
    metadata: Metadata,
    key: Value,
    attributes: Vec<Value>,
    indexes: Vec<Value>,
}

/// What the template notes about a collection beside its table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Metadata {
    shards: u8,
    owner_field: Option<String>,
    unique: Vec<String>,
}

/// What a stack has deployed.
#[derive(Deserialize)]
struct Deployed {
    stack: String,
    /// By logical id; none while there is no stack.
    tables: Option<BTreeMap<String, Table>>,
}

/// A change of one index.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Add(String),
    Drop(String),
}

/// What is to do.
#[derive(Debug, Default)]
struct Plan {
    /// Each step's changes, by logical id of the table.
    steps: Vec<BTreeMap<String, Change>>,
    /// Collections, each with the indexes that it gets: old keys of an index of that name are cleared first.
    clear: BTreeMap<String, Vec<String>>,
    /// Collections in which something is to fill.
    fill: Vec<String>,
    /// After how many steps that is.
    fill_after: usize,
}

/// Walks from what is deployed to what is declared, or only says how. The binaries are in `folder`, a path from the
/// root; `arguments` go to every `sam deploy`.
///
/// # Errors
/// One line: what cannot be changed, or which part failed.
pub fn walk(
    root: &Path,
    folder: &Path,
    plan_only: bool,
    arguments: &[String],
) -> Result<(), String> {
    let sam = tools::sam(root)?;
    let aws = Aws {
        root,
        python: sam.with_file_name("python"),
        arguments,
    };
    let deployed = aws.deployed()?;
    let collections: Vec<&Definition> = collections::all().collect();
    let text = template::draw(PAGE, &collections)?;
    let drawn: Value = serde_yaml_ng::from_str(&text).map_err(|error| error.to_string())?;
    let Some(present) = &deployed.tables else {
        return Err(format!(
            "There is no stack {} yet, so there is nothing to change: sam deploy --guided",
            deployed.stack
        ));
    };
    for warning in compare(present, &drawn, &collections)? {
        println!("Warning: {warning}");
    }
    let mut plan = plan(present, &drawn, &collections)?;
    let unfilled = Unfilled(root.join(format!(".bakend/steps/{}.unfilled", deployed.stack)));
    plan.fill.extend(unfilled.read());
    plan.fill.sort();
    plan.fill.dedup();
    let files = write_steps(root, folder, &plan, present, &drawn)?;
    plan.print(&files);
    if plan_only {
        return Ok(());
    }
    unfilled.write(&plan.fill)?;
    for (collection, indexes) in &plan.clear {
        let indexes = indexes.iter().map(String::as_str);
        aws.backfill(
            &deployed.stack,
            [collection, "--clear"].into_iter().chain(indexes).collect(),
        )?;
    }
    for (done, file) in files.iter().enumerate() {
        println!("\n== step {} of {}", done + 1, files.len());
        aws.deploy(&sam, file)?;
        aws.settled()?;
        if done + 1 == plan.fill_after.max(1) {
            // Code that was there before may have changed records meanwhile that the new code had written.
            for collection in &plan.fill {
                aws.backfill(
                    &deployed.stack,
                    vec![collection, "--all", "--again", "--settle", SETTLE],
                )?;
            }
            unfilled.write(&[])?;
        }
    }
    println!("\nAll is as declared.");
    Ok(())
}

/// What cannot be changed is the error, what is worth a look a warning.
fn compare(
    present: &BTreeMap<String, Table>,
    drawn: &Value,
    collections: &[&Definition],
) -> Result<Vec<String>, String> {
    let mut warnings = Vec::new();
    for (id, table) in present {
        let Some(wanted) = table_of(drawn, id) else {
            if let Some(name) = id.strip_suffix("Collection") {
                warnings.push(format!(
                    "{name} is no longer declared: its table stays in the account with all records, outside of the \
                     stack. Deploying a collection of that name again fails until the table is imported or deleted."
                ));
            }
            continue;
        };
        let name = collections
            .iter()
            .find(|it| names::collection(&it.name) == *id)
            .map_or(id.as_str(), |it| &it.name);
        if wanted.key != table.key {
            return Err(format!(
                "The key of {name}'s table is another one than deployed, and DynamoDB cannot change it: copy the \
                 records to a collection of another name."
            ));
        }
        warnings.extend(compare_metadata(name, &table.metadata, &wanted.metadata)?);
    }
    Ok(warnings)
}

/// The same between two texts of `template.yaml`, before anything is deployed; a text that is no template is no
/// hindrance.
///
/// # Errors
/// One line: what cannot be changed.
pub(crate) fn compare_files(present: &str, drawn: &str) -> Result<Vec<String>, String> {
    let read = |text| serde_yaml_ng::from_str::<Value>(text).unwrap_or_default();
    let (present, drawn) = (read(present), read(drawn));
    let ids = present
        .get("Resources")
        .and_then(Value::as_mapping)
        .into_iter()
        .flatten();
    let ids = ids.filter_map(|(id, _)| id.as_str());
    let tables = ids
        .filter_map(|id| Some((id.to_owned(), table_of(&present, id)?)))
        .collect();
    compare(&tables, &drawn, &collections::all().collect::<Vec<_>>())
}

/// What cannot be changed of a collection beside its table is the error.
fn compare_metadata(name: &str, old: &Metadata, new: &Metadata) -> Result<Option<String>, String> {
    if new.shards < old.shards {
        return Err(format!(
            "collections/{name}.json: shards: {} is less than the {} before, and the records of the others would be \
             out of reach: put {} back. To have fewer, copy the records to a collection of another name.",
            new.shards, old.shards, old.shards
        ));
    }
    let moved = old.owner_field.is_some() && old.owner_field != new.owner_field;
    Ok(moved.then(|| {
        format!(
            "the owner field of {name} is another one now: records keep the owner they have, shown under the new \
             name, and what they have in a declared field of that name is not shown."
        )
    }))
}

/// The steps from what is deployed to what is drawn.
fn plan(
    present: &BTreeMap<String, Table>,
    drawn: &Value,
    collections: &[&Definition],
) -> Result<Plan, String> {
    let mut plan = Plan::default();
    for (id, table) in present {
        let Some(wanted) = table_of(drawn, id) else {
            continue;
        };
        for index in &table.indexes {
            let same = |other: &&Value| other.get("IndexName") == index.get("IndexName");
            if wanted
                .indexes
                .iter()
                .find(same)
                .is_some_and(|other| other.get("KeySchema") != index.get("KeySchema"))
            {
                return Err(format!(
                    "An index of {id} has another key than deployed: remove it by hand first."
                ));
            }
        }
        let changes = changes(&index_names(&table.indexes), &index_names(&wanted.indexes));
        let added: Vec<String> = changes
            .iter()
            .filter_map(Change::added)
            .map(str::to_owned)
            .collect();
        if let Some(last) = changes.iter().rposition(|change| change.added().is_some()) {
            plan.fill_after = plan.fill_after.max(last + 1);
        }
        for (step, change) in changes.into_iter().enumerate() {
            if plan.steps.len() <= step {
                plan.steps.push(BTreeMap::new());
            }
            plan.steps
                .get_mut(step)
                .map(|tables| tables.insert(id.clone(), change));
        }
        if let Some(collection) = collections
            .iter()
            .find(|it| names::collection(&it.name) == *id)
        {
            // DynamoDB itself fills the index of owners, whose key every record has.
            let declared: Vec<String> = added
                .into_iter()
                .filter(|name| name != "by_owner")
                .collect();
            let unique = wanted
                .metadata
                .unique
                .iter()
                .filter(|field| !table.metadata.unique.contains(field));
            let new: Vec<String> = declared
                .into_iter()
                .chain(unique.map(|field| format!("unique.{field}")))
                .collect();
            if !new.is_empty() {
                plan.fill.push(collection.name.clone());
                plan.clear.insert(collection.name.clone(), new);
            }
        }
    }
    // One deployment there always is: of the code.
    if plan.steps.is_empty() {
        plan.steps.push(BTreeMap::new());
    }
    Ok(plan)
}

/// One table's changes in their order: what is new first, since until then the code before may need what goes.
fn changes(present: &[String], wanted: &[String]) -> Vec<Change> {
    let mut drops: VecDeque<&String> = present
        .iter()
        .filter(|name| !wanted.contains(name))
        .collect();
    let mut count = present.len();
    let mut changes = Vec::new();
    for name in wanted.iter().filter(|name| !present.contains(name)) {
        // Where the table is full, something has to go first.
        if count >= MAX_INDEXES
            && let Some(drop) = drops.pop_front()
        {
            changes.push(Change::Drop(drop.clone()));
            count -= 1;
        }
        changes.push(Change::Add(name.clone()));
        count += 1;
    }
    changes.extend(drops.into_iter().cloned().map(Change::Drop));
    changes
}

impl Change {
    fn added(&self) -> Option<&str> {
        match self {
            Self::Add(name) => Some(name),
            Self::Drop(_) => None,
        }
    }
}

impl Plan {
    fn print(&self, files: &[PathBuf]) {
        if self.steps.iter().all(BTreeMap::is_empty) {
            println!("No index changes: one deployment does.");
        }
        for (collection, indexes) in &self.clear {
            println!(
                "- clear keys that {collection} may have of an earlier {}",
                indexes.join(", ")
            );
        }
        for (at, (tables, file)) in self.steps.iter().zip(files).enumerate() {
            println!("{}. deploy {}", at + 1, file.display());
            for (id, change) in tables {
                match change {
                    Change::Add(index) => println!("   {id}: add {index}"),
                    Change::Drop(index) => println!("   {id}: drop {index}"),
                }
            }
            if at + 1 == self.fill_after.max(1) {
                for collection in &self.fill {
                    println!("   then: cargo admin backfill {collection} --all");
                }
            }
        }
    }
}

/// Writes each step's template and returns where.
fn write_steps(
    root: &Path,
    binaries: &Path,
    plan: &Plan,
    present: &BTreeMap<String, Table>,
    drawn: &Value,
) -> Result<Vec<PathBuf>, String> {
    let folder = root.join(".bakend/steps");
    let trouble = |error: std::io::Error| format!("Cannot write to {}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(trouble)?;
    for old in fs::read_dir(&folder).map_err(trouble)?.flatten() {
        if old
            .path()
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            fs::remove_file(old.path()).map_err(trouble)?;
        }
    }
    let mut files = Vec::new();
    for done in 1..=plan.steps.len() {
        let steps = plan.steps.get(..done).unwrap_or_default();
        let changed = steps.last().into_iter().flatten().next();
        let what = match changed {
            Some((_, Change::Add(_))) => "add",
            Some((_, Change::Drop(_))) => "drop",
            None => "deploy",
        };
        let path = Path::new(".bakend/steps").join(format!("{done}-{what}.yaml"));
        let text = template::write(&step(binaries, steps, present, drawn))?;
        fs::write(root.join(&path), text).map_err(trouble)?;
        files.push(path);
    }
    Ok(files)
}

/// The template after these steps: the new one with the indexes that are there by then.
fn step(
    binaries: &Path,
    steps: &[BTreeMap<String, Change>],
    present: &BTreeMap<String, Table>,
    drawn: &Value,
) -> Value {
    let mut template = drawn.clone();
    let Some(resources) = template
        .get_mut("Resources")
        .and_then(Value::as_mapping_mut)
    else {
        return template;
    };
    for (id, resource) in resources {
        let Some(properties) = resource
            .get_mut("Properties")
            .and_then(Value::as_mapping_mut)
        else {
            continue;
        };
        if let Some(code) = properties.get_mut("CodeUri") {
            // SAM looks for code from the template's folder.
            let name = code
                .as_str()
                .and_then(|path| path.trim_end_matches('/').rsplit('/').next())
                .unwrap_or_default();
            *code = Value::from(format!("../../{}/{name}/", binaries.display()));
        }
        let Some((before, wanted)) = id
            .as_str()
            .and_then(|id| Some((present.get(id)?, table_of(drawn, id)?)))
        else {
            continue;
        };
        let mut indexes = before.indexes.clone();
        for change in steps
            .iter()
            .filter_map(|step| step.get(id.as_str().unwrap_or_default()))
        {
            match change {
                Change::Add(name) => {
                    indexes.extend(wanted.indexes.iter().find(|it| is_named(it, name)).cloned())
                }
                Change::Drop(name) => indexes.retain(|it| !is_named(it, name)),
            }
        }
        // DynamoDB refuses attributes that no key uses.
        let used = |attribute: &&Value| {
            let name = attribute.get("AttributeName");
            let keys = indexes
                .iter()
                .filter_map(|index| index.get("KeySchema"))
                .chain([&wanted.key]);
            keys.filter_map(Value::as_sequence)
                .flatten()
                .any(|key| key.get("AttributeName") == name)
        };
        let mut attributes: Vec<Value> = Vec::new();
        for attribute in wanted
            .attributes
            .iter()
            .chain(&before.attributes)
            .filter(used)
        {
            if !attributes.contains(attribute) {
                attributes.push(attribute.clone());
            }
        }
        properties.insert("AttributeDefinitions".into(), attributes.into());
        if indexes.is_empty() {
            properties.remove("GlobalSecondaryIndexes");
        } else {
            properties.insert("GlobalSecondaryIndexes".into(), indexes.into());
        }
    }
    template
}

fn is_named(index: &Value, name: &str) -> bool {
    index.get("IndexName").and_then(Value::as_str) == Some(name)
}

fn index_names(indexes: &[Value]) -> Vec<String> {
    indexes
        .iter()
        .filter_map(|index| index.get("IndexName")?.as_str().map(str::to_owned))
        .collect()
}

/// The table with this logical id in a template.
fn table_of(template: &Value, id: &str) -> Option<Table> {
    let resource = template.get("Resources")?.get(id)?;
    let list = |name| {
        resource
            .get("Properties")?
            .get(name)?
            .as_sequence()
            .cloned()
    };
    Some(Table {
        metadata: metadata_of(template, id),
        key: resource.get("Properties")?.get("KeySchema")?.clone(),
        attributes: list("AttributeDefinitions").unwrap_or_default(),
        indexes: list("GlobalSecondaryIndexes").unwrap_or_default(),
    })
}

/// What a template notes about the collection with this logical id.
fn metadata_of(template: &Value, id: &str) -> Metadata {
    let metadata = template
        .get("Resources")
        .and_then(|all| all.get(id)?.get("Metadata"))
        .cloned();
    metadata
        .and_then(|metadata| serde_yaml_ng::from_value(metadata).ok())
        .unwrap_or_default()
}

/// The collections of a stack in which something new is not filled: kept until it is, since a record that the code
/// before has written during a deployment may hide from the index's own readiness.
struct Unfilled(PathBuf);

impl Unfilled {
    fn read(&self) -> Vec<String> {
        fs::read_to_string(&self.0)
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn write(&self, collections: &[String]) -> Result<(), String> {
        let done = if collections.is_empty() && self.0.exists() {
            fs::remove_file(&self.0)
        } else if collections.is_empty() {
            Ok(())
        } else {
            fs::write(&self.0, collections.join("\n"))
        };
        done.map_err(|error| format!("Cannot write {}: {error}", self.0.display()))
    }
}

/// Where AWS is and as whom, by what `sam deploy` would be told.
struct Aws<'a> {
    root: &'a Path,
    python: PathBuf,
    arguments: &'a [String],
}

impl Aws<'_> {
    /// [`DEPLOYED`], asked for `what`.
    fn ask(&self, what: &str) -> Command {
        let mut command = Command::new(&self.python);
        command
            .current_dir(self.root)
            .args(["-c", DEPLOYED, what])
            .args(self.arguments);
        command
    }

    fn deployed(&self) -> Result<Deployed, String> {
        let output = self.ask("tables").stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| format!("Cannot run SAM's Python: {error}"))?;
        if !output.status.success() {
            return Err("What is deployed could not be read; the reason is above.".to_owned());
        }
        // JSON is YAML.
        serde_yaml_ng::from_slice(&output.stdout)
            .map_err(|error| format!("What is deployed is not understood: {error}"))
    }

    fn deploy(&self, sam: &Path, template: &Path) -> Result<(), String> {
        let mut deploy = Command::new(sam);
        deploy
            .current_dir(self.root)
            .arg("deploy")
            .arg("--template-file")
            .arg(template);
        deploy
            .arg("--no-fail-on-empty-changeset")
            .args(self.arguments);
        succeed("sam deploy", &mut deploy)
    }

    fn settled(&self) -> Result<(), String> {
        succeed("Waiting for the indexes", &mut self.ask("settled"))
    }

    /// `cargo admin backfill` with the credentials of `sam deploy`.
    fn backfill(&self, stack: &str, arguments: Vec<&str>) -> Result<(), String> {
        let mut command = self.ask("run");
        command
            .arg("--")
            .arg(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args([
                "run", "--quiet", "--bin", "admin", "--", "--stack", stack, "backfill",
            ])
            .args(arguments);
        tools::forget_package(&mut command);
        succeed("cargo admin backfill", &mut command)
    }
}

fn succeed(what: &str, command: &mut Command) -> Result<(), String> {
    let status = command
        .status()
        .map_err(|error| format!("Cannot run {what}: {error}"))?;
    if status.success() {
        return Ok(());
    }
    Err(format!(
        "{what} failed; its reason is above. What is done is done: cargo ship --steps goes on from here."
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition(indexes: &serde_json::Value, unique: bool) -> Definition {
        let field = |name: &str| json!({ "name": name, "type": "string", "unique": unique });
        let fields: Vec<_> = ["a", "b", "c"].map(field).into();
        serde_json::from_value(
            json!({ "name": "things", "fields": fields, "indexes": indexes, "shards": 2 }),
        )
        .expect("a definition")
    }

    fn drawn(definition: &Definition) -> Value {
        serde_yaml_ng::from_str(&template::draw(PAGE, &[definition]).expect("drawn")).expect("YAML")
    }

    fn present(definition: &Definition) -> BTreeMap<String, Table> {
        let id = "ThingsCollection".to_owned();
        let table = table_of(&drawn(definition), &id).expect("a table");
        BTreeMap::from([(id, table)])
    }

    fn names_of(step: &Value) -> Vec<String> {
        index_names(&table_of(step, "ThingsCollection").expect("a table").indexes)
    }

    fn names(text: &[&str]) -> Vec<String> {
        text.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_new_comes_before_what_goes() {
        let changes = changes(&names(&["x", "y"]), &names(&["y", "z", "w"]));
        let add = |name: &str| Change::Add(name.to_owned());
        assert_eq!(changes, [add("z"), add("w"), Change::Drop("x".to_owned())]);
        assert_eq!(super::changes(&names(&["x"]), &names(&["x"])), []);
    }

    #[test]
    fn a_table_never_has_more_indexes_than_dynamodb_allows() {
        let all = |letter: char| {
            (0..16)
                .map(|number| format!("{letter}{number}"))
                .collect::<Vec<_>>()
        };
        let changes = changes(&all('a'), &all('b'));
        let mut count = 16;
        for change in &changes {
            count = if change.added().is_some() {
                count + 1
            } else {
                count - 1
            };
            assert!(count <= MAX_INDEXES);
        }
        assert_eq!((changes.len(), count), (32, 16));
    }

    #[test]
    fn every_step_changes_one_index_and_declares_the_attributes_in_use() {
        let old = definition(&json!([["a"], ["b"]]), false);
        let new = definition(&json!([["b"], ["c"], ["-c"]]), false);
        let (before, after) = (present(&old), drawn(&new));
        let plan = plan(&before, &after, &[&new]).expect("a plan");
        let steps: Vec<Value> = (1..=3)
            .map(|done| step(Path::new("out"), &plan.steps[..done], &before, &after))
            .collect();
        assert_eq!(plan.steps.len(), 3);
        assert_eq!(names_of(&steps[0]), ["by.a", "by.b", "by.c"]);
        assert_eq!(names_of(&steps[1]), ["by.a", "by.b", "by.c", "by.-c"]);
        assert_eq!(names_of(&steps[2]), ["by.b", "by.c", "by.-c"]);
        let attributes: Vec<_> = table_of(&steps[0], "ThingsCollection")
            .expect("a table")
            .attributes;
        let attributes: Vec<_> = attributes
            .iter()
            .filter_map(|it| it.get("AttributeName")?.as_str())
            .collect();
        assert_eq!(attributes, ["shard", "id", "by.b", "by.c", "by.a"]);
        let code = steps[0]["Resources"]["LoginFunction"]["Properties"]["CodeUri"].as_str();
        assert_eq!(code, Some("../../out/login/"));
        assert_eq!((plan.fill, plan.fill_after), (names(&["things"]), 2));
        assert_eq!(
            plan.clear,
            BTreeMap::from([("things".to_owned(), names(&["by.c", "by.-c"]))])
        );
    }

    #[test]
    fn without_index_changes_there_is_one_step_and_a_unique_field_is_filled() {
        let (old, new) = (
            definition(&json!([["a"]]), false),
            definition(&json!([["a"]]), true),
        );
        let none = plan(&present(&old), &drawn(&old), &[&old]).expect("a plan");
        assert!(none.steps == [BTreeMap::new()] && none.fill.is_empty() && none.clear.is_empty());
        assert_eq!(
            plan(&present(&old), &drawn(&new), &[&new])
                .expect("a plan")
                .fill,
            ["things"]
        );
    }

    #[test]
    fn what_dynamodb_cannot_change_is_refused_or_warned_about() {
        let old = definition(&json!([]), false);
        let mut fewer = old.clone();
        fewer.shards = 1;
        let error = compare(&present(&old), &drawn(&fewer), &[&fewer]).expect_err("refused");
        assert!(
            error.starts_with("collections/things.json: shards: 1 is less than the 2 before"),
            "{error}"
        );
        assert_eq!(
            compare(&present(&fewer), &drawn(&old), &[&old]),
            Ok(Vec::new())
        );
        let mut moved = old.clone();
        moved.owner_field = Some("a".to_owned());
        let warnings = compare(&present(&old), &drawn(&moved), &[&moved]).expect("allowed");
        assert!(
            warnings[0].starts_with("the owner field of things"),
            "{warnings:?}"
        );
        let gone: Value =
            serde_yaml_ng::from_str(&template::draw(PAGE, &[]).expect("drawn")).expect("YAML");
        assert!(
            compare(&present(&old), &gone, &[]).expect("allowed")[0]
                .starts_with("Things is no longer declared")
        );
    }
}
