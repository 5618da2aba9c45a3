//! `cargo rehearse --year`: a year with a deployed stack, and the same questions after each of its steps.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use api::Timestamp;
use serde_json::Value;

use super::aws::{Aws, agree, succeed};
use super::{
    BINARIES, CHANGED, Emulator, PROJECT, Parts, REGION, STACK, Tools, definitions, documented,
    owner, walk,
};

/// The people and their questions; see its first lines.
const YEAR: &str = include_str!("year.py");

/// How long an operator waits for the next step of the keys, and how often the command is tried.
const PATIENCE: Duration = Duration::from_secs(20 * 60);
const PAUSE: Duration = Duration::from_secs(20);

/// The collection whose definition changes, and whose table is lost.
const TABLE: &str = "products";

/// The binaries that know the added collection by its name.
const KEPT: &str = ".bakend/rehearsal/kept";

/// The collection that is added.
const WISHES: &str = r#"{ "name": "wishes",
  "fields": [ { "name": "title", "type": "string", "required": true } ],
  "permissions": { "create": "authenticated", "read": "owner", "update": "owner", "delete": "owner" } }
"#;

/// A stack that is lived with.
struct Year<'a> {
    aws: Aws<'a>,
    sam: PathBuf,
    api: String,
    /// The folder of the project that is deployed.
    definitions: PathBuf,
    /// The binaries of the functions that the next change leaves as they are, if there are any.
    rest: Option<&'static str>,
    parts: &'a mut Parts,
}

/// Lives through the year. It begins with the revision `from` of this project, if one is named, and upgrades.
///
/// # Errors
/// One line: the step that failed, or whose answers are others than before.
pub fn year(root: &Path, from: Option<&str>) -> Result<(), String> {
    super::with_parts(|parts| {
        let Tools { sam, ministack } = Tools::install(root, parts)?;
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
        let mut year = Year {
            aws,
            sam,
            api,
            definitions: root.join(PROJECT),
            rest: Some(BINARIES),
            parts,
        };
        let lived = live(&mut year, from.is_some());
        emulator.stop()?;
        lived
    })
}

fn live(year: &mut Year<'_>, is_old: bool) -> Result<(), String> {
    let present = year.aws.root.join(PROJECT);
    let [more, less] = changes(&year.aws)?;
    year.step("users and records move in", |year| {
        year.python(&["files"])?;
        for line in [
            "import --from urbackend users.jsonl",
            "records import products products.jsonl",
            "records import posts posts.jsonl",
        ] {
            year.admin(line)?;
        }
        year.people("settle", &[])
    })?;
    if is_old {
        year.step("upgrade to this version", |year| year.change(&present))?;
    }
    year.step("keys, the first step", |year| {
        year.rotate()?;
        year.admin("keys add")
    })?;
    year.step("a collection and an index more", |year| {
        // Every function knows the collections' names.
        year.rest = None;
        year.change(&more)?;
        year.keep_binaries()?;
        year.people("try", &["wishes", "201", r#"{"title":"a bicycle"}"#])
    })?;
    year.step("an index less, a field narrowed", |year| {
        year.change(&less)?;
        year.people(
            "try",
            &[TABLE, "400", r#"{"name":"Lamp 00001","sku":"NEW-1"}"#],
        )
    })?;
    year.step("back to the definitions before", |year| year.change(&more))?;
    year.step("and forward again", |year| year.change(&less))?;
    year.step("a table is lost", lose)?;
    year.step("keys, the second step", Year::rotate)?;
    year.step("an admin leaves", |year| {
        year.admin("user leaving@example.com demote --api-keys delete")?;
        year.people("left", &[])
    })?;
    year.step("keys, the last step", |year| {
        year.rotate()?;
        year.admin("reseal")?;
        year.admin("keys status")
    })?;
    year.step("a look at the stack", |year| {
        year.documented("cargo admin status")?;
        year.documented("cargo admin usage")
    })?;
    year.step("a webhook is dead for a week", |year| {
        year.people("week", &[])
    })?;
    year.remove()
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

/// Takes items out of a table, and brings them back while requests run.
fn lose(year: &mut Year<'_>) -> Result<(), String> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let at = Timestamp::from_millis(now.as_secs().saturating_sub(1) * 1_000);
    let whole = format!("{STACK}-{TABLE}");
    // The emulator keeps no past. So the table of that moment is made while it is the present.
    let helper = format!("{whole}-recover-{}", at.seconds());
    year.python(&["copy", &whole, &helper])?;
    let requests = Requests::start(year, &whole)?;
    let lines = documented(year.aws.root, "docs/operations.md", "cargo admin recover")?;
    let [plan, dry, yes] = lines.as_slice() else {
        return Err("docs/operations.md does not recover in three steps.".to_owned());
    };
    let of_now = |line: &String| {
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        for (option, value) in [("--table", TABLE.to_owned()), ("--at", at.to_string())] {
            let place = words.iter().position(|word| word == option);
            if let Some(word) = place.and_then(|place| words.get_mut(place + 1)) {
                *word = value;
            }
        }
        words.join(" ")
    };
    let (done, told) = year.told(&of_now(plan))?;
    if done || !told.contains("nothing is done yet") {
        return Err(format!("The plan of the recovery did something: {told}"));
    }
    year.line(&of_now(dry))?;
    let recovered = year.line(&of_now(yes));
    requests.end(year)?;
    recovered?;
    year.people("kept", &[])
}

/// The requests of users beside a recovery.
struct Requests(Child);

impl Requests {
    /// Starts them, and waits until the items are lost.
    fn start(year: &Year<'_>, table: &str) -> Result<Self, String> {
        let mut python = year.script(&["lose", &year.aws.endpoint, &year.host(), table]);
        let mut child = python
            .spawn()
            .map_err(|error| format!("Cannot run SAM's Python: {error}"))?;
        while !year.aws.folder.join("lost").exists() {
            let ended = child.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() {
                return Err("The items could not be taken out; the reason is above.".to_owned());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(Self(child))
    }

    fn end(mut self, year: &Year<'_>) -> Result<(), String> {
        let enough = year.aws.folder.join("enough");
        File::create(&enough)
            .map_err(|error| format!("Cannot make {}: {error}", enough.display()))?;
        let status = self.0.wait().map_err(|error| error.to_string())?;
        if status.success() {
            return Ok(());
        }
        Err("A request failed beside the recovery; the reason is above.".to_owned())
    }
}

impl Year<'_> {
    /// A step of the year, and the questions after it.
    fn step(
        &mut self,
        name: &'static str,
        step: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        println!("== {name}");
        let start = Instant::now();
        let done = step(self).and_then(|()| {
            self.people("ask", &[])?;
            self.admin("check")
        });
        self.parts.note(name, start.elapsed());
        done
    }

    /// Brings the stack to these definitions by the documented commands.
    fn change(&mut self, definitions: &Path) -> Result<(), String> {
        for line in documented(self.aws.root, "docs/operations.md", "cargo ship --steps")? {
            walk(&self.aws, &line, definitions, self.rest)?;
        }
        definitions.clone_into(&mut self.definitions);
        super::make_routes(&self.aws, &self.sam).map(drop)
    }

    /// Keeps the functions that were built last: those that the next changes leave as they are.
    fn keep_binaries(&mut self) -> Result<(), String> {
        let root = self.aws.root;
        fs::rename(root.join(CHANGED), root.join(KEPT))
            .map_err(|error| format!("Cannot move {CHANGED} to {KEPT}: {error}"))?;
        self.rest = Some(KEPT);
        Ok(())
    }

    /// The next step of a rotation, when it is due.
    fn rotate(&mut self) -> Result<(), String> {
        let start = Instant::now();
        loop {
            let (done, told) = self.told("cargo admin keys rotate")?;
            print!("{told}");
            if done {
                return Ok(());
            }
            let is_early = told.contains("may sign from") || told.contains("may be dropped from");
            if !is_early || start.elapsed() > PATIENCE {
                return Err(format!("cargo admin keys rotate failed: {told}"));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Removes the stack as documented. Its tables stay.
    fn remove(&mut self) -> Result<(), String> {
        let start = Instant::now();
        println!("== the stack is removed");
        let lines = documented(self.aws.root, "docs/operations.md", "sam delete")?;
        let line = lines
            .first()
            .ok_or("docs/operations.md removes no stack.")?;
        let mut delete = Command::new(&self.sam);
        delete.args(line.split_whitespace().skip(1)).args([
            "--stack-name",
            STACK,
            "--region",
            REGION,
        ]);
        agree(line, self.aws.environment(&mut delete))?;
        let done = self.python(&["removed", STACK]);
        self.parts.note("the stack is removed", start.elapsed());
        done
    }

    /// Runs the lines of a documented block, each of which has to succeed.
    fn documented(&self, start: &str) -> Result<(), String> {
        let lines = documented(self.aws.root, "docs/operations.md", start)?;
        lines.iter().try_for_each(|line| self.line(line))
    }

    fn admin(&self, arguments: &str) -> Result<(), String> {
        self.line(&format!("cargo admin {arguments}"))
    }

    fn line(&self, line: &str) -> Result<(), String> {
        let (done, told) = self.told(line)?;
        print!("$ {line}\n{told}");
        if done {
            return Ok(());
        }
        Err(format!("{line} failed: {told}"))
    }

    /// Runs `cargo admin …` on the stack, and tells whether it succeeded and its text.
    fn told(&self, line: &str) -> Result<(bool, String), String> {
        let mut command = self.aws.cargo();
        command
            .args(["run", "--quiet", "--manifest-path"])
            .arg(self.aws.root.join("Cargo.toml"))
            .args(["--bin", "admin", "--"])
            .args(line.split_whitespace().skip(2))
            .current_dir(self.aws.folder)
            .env("AWS_REGION", REGION)
            .env(api::project::VARIABLE, &self.definitions);
        let output = command
            .output()
            .map_err(|error| format!("Cannot run cargo: {error}"))?;
        let text = [output.stdout, output.stderr].concat();
        Ok((
            output.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        ))
    }

    fn host(&self) -> String {
        self.aws.host(&self.api)
    }

    fn people(&self, what: &str, more: &[&str]) -> Result<(), String> {
        let (url, host) = (self.aws.endpoint.as_str(), self.host());
        self.python(&[&[what, url, &host], more].concat())
    }

    fn python(&self, arguments: &[&str]) -> Result<(), String> {
        succeed(
            "A look at the people of the year",
            &mut self.script(arguments),
        )
    }

    fn script(&self, arguments: &[&str]) -> Command {
        let mut python = Command::new(self.sam.with_file_name("python"));
        let _ = self
            .aws
            .environment(&mut python)
            .args(["-c", YEAR])
            .arg(self.aws.folder)
            .args(arguments);
        python
    }
}
