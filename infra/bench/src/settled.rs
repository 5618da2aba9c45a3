//! Waits until a process does nothing more.
//!
//! An answer that comes while a function still works saves it a wake-up, and one that comes later costs one. A count of
//! instructions must not depend on that, so an answer is held back until every thread of the function sleeps.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a look is apart from the next.
const BETWEEN: Duration = Duration::from_micros(300);

/// How many looks in a row must find it asleep.
const LOOKS: u32 = 3;

/// When to go on anyway: a hash under a watcher takes its time.
const PATIENCE: Duration = Duration::from_secs(15);

/// The process to wait for; none at first, and then nothing waits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settled(Arc<AtomicU32>);

impl Settled {
    /// Waits for this process from now on.
    pub(crate) fn watch(&self, process: u32) {
        self.0.store(process, Ordering::Relaxed);
    }

    /// Waits for no process from now on.
    pub(crate) fn forget(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Waits until every thread of the process sleeps, if there is one to wait for.
    pub(crate) fn wait(&self) {
        let (start, mut asleep) = (Instant::now(), 0);
        while asleep < LOOKS && start.elapsed() < PATIENCE {
            let process = self.0.load(Ordering::Relaxed);
            if process == 0 {
                return;
            }
            asleep = if sleeps(process) { asleep + 1 } else { 0 };
            thread::sleep(BETWEEN);
        }
    }
}

/// Whether every thread sleeps; a process that is gone does.
fn sleeps(process: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return true;
    };
    threads.flatten().all(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // The state is the letter after the program's name in brackets (proc_pid_stat(5)).
        let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start());
        state.is_none_or(|state| state.starts_with(['S', 'Z', 'X']))
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_that_waits_sleeps_and_one_that_works_does_not() {
        let run = |script: &str| Command::new("sh").args(["-c", script]).spawn().unwrap();
        let mut busy = run("while :; do :; done");
        let mut idle = run("exec sleep 60");
        let settled = Settled::default();
        settled.wait();
        settled.watch(idle.id());
        settled.wait();
        thread::sleep(Duration::from_millis(50));
        assert!(!sleeps(busy.id()));
        for process in [&mut busy, &mut idle] {
            process.kill().unwrap();
            process.wait().unwrap();
            assert!(sleeps(process.id()));
        }
    }
}
