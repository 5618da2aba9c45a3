//! An upgrade as `docs/upgrading.md` describes it: an owner's project merges the next version, and none of the owner's
//! files changes. Needs git.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has to stop"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use infra::plans;

/// The folders of a checkout that no repository has.
const UNKEPT: [&str; 5] = [".git", ".bakend", ".aws-sam", ".schemathesis", "target"];

/// The parts of today's template that the version before had not: the last parameter, a function, and the last output.
const EARLIER_WITHOUT: [&str; 3] = ["TableKeyArn", "AuditListFunction", "DomainZone"];

/// A folder of this test's own, removed with the value.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A repository.
struct Repository(PathBuf);

impl Repository {
    fn run(&self, arguments: &[&str]) -> Output {
        let mut git = Command::new("git");
        // No settings of whoever runs the test, and not the repository that it may run in.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GIT_")) {
            git.env_remove(name);
        }
        git.env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
            .args(["-c", "init.defaultBranch=main", "-c", "core.autocrlf=false"])
            .args(arguments)
            .current_dir(&self.0);
        git.output().unwrap()
    }

    /// Runs git, and returns its lines.
    #[track_caller]
    fn git(&self, arguments: &[&str]) -> Vec<String> {
        let output = self.run(arguments);
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(ToOwned::to_owned).collect()
    }

    fn commit(&self, message: &str) {
        let _ = self.git(&["add", "--all"]);
        let _ = self.git(&["commit", "--quiet", "--message", message]);
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.0.join(path), text).unwrap();
    }

    /// Changes a file by putting `new` in the place of `old`, which is there.
    #[track_caller]
    fn change(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "{path} has no {old}");
        self.write(path, &text.replacen(old, new, 1));
    }

    /// `cargo generate`, without the build of the generator.
    fn generate(&self) {
        let mut generate = Command::new(env!("CARGO_BIN_EXE_infra"));
        generate
            .arg("generate")
            .current_dir(&self.0)
            .env_remove("BAKEND_PROJECT")
            .env_remove("CARGO_MANIFEST_DIR");
        let output = generate.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|it| (it.path(), it.file_name())).unwrap();
        if path.is_dir() {
            if UNKEPT.iter().all(|unkept| name != **unkept) {
                copy(&path, &to.join(name));
            }
        } else if path.is_file() && name != ".git" {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// The texts in backticks.
fn quoted(text: &str) -> Vec<String> {
    let parts = text.split('`').skip(1).step_by(2);
    parts.map(ToOwned::to_owned).collect()
}

/// The owner's files as the document lists them: paths, in which a `*` stands for a name.
fn owners(page: &str) -> Vec<String> {
    let section = page.split("## Your files").nth(1).unwrap();
    let rows = section.split("\n## ").next().unwrap().lines();
    let rows = rows.filter(|line| line.starts_with("| `"));
    rows.flat_map(|row| quoted(row.split('|').nth(1).unwrap()))
        .collect()
}

/// The files of which the document says that either side will do.
fn generated(page: &str) -> Vec<String> {
    let steps = page.split("git checkout --theirs ").nth(1).unwrap();
    let line = steps.lines().next().unwrap();
    let files = line.split('#').next().unwrap().split_whitespace();
    files.map(ToOwned::to_owned).collect()
}

fn fits(pattern: &str, path: &str) -> bool {
    pattern
        .split_once('*')
        .map_or(pattern == path, |(start, end)| {
            let name = path.strip_prefix(start).and_then(|it| it.strip_suffix(end));
            name.is_some_and(|name| !name.contains('/'))
        })
}

/// The files that a pattern names, with their content.
fn kept(repository: &Repository, patterns: &[String]) -> BTreeMap<String, String> {
    let paths = repository.git(&["ls-files"]).into_iter();
    let paths = paths.filter(|path| patterns.iter().any(|pattern| fits(pattern, path)));
    paths
        .map(|path| (path.clone(), repository.read(&path)))
        .collect()
}

/// A project with settings, collections, triggers and parts of the stack of its own.
fn make_own(own: &Repository) {
    own.change(
        "bakend.json",
        r#""deletionGrace": "30d""#,
        r#""deletionGrace": "7d""#,
    );
    own.change(
        "bakend.json",
        r#"[ "editor" ]"#,
        r#"[ "editor", "librarian" ]"#,
    );
    let books = r#"{ "name": "books", "fields": [ { "name": "title", "type": "string" } ],
  "permissions": { "create": "role:librarian", "read": "public", "update": "admin", "delete": "admin" } }"#;
    own.write("collections/books.json", books);
    own.write(
        "functions/triggers/triggers.json",
        r#"[ { "name": "shelve", "on": ["auth.register"], "writes": ["books"] } ]"#,
    );
    own.change(
        "functions/triggers/Cargo.toml",
        "[dependencies]\n",
        "[dependencies]\nring.workspace = true\n",
    );
    let triggers = "name = \"triggers\"\nversion = \"0.1.0\"\ndependencies = [\n";
    own.change("Cargo.lock", triggers, &format!("{triggers} \"ring\",\n"));
    let code = own.read("functions/triggers/src/yours.rs");
    own.write(
        "functions/triggers/src/yours.rs",
        &format!("{code}\n// The code of the library.\n"),
    );
    own.write(
        "infra/yours.yaml",
        "Parameters:\n  Shelf: { Type: String, Default: a }\nResources:\n  Reports:\n    Type: AWS::S3::Bucket\n\
         Outputs:\n  ReportsBucket:\n    Value: { Ref: Reports }\n",
    );
}

/// The template as a version before this one drew it: without these parts.
fn draw_earlier(repository: &Repository) {
    repository.generate();
    let mut template = repository.read("template.yaml");
    for part in EARLIER_WITHOUT {
        let (before, after) = template.split_once(&format!("\n  {part}:\n")).unwrap();
        let rest = after
            .split_inclusive('\n')
            .skip_while(|line| line.starts_with("    "));
        template = format!("{before}\n{}", rest.collect::<String>());
    }
    repository.write("template.yaml", &template);
}

/// The next version: a release with another number, source, documents, and new parts of the template.
fn make_next(ours: &Repository) {
    for file in ["Cargo.toml", "Cargo.lock"] {
        let text = ours.read(file);
        let next = text.replace("version = \"0.1.0\"", "version = \"0.2.0\"");
        assert!(text != next, "{file} has no version 0.1.0");
        ours.write(file, &next);
    }
    ours.change("README.md", "\n", "\nThe next version.\n");
    for file in ["shared/api/src/time.rs", "functions/triggers/src/main.rs"] {
        let text = ours.read(file);
        ours.write(file, &format!("{text}// The next version.\n"));
    }
    ours.generate();
}

#[test]
fn a_project_merges_the_next_version_and_none_of_its_own_files_changes() {
    let page = fs::read_to_string(plans::root().join("docs/upgrading.md")).unwrap();
    let (patterns, generated) = (owners(&page), generated(&page));
    let folder =
        Folder(std::env::temp_dir().join(format!("bakend-upgrade-{}", std::process::id())));
    let (ours, own) = (
        Repository(folder.0.join("ours")),
        Repository(folder.0.join("own")),
    );
    copy(&plans::root(), &ours.0);
    let _ = ours.git(&["init", "--quiet"]);
    draw_earlier(&ours);
    ours.commit("A version");
    let first = ours.git(&["rev-parse", "HEAD"]).remove(0);
    let _ = ours.git(&["clone", "--quiet", "--origin", "upstream", ".", "../own"]);

    make_own(&own);
    draw_earlier(&own);
    own.commit("A project");
    let changed = own.git(&["diff", "--name-only", &first]);
    for pattern in &patterns {
        let is_changed = changed.iter().any(|path| fits(pattern, path));
        assert!(is_changed, "the play changes no {pattern}");
    }
    let before = kept(&own, &patterns);
    make_next(&ours);
    ours.commit("The next version");
    let next = ours.git(&["diff", "--name-only", &first]);
    for both in [&next, &changed] {
        assert!(both.contains(&"template.yaml".to_owned()), "{both:?}");
    }

    // The steps of the document.
    let _ = own.git(&["fetch", "--quiet", "upstream"]);
    let merged = own.run(&["merge", "--quiet", "--no-edit", "upstream/main"]);
    let unmerged = own.git(&["diff", "--name-only", "--diff-filter=U"]);
    assert_eq!(merged.status.success(), unmerged.is_empty(), "{merged:?}");
    // Both sides have added parts at one place of the template, and to nothing else that git cannot merge.
    assert_eq!(unmerged, ["template.yaml"]);
    assert!(unmerged.iter().all(|path| generated.contains(path)));
    assert_eq!(kept(&own, &patterns), before);
    let files: Vec<&str> = generated.iter().map(String::as_str).collect();
    let _ = own.git(&[&["checkout", "--theirs"], files.as_slice()].concat());
    own.generate();
    assert_eq!(kept(&own, &patterns), before);
    own.commit("The next version of ours");
    assert_whole(&own);
}

/// The generated files have the additions of both, and are fresh; the source of the next version is there.
fn assert_whole(own: &Repository) {
    let template = own.read("template.yaml");
    let owners = ["Shelf", "Reports", "ReportsBucket", "BooksCollection"];
    for part in owners.iter().chain(&EARLIER_WITHOUT) {
        let is_there = template.contains(&format!("\n  {part}:\n"));
        assert!(is_there, "template.yaml has no {part}");
    }
    assert!(own.read("docs/openapi.json").contains("\"/api/books\""));
    assert!(
        own.read("shared/api/src/time.rs")
            .ends_with("// The next version.\n")
    );
    let lock = own.read("Cargo.lock");
    assert!(lock.contains("name = \"triggers\"\nversion = \"0.2.0\""));
    own.generate();
    assert_eq!(own.git(&["status", "--porcelain"]), Vec::<String>::new());
}
