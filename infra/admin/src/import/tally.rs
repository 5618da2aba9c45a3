//! How far an import is, and its report.

use std::io::Write;
use std::path::Path;

use crate::printable::printable;

/// How far an import is.
pub(super) struct Tally {
    /// The word for a line of this file.
    word: &'static str,
    pub(super) lines: u64,
    made: u64,
    there: u64,
    refused: u64,
    admins: u64,
}

/// The result of a line.
pub(super) enum Outcome {
    /// A user.
    Made,
    /// An admin with this address.
    MadeAdmin(String),
    /// The user was made before.
    There,
    /// No user, with the reason.
    Refused(String),
}

impl Tally {
    pub(super) const fn new(word: &'static str) -> Self {
        Self {
            word,
            lines: 0,
            made: 0,
            there: 0,
            refused: 0,
            admins: 0,
        }
    }

    /// Counts the result of a line, and reports a refused line.
    ///
    /// # Errors
    /// The report cannot be written.
    pub(super) fn note(
        &mut self,
        report: &mut dyn Write,
        number: u64,
        outcome: Outcome,
    ) -> Result<(), String> {
        let word = self.word;
        match outcome {
            Outcome::Made => self.made += 1,
            Outcome::There => self.there += 1,
            Outcome::MadeAdmin(email) => {
                self.made += 1;
                self.admins += 1;
                eprintln!("{word} {number}: {} is an admin.", printable(&email));
            }
            Outcome::Refused(reason) => {
                self.refused += 1;
                writeln!(report, "{word} {number}: {}", printable(&reason))
                    .map_err(|error| format!("the report: {error}"))?;
            }
        }
        Ok(())
    }

    /// The counts while it runs.
    pub(super) fn counts(&self) -> String {
        let Self {
            made,
            there,
            refused,
            ..
        } = self;
        format!("{made} made  {there} there already  {refused} refused")
    }

    /// The result, as a sentence. `stopped` is why the import ends before the file does.
    ///
    /// # Errors
    /// It was stopped, or lines were refused.
    pub(super) fn told(
        &self,
        stopped: Option<&str>,
        dry_run: bool,
        report: Option<&Path>,
    ) -> Result<String, String> {
        let Self {
            lines,
            made,
            there,
            refused,
            admins,
            ..
        } = self;
        let words = if self.word == "line" {
            "lines"
        } else {
            "entries"
        };
        let verb = if dry_run { "could be made" } else { "made" };
        let admins = match admins {
            0 => String::new(),
            admins => format!(" ({admins} of them admins)"),
        };
        let counts = format!(
            "{lines} {words} read, {made} users {verb}{admins}, {there} there already, {refused} refused"
        );
        let place = report.map_or("above".to_owned(), |path| format!("in {}", path.display()));
        if let Some(stopped) = stopped {
            return Err(format!(
                "{stopped}; {counts}. The same command goes on from there."
            ));
        }
        if *refused > 0 {
            return Err(format!(
                "{counts}; {place} is why. Correct those {words} and run it again: who is there is skipped."
            ));
        }
        Ok(format!("{counts}."))
    }
}
