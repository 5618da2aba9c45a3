//! Counts the instructions of a function by valgrind's tool callgrind.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::world::{Function, World};

/// The chosen variants of memory and string functions: those that every processor of x86_64 has.
const TUNABLES: (&str, &str) = ("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2");

/// The version of valgrind.
///
/// # Errors
/// One line: it is missing, and how to get it.
pub(crate) fn version() -> Result<String, String> {
    let output = Command::new("valgrind")
        .arg("--version")
        .stderr(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        _ => Err(
            "Instructions are counted by valgrind, which is missing: install it (Debian and Ubuntu: apt install \
             valgrind; Fedora: dnf install valgrind) and try again. There is none for macOS: use Linux there."
                .to_owned(),
        ),
    }
}

/// The folder of the profiles, for `callgrind_annotate`.
fn folder() -> PathBuf {
    local::root().join("target/perf")
}

/// The instructions of a function from its start until it has answered `events`, each with `status`, and waits for the
/// next. The profile is kept under `label`.
///
/// # Errors
/// One line: it does not start or does not answer so, or valgrind counts nothing.
pub(crate) fn count(
    world: &World,
    name: &str,
    variables: &[(&str, &str)],
    (label, events, status): (&str, &[Value], u16),
) -> Result<u64, String> {
    let folder = folder();
    fs::create_dir_all(&folder)
        .map_err(|error| format!("Cannot make {}: {error}", folder.display()))?;
    let profile = folder.join(format!("{label}.callgrind"));
    let _ = fs::remove_file(&profile);
    let watcher = [
        "valgrind".to_owned(),
        "--tool=callgrind".to_owned(),
        "--vgdb=no".to_owned(),
        format!("--callgrind-out-file={}", profile.display()),
        format!(
            "--log-file={}",
            folder.join(format!("{label}.log")).display()
        ),
    ];
    let variables = [&[TUNABLES], variables].concat();
    let mut function = Function::start(world, name, &watcher, &variables)?;
    world.settled.watch(function.id());
    let answered = (|| {
        function.api.polled()?;
        for event in events {
            function.ask(event, status)?;
            function.api.polled()?;
        }
        world.settled.wait();
        Ok(())
    })();
    world.settled.forget();
    answered.map_err(|why: String| format!("{name} under valgrind: {why}"))?;
    // It ends as at a signal of its own: valgrind then writes the profile.
    let _ = Command::new("kill")
        .args(["-TERM", &function.id().to_string()])
        .status();
    function.ended();
    let text = fs::read_to_string(&profile)
        .map_err(|error| format!("Cannot read {}: {error}", profile.display()))?;
    total(&text).ok_or_else(|| format!("{} has no total", profile.display()))
}

/// The sum of a profile.
fn total(profile: &str) -> Option<u64> {
    let line = profile
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("totals:"))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_the_last_line() {
        assert_eq!(
            total("summary: 5\nfn=(1)\n1 5\ntotals: 12345\n"),
            Some(12_345)
        );
        assert_eq!(total("fn=(1)\n1 5\n"), None);
    }
}
