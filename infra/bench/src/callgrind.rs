//! Counts the instructions of a function by valgrind's tool callgrind.

use std::fs;
use std::path::{Path, PathBuf};
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

/// The instructions of one process. A part in which the SDK asked DynamoDB a second time is left out: under valgrind on
/// a busy machine a request may take longer than the SDK waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// From its start to asking for the first event.
    pub(crate) start: Option<u64>,
    /// Of each request: from its event to asking for the next.
    pub(crate) requests: Vec<Option<u64>>,
}

/// Counts the instructions of a function that answers `events`, each with `status`. The profile is kept under `label`.
///
/// # Errors
/// One line: it does not start or does not answer so, or valgrind counts nothing.
pub(crate) fn count(
    world: &World,
    name: &str,
    variables: &[(&str, &str)],
    (label, events, status): (&str, &[Value], u16),
) -> Result<Run, String> {
    let folder = folder().join(label);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)
        .map_err(|error| format!("Cannot make {}: {error}", folder.display()))?;
    let watcher = [
        "valgrind".to_owned(),
        "--tool=callgrind".to_owned(),
        "--vgdb=no".to_owned(),
        // A part of the profile ends each time that the function waits.
        "--dump-before=epoll_wait".to_owned(),
        format!("--callgrind-out-file={}", folder.join(PART).display()),
        format!("--log-file={}", folder.join("log").display()),
    ];
    let variables = [&[TUNABLES], variables].concat();
    let mut function = Function::start(world, name, &watcher, &variables)?;
    world.settled.watch(function.id());
    world.relay.forget();
    let answered = (|| {
        let mut waits = Vec::new();
        for event in events.iter().map(Some).chain([None]) {
            function.api.polled()?;
            world.settled.wait();
            waits.push((parts(&folder), world.relay.was_asked_again()));
            if let Some(event) = event {
                function.ask(event, status)?;
            }
        }
        Ok(waits)
    })();
    world.settled.forget();
    let waits: Vec<(usize, bool)> =
        answered.map_err(|why: String| format!("{name} under valgrind: {why}"))?;
    function.end();
    let (mut counts, mut done) = (Vec::new(), 0);
    for (parts, again) in waits {
        let mut sum = 0;
        for part in done + 1..=parts {
            let file = folder.join(format!("{PART}.{part}"));
            let text = fs::read_to_string(&file)
                .map_err(|error| format!("Cannot read {}: {error}", file.display()))?;
            sum += total(&text).ok_or_else(|| format!("{} has no total", file.display()))?;
        }
        counts.push((!again).then_some(sum));
        done = parts;
    }
    let mut counts = counts.into_iter();
    Ok(Run {
        start: counts.next().flatten(),
        requests: counts.collect(),
    })
}

/// The name of a profile's parts, without their numbers.
const PART: &str = "callgrind.out";

/// How many parts there are.
fn parts(folder: &Path) -> usize {
    (1..)
        .take_while(|part| folder.join(format!("{PART}.{part}")).exists())
        .count()
}

/// The sum of a part of a profile.
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
