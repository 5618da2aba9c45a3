//! Processes that never outlive this one.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// The shell becomes the program itself. Its watcher, of the same process group, kills the group when a pipe closes
/// that only this process holds open, however it ends.
const WRAPPER: &str = r#"
exec 3<&0
( trap '' TERM INT; read -r _ <&3; kill -TERM 0; sleep 0.3; kill -KILL 0 ) >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-
"#;

/// A running program with everything it started; dropping it, or the end of this process, ends them.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: Option<PathBuf>,
}

/// Where a program's output goes.
#[derive(Debug)]
pub enum Output<'a> {
    /// To this process's own.
    Inherit,
    /// To the end of this file.
    File(&'a Path),
}

impl Process {
    /// Starts `command`, of which program, arguments, folder and environment count; it gets an empty input and a
    /// process group of its own.
    ///
    /// # Errors
    /// The program cannot be started or the log not written.
    pub fn start(command: &Command, output: &Output<'_>) -> io::Result<Self> {
        Self::start_with(command, &[], output)
    }

    /// [`start`](Self::start) in an environment cleared of every variable that begins with one of `cleared` and is not
    /// set by `command` itself.
    ///
    /// # Errors
    /// The program cannot be started or the log not written.
    pub fn start_with(
        command: &Command,
        cleared: &[&str],
        output: &Output<'_>,
    ) -> io::Result<Self> {
        let mut wrapped = Command::new("/bin/sh");
        wrapped.args([
            OsStr::new("-c"),
            OsStr::new(WRAPPER),
            OsStr::new("sh"),
            command.get_program(),
        ]);
        wrapped.args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            wrapped.current_dir(folder);
        }
        for (name, _) in std::env::vars_os() {
            if cleared
                .iter()
                .any(|prefix| name.to_string_lossy().starts_with(prefix))
            {
                wrapped.env_remove(name);
            }
        }
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(name, value),
                None => wrapped.env_remove(name),
            };
        }
        let mut log = None;
        if let Output::File(path) = output {
            let file = File::options().create(true).append(true).open(path)?;
            wrapped.stdout(file.try_clone()?).stderr(file);
            log = Some(path.to_path_buf());
        }
        let child = wrapped.stdin(Stdio::piped()).process_group(0).spawn()?;
        Ok(Self { child, log })
    }

    /// The process id, of the program itself.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How the program ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Its output so far; empty without a file.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = self
            .log
            .as_ref()
            .and_then(|path| std::fs::read(path).ok())
            .unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn a_process_ends_with_its_handle_and_so_do_its_children() {
        let log = std::env::temp_dir().join(format!("bakend-process-{}", std::process::id()));
        let script = "echo one; echo two >&2; trap '' TERM; sleep 60 & sleep 60";
        let process =
            Process::start(Command::new("sh").args(["-c", script]), &Output::File(&log)).unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while !process.log().contains("two") && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(process.log(), "one\ntwo\n");
        let (group, before) = (process.id(), Instant::now());
        drop(process);
        assert!(before.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(200));
        let left = Command::new("sh")
            .args(["-c", &format!("kill -0 -- -{group}")])
            .output()
            .unwrap();
        assert!(
            !left.status.success(),
            "something of the group {group} is left"
        );
        let _ = std::fs::remove_file(log);
    }

    #[test]
    fn variables_are_cleared_by_prefix() {
        let log = std::env::temp_dir().join(format!("bakend-env-{}", std::process::id()));
        let mut command = Command::new("env");
        command.env("CARGO_KEPT", "yes");
        let mut process = Process::start_with(&command, &["CARGO_"], &Output::File(&log)).unwrap();
        while process.ended().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let ours: Vec<String> = process
            .log()
            .lines()
            .filter(|l| l.starts_with("CARGO_"))
            .map(str::to_owned)
            .collect();
        assert_eq!(ours, ["CARGO_KEPT=yes"]);
        let _ = std::fs::remove_file(log);
    }
}
