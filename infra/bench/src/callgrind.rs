//! Counts the instructions of a function by valgrind's tool callgrind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::world::{Function, World};

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

/// A request of a case, ready to be handed out, and the status of its answer.
pub(crate) type Asked<'a> = (&'a [Value], u16);

/// A function that is started under callgrind: its name, the variables that win over the environment's, and the name of
/// its profile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched<'a> {
    pub(crate) name: &'a str,
    pub(crate) variables: &'a [(&'a str, &'a str)],
    pub(crate) label: &'a str,
}

impl Watched<'_> {
    /// The instructions from the start to asking for the first event. `None` if the SDK asked DynamoDB a second time:
    /// under valgrind on a busy machine a request may take longer than the SDK waits.
    ///
    /// # Errors
    /// One line: it does not start, or valgrind counts nothing.
    pub(crate) fn start(&self, world: &World) -> Result<Option<u64>, String> {
        let folder = self.folder("start")?;
        let mut function = self.run(world, &folder, None)?;
        let done = self.settle(world, &function);
        let seen = world.relay.counted();
        world.settled.forget();
        done?;
        function.end();
        Ok(Some(total(&folder.join(PART))?).filter(|_| seen.connected <= 1 && !seen.again))
    }

    /// The instructions of each request: from its event to asking for the next. `None` as for a start.
    ///
    /// # Errors
    /// One line: it does not start or does not answer so, or valgrind counts nothing.
    pub(crate) fn requests(
        &self,
        world: &World,
        (events, status): Asked<'_>,
    ) -> Result<Vec<Option<u64>>, String> {
        let folder = self.folder("requests")?;
        // A part of the profile ends each time that the function waits.
        let mut function = self.run(world, &folder, Some("--dump-before=epoll_wait"))?;
        let answered = (|| {
            self.settle(world, &function)?;
            let _ = world.relay.counted();
            let mut waits = vec![(parts(&folder), false)];
            for event in events {
                function.ask(event, status)?;
                self.settle(world, &function)?;
                waits.push((parts(&folder), world.relay.counted().again));
            }
            Ok::<_, String>(waits)
        })();
        world.settled.forget();
        let waits = answered.map_err(|why| format!("{} under valgrind: {why}", self.name))?;
        function.end();
        let count = |pair: &[(usize, bool)]| {
            let [(from, _), (to, again)] = *pair else {
                return Ok(None);
            };
            let parts = (from + 1..=to).map(|part| total(&folder.join(format!("{PART}.{part}"))));
            let sum: u64 = parts.sum::<Result<_, String>>()?;
            Ok((!again).then_some(sum))
        };
        waits.windows(2).map(count).collect()
    }

    /// The folder of the profile, emptied.
    fn folder(&self, what: &str) -> Result<PathBuf, String> {
        let folder = local::root()
            .join("target/perf")
            .join(self.label)
            .join(what);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)
            .map_err(|error| format!("Cannot make {}: {error}", folder.display()))?;
        Ok(folder)
    }

    fn run(&self, world: &World, folder: &Path, more: Option<&str>) -> Result<Function, String> {
        let file = |name: &str| folder.join(name).display().to_string();
        let mut watcher = vec![
            "valgrind".to_owned(),
            "--tool=callgrind".to_owned(),
            "--vgdb=no".to_owned(),
            format!("--callgrind-out-file={}", file(PART)),
            format!("--log-file={}", file("log")),
        ];
        watcher.extend(more.map(str::to_owned));
        let _ = world.relay.counted();
        let function = Function::start(world, self.name, &watcher, self.variables)?;
        world.settled.watch(function.id());
        Ok(function)
    }

    /// Waits until the function has asked for an event and sleeps.
    fn settle(&self, world: &World, function: &Function) -> Result<(), String> {
        function
            .api
            .polled()
            .map_err(|why| format!("{} under valgrind: {why}", self.name))?;
        world.settled.wait();
        Ok(())
    }
}

/// The name of a profile's parts, without their numbers.
const PART: &str = "callgrind.out";

/// How many parts there are.
fn parts(folder: &Path) -> usize {
    (1..)
        .take_while(|part| folder.join(format!("{PART}.{part}")).exists())
        .count()
}

/// The sum of a profile.
fn total(file: &Path) -> Result<u64, String> {
    let text = fs::read_to_string(file)
        .map_err(|error| format!("Cannot read {}: {error}", file.display()))?;
    sum(&text).ok_or_else(|| format!("{} has no total", file.display()))
}

fn sum(profile: &str) -> Option<u64> {
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
            sum("summary: 5\nfn=(1)\n1 5\ntotals: 12345\n"),
            Some(12_345)
        );
        assert_eq!(sum("fn=(1)\n1 5\n"), None);
    }
}
