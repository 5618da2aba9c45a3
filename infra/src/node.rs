//! Node, for what is checked of the clients: brought from Python's package index, and its packages from npm's.
//!
//! Both live in the folder of [`crate::tools`].

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools;

/// The files that say which packages a folder needs.
const MANIFESTS: [&str; 2] = ["package.json", "package-lock.json"];

/// A folder's own options of npm.
const OPTIONS: &str = ".npmrc";

/// An installed Node.
#[derive(Clone, Debug)]
pub struct Node {
    root: PathBuf,
    program: PathBuf,
}

impl Node {
    /// Installs Node unless it is there.
    ///
    /// # Errors
    /// One line that says what to do.
    pub fn install(root: &Path) -> Result<Self, String> {
        let (root, program) = (root.to_path_buf(), tools::node(root)?);
        let node = Self { root, program };
        node.link_npm()?;
        Ok(node)
    }

    /// The program.
    #[must_use]
    pub fn command(&self) -> Command {
        Command::new(&self.program)
    }

    /// The packages that the lock file in `folder` names, installed under `name` among the tools unless they are there.
    /// The result is the folder of `node_modules`.
    ///
    /// # Errors
    /// One line that says what to do.
    pub fn packages(&self, folder: &Path, name: &str) -> Result<PathBuf, String> {
        let tools = tools::folder(&self.root);
        let (target, stamp) = (tools.join(name), tools.join(name).join("installed"));
        let trouble = |error: io::Error| format!("Cannot write {}: {error}", target.display());
        let lock = File::create(tools.join(format!("{name}.lock"))).map_err(trouble)?;
        lock.lock().map_err(trouble)?;
        let wanted = fs::read_to_string(folder.join("package-lock.json"))
            .map_err(|error| format!("Cannot read {}: {error}", folder.display()))?;
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(target);
        }
        eprintln!("Installing {name} into {} (once)", target.display());
        fs::create_dir_all(&target).map_err(trouble)?;
        for file in MANIFESTS {
            fs::copy(folder.join(file), target.join(file)).map_err(trouble)?;
        }
        if folder.join(OPTIONS).exists() {
            fs::copy(folder.join(OPTIONS), target.join(OPTIONS)).map_err(trouble)?;
        }
        let options = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
        let installed = tools::run(self.npm().args(options).current_dir(&target))?;
        if !installed.status.success() {
            // The first line has the reason, the last one the place of a log.
            let said = String::from_utf8_lossy(&installed.stderr);
            let reason = said
                .lines()
                .find_map(|line| line.strip_prefix("npm error "));
            let reason = reason.unwrap_or("no reason given");
            return Err(format!("npm could not install {name}: {reason}"));
        }
        // Beside the packages as well, where a folder's own script looks.
        fs::write(target.join("node_modules/installed"), &wanted).map_err(trouble)?;
        fs::write(&stamp, wanted).map_err(trouble)?;
        Ok(target)
    }

    /// The same, where the packages are looked for: as `node_modules` of `folder`. A folder that npm made there stays.
    ///
    /// # Errors
    /// One line that says what to do.
    pub fn packages_of(&self, folder: &Path, name: &str) -> Result<(), String> {
        let there = folder.join("node_modules");
        if there.is_dir() && !there.is_symlink() {
            return Ok(());
        }
        let installed = self.packages(folder, name)?.join("node_modules");
        if fs::read_link(&there).is_ok_and(|target| target == installed) {
            return Ok(());
        }
        let trouble =
            |error: io::Error| format!("Cannot link packages to {}: {error}", there.display());
        if there.is_symlink() {
            fs::remove_file(&there).map_err(trouble)?;
        }
        symlink(installed, &there).map_err(trouble)
    }

    /// The PATH with this Node and its npm in front of all others.
    ///
    /// # Errors
    /// A folder on the PATH has a name that the PATH cannot have.
    pub fn path(&self) -> Result<OsString, String> {
        let path = env::var_os("PATH").unwrap_or_default();
        let own = self.program.parent().map(Path::to_path_buf);
        env::join_paths(own.into_iter().chain(env::split_paths(&path)))
            .map_err(|error| format!("The PATH cannot be extended: {error}"))
    }

    /// Links npm beside Node, where scripts call it. The Python package has a copy there, which does not find its own files.
    fn link_npm(&self) -> Result<(), String> {
        let beside = self.program.with_file_name("npm");
        if beside.is_symlink() {
            return Ok(());
        }
        let fresh = beside.with_file_name(format!("npm.{}", std::process::id()));
        let linked = symlink(self.npm_script(), &fresh);
        linked
            .and_then(|()| fs::rename(&fresh, &beside))
            .map_err(|error| format!("Cannot link {}: {error}", beside.display()))
    }

    fn npm_script(&self) -> PathBuf {
        let package = self.program.ancestors().nth(2).unwrap_or(&self.root);
        package.join("lib/node_modules/npm/bin/npm-cli.js")
    }

    /// Npm, as Node's package has it.
    #[must_use]
    pub fn npm(&self) -> Command {
        let mut npm = self.command();
        npm.arg(self.npm_script());
        npm
    }
}

/// Whether `BAKEND_NODE=required` asks for all tests that need Node, as CI does.
#[must_use]
pub fn required() -> bool {
    env::var("BAKEND_NODE").is_ok_and(|value| value == "required")
}

/// The value, or `None` with a line that names the tests that are left out and the command that runs them.
///
/// # Errors
/// The reason, where `BAKEND_NODE=required` lets nobody leave them out.
pub fn or_left_out<T>(
    installed: Result<T, String>,
    tests: &str,
    command: &str,
) -> Result<Option<T>, String> {
    match installed {
        Ok(value) => Ok(Some(value)),
        Err(reason) if required() => Err(reason),
        Err(reason) => {
            // Past the capture of a test's output, which nobody sees where the test passes.
            let _ = writeln!(
                io::stderr(),
                "Left out: {tests}, since {reason}. Run them with a network: {command}"
            );
            Ok(None)
        }
    }
}
