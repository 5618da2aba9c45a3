//! The client for TypeScript and its example: checks of their own in Node, then against a stack of the example's
//! project, also in a browser. Node and its packages install themselves. Where they cannot, a line says that the tests
//! are left out; with `BAKEND_NODE=required` they fail instead.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has to stop"
)]

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use blackbox::{browser, stack_of};
use infra::node::{Node, or_left_out, required};
use infra::{plans, tools};

const PACKAGE: &str = "clients/typescript";
const EXAMPLE: &str = "clients/example";

/// Node, with the packages of all folders below installed; `None` where they cannot be.
fn node() -> Option<&'static Node> {
    static NODE: OnceLock<Option<Node>> = OnceLock::new();
    let install = || {
        let node = Node::install(&plans::root())?;
        for folder in [PACKAGE, EXAMPLE] {
            node.packages_of(&plans::root().join(folder), &folder.replace('/', "-"))?;
        }
        // These packages are 450 MB, which only CI loads by itself; without them their tests step aside.
        if required() {
            install_in(&node, "recipes", "hono")?;
            install_in(&node, "runtimes", "deno")?;
        }
        Ok(node)
    };
    let installed = || {
        or_left_out(
            install(),
            "the tests of clients",
            "cargo test --test clients",
        )
    };
    NODE.get_or_init(|| installed().unwrap()).as_ref()
}

/// Installs the packages of a folder of the client in it. The recipes look for React above it, so no link will do.
fn install_in(node: &Node, folder: &str, package: &str) -> Result<(), String> {
    let folder = plans::root().join(PACKAGE).join(folder);
    let there = folder.join("node_modules");
    if there.is_symlink() {
        fs::remove_file(&there).map_err(|error| error.to_string())?;
    }
    if there.join(package).exists() {
        return Ok(());
    }
    let mut npm = node.npm();
    npm.args(["ci", "--ignore-scripts"]).current_dir(&folder);
    let output = npm.output().map_err(|error| error.to_string())?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(()).ok_or(told)
}

/// Runs a script of a folder's `package.json`. All that it prints is shown where it fails.
#[track_caller]
fn run(node: &Node, folder: &str, script: &str, environment: &[(&str, &Path)]) -> String {
    let mut npm = node.npm();
    npm.args(["run", "--silent", script])
        .current_dir(plans::root().join(folder))
        .env("PATH", node.path().unwrap())
        .env("FORCE_COLOR", "0")
        .envs(environment.iter().copied());
    succeed(&mut npm, &format!("npm run {script} in {folder}"))
}

#[track_caller]
fn succeed(command: &mut Command, what: &str) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}\n{printed}\n{errors}");
    printed
}

/// The built package, which tests of several scripts need.
fn built() -> Option<&'static Node> {
    static BUILT: OnceLock<Option<&'static Node>> = OnceLock::new();
    *BUILT.get_or_init(|| {
        let node = node()?;
        let _ = run(node, PACKAGE, "build", &[]);
        Some(node)
    })
}

/// A figure that a script has printed, as `name: number`, or as Node's summary of tests has it: `ℹ name number`.
#[track_caller]
fn figure(printed: &str, name: &str) -> u64 {
    let found = printed.lines().find_map(|line| {
        let mut words = line.trim_start_matches(['ℹ', '#', ' ']).split_whitespace();
        let is_named = words.next()?.trim_end_matches(':') == name;
        is_named.then(|| words.next()?.parse().ok()).flatten()
    });
    found.unwrap_or_else(|| panic!("no {name}:\n{printed}"))
}

/// Tells a figure past the capture of a test's output, which nobody sees where the test passes.
fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[test]
fn the_package_holds_without_a_stack() {
    let Some(node) = built() else { return };
    let printed = run(node, PACKAGE, "test", &[]);
    // A folder without tests is no success.
    let passed = figure(&printed, "pass");
    assert!(passed > 400, "{printed}");
    tell(&format!("clients: {passed} tests of the package"));
}

#[test]
fn sources_tests_and_recipes_compile() {
    let Some(node) = built() else { return };
    let _ = run(node, PACKAGE, "types", &[]);
    let _ = run(node, EXAMPLE, "types", &[]);
}

#[test]
fn the_package_is_small_and_well_made() {
    let Some(node) = built() else { return };
    tell(&run(node, PACKAGE, "sizes", &[]));
    let _ = run(node, PACKAGE, "pack:check", &[]);
}

#[test]
fn the_built_package_runs_on_the_newest_node_and_on_the_oldest() {
    let Some(node) = built() else { return };
    tell(&run(node, PACKAGE, "test:built", &[]));
    if !required() {
        tell(
            "Left out: the built package on Node 20, which CI brings: BAKEND_NODE=required cargo test --test clients",
        );
        return;
    }
    let oldest = tools::oldest_node(&plans::root()).unwrap();
    let version = Command::new(&oldest).arg("--version").output().unwrap();
    assert!(version.stdout.starts_with(b"v20."), "{version:?}");
    let program = [("BAKEND_NODE_PROGRAM", oldest.as_path())];
    tell(&run(node, PACKAGE, "test:built", &program));
}

#[test]
fn the_built_package_runs_on_other_runtimes() {
    let Some(node) = built() else { return };
    if !plans::root()
        .join(PACKAGE)
        .join("runtimes/node_modules")
        .exists()
    {
        tell(
            "Left out: the built package on Deno and Bun. Run it: npm ci in clients/typescript/runtimes",
        );
        return;
    }
    for runtime in ["deno", "bun"] {
        tell(&run(node, PACKAGE, &format!("test:{runtime}"), &[]));
    }
}

/// The browser, or `None` with a line that the tests in it are left out.
fn seeing() -> Option<PathBuf> {
    let found = browser();
    if found.is_none() {
        tell(
            "Left out: the browser's tests of clients. Install Chromium, or name it: BAKEND_BROWSER=… cargo test --test clients",
        );
    }
    found
}

#[test]
fn no_session_is_lost_against_a_stack_in_a_browser() {
    let Some(node) = built() else { return };
    let url = stack_of(EXAMPLE).url();
    let printed = run(node, PACKAGE, "test:stack", &[("BAKEND_URL", url.as_ref())]);
    tell(&format!(
        "clients: {} tests against the stack",
        figure(&printed, "pass")
    ));
    let Some(browser) = seeing() else { return };
    let environment = [
        ("BAKEND_URL", url.as_ref()),
        ("BAKEND_BROWSER", browser.as_path()),
    ];
    let printed = run(node, PACKAGE, "test:browser", &environment);
    tell(&format!(
        "clients: {} refreshes in a browser",
        figure(&printed, "refreshes")
    ));
    let _ = run(node, EXAMPLE, "test", &environment);
}
