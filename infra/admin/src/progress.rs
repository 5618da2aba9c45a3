//! The progress of a command that reads a file.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

use crate::printable::printable;

/// How often the progress is shown on a terminal, and elsewhere.
pub(crate) const SHOWN: Duration = Duration::from_millis(200);
const LOGGED: Duration = Duration::from_secs(10);

/// The progress that is shown while a command runs.
pub(crate) struct Progress {
    name: String,
    terminal: bool,
    shown: Instant,
}

impl Progress {
    /// The progress of the command on this file.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: printable(name),
            terminal: stderr().is_terminal(),
            shown: Instant::now(),
        }
    }

    /// Shows a percentage and these counts, where that is due; on a terminal always at the end.
    pub(crate) fn show(&mut self, percent: u64, counts: &str, is_last: bool) {
        let every = if self.terminal { SHOWN } else { LOGGED };
        if self.shown.elapsed() < every && !(is_last && self.terminal) {
            return;
        }
        self.shown = Instant::now();
        let bar: String = (0..20)
            .map(|at| if at * 5 < percent { '#' } else { '-' })
            .collect();
        let line = format!("{} [{bar}] {percent:>3} %  {counts}", self.name);
        let _ = match (self.terminal, is_last) {
            (true, false) => write!(stderr(), "\r{line}"),
            (true, true) => writeln!(stderr(), "\r{line}"),
            (false, _) => writeln!(stderr(), "{line}"),
        };
    }
}
