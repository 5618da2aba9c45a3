//! The report on cold starts.

use std::fmt::Write as _;
use std::path::PathBuf;

use api::endpoints::PAGE;

use crate::build::cargo;
use crate::figures::{median, ms, ratio, shown, table};
use crate::size::{self, Size};
use crate::trial::{Bench, Contestant, Trial};

/// Start to connecting, as a multiple of the bare function's start to first poll.
const AIM_CONNECTING: f64 = 3.0;
/// Megabytes zipped.
const AIM_ZIPPED: f64 = 3.5;
/// Megabytes resident after the first request.
const AIM_RESIDENT: f64 = 12.0;

/// A row of the report: its name and the figure of one cold start.
type Row = (&'static str, fn(&Trial) -> Option<f64>);

const ROWS: [Row; 7] = [
    ("start to connecting, ms", |trial| trial.connecting.map(ms)),
    ("start to first poll, ms", |trial| Some(ms(trial.first_poll))),
    ("of which DynamoDB's answers, ms", |trial| trial.connecting.map(|_| ms(trial.dynamodb))),
    ("first request, ms", |trial| Some(ms(trial.first_request))),
    ("second request, ms", |trial| Some(ms(trial.second_request))),
    ("peak memory (VmHWM), MB", |trial| Some(trial.peak)),
    ("resident memory (VmRSS), MB", |trial| Some(trial.resident)),
];

/// Builds every function, starts the contestants `rounds` times each, and writes the report.
///
/// # Errors
/// One line: something does not build or does not start.
pub(crate) fn report(rounds: usize, build: bool) -> Result<String, String> {
    let names: Vec<&str> = PAGE.iter().map(|entry| entry.name).chain(["bare"]).collect();
    if build {
        let packages = names.iter().flat_map(|name| ["--package", name]);
        cargo(&["build", "--release"].into_iter().chain(packages).collect::<Vec<_>>())?;
    }
    let folder = local::root().join("target/release");
    let files: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    let sizes: Vec<(&str, Size)> = names.iter().copied().zip(size::of(&files)?).collect();
    let contestants = Contestant::all(&folder);
    let trials = Bench::start()?.rounds(&contestants, rounds)?;
    let medians: Vec<Vec<Option<f64>>> =
        trials.iter().map(|trials| ROWS.iter().map(|(_, figure)| typical(trials, *figure)).collect()).collect();
    let mut text = format!("Medians of {rounds} cold starts each, taken in turn; MB are millions of bytes.\n\n");
    text.push_str(&starts(&contestants, &medians));
    text.push('\n');
    text.push_str(&table(&size_rows(&sizes)));
    text.push('\n');
    text.push_str(&aims(&contestants, &medians, &sizes));
    Ok(text)
}

/// The median of one figure.
pub(crate) fn typical(trials: &[Trial], figure: impl Fn(&Trial) -> Option<f64>) -> Option<f64> {
    median(trials.iter().filter_map(figure).collect())
}

fn starts(contestants: &[Contestant], medians: &[Vec<Option<f64>>]) -> String {
    let mut head = vec![String::new()];
    for contestant in contestants {
        head.push(contestant.name.to_owned());
        if contestant.name != "bare" {
            head.push("of bare".to_owned());
        }
    }
    let mut rows = vec![head];
    for (at, (name, _)) in ROWS.iter().enumerate() {
        let mut row = vec![(*name).to_owned()];
        let bare = medians.first().and_then(|medians| medians[at]);
        for (contestant, medians) in contestants.iter().zip(medians) {
            row.push(shown(medians[at]));
            if contestant.name != "bare" {
                row.push(ratio(medians[at], bare));
            }
        }
        rows.push(row);
    }
    table(&rows)
}

fn size_rows(sizes: &[(&str, Size)]) -> Vec<Vec<String>> {
    let head = ["release binary", "MB", "zipped MB"].map(str::to_owned).to_vec();
    let row = |(name, size): &(&str, Size)| vec![(*name).to_owned(), shown(Some(size.plain)), shown(Some(size.zipped))];
    [head].into_iter().chain(sizes.iter().map(row)).collect()
}

/// A line for each aim: what it is, what was measured, and whether that will do.
fn aims(contestants: &[Contestant], medians: &[Vec<Option<f64>>], sizes: &[(&str, Size)]) -> String {
    let mut text = String::new();
    let mut line = |what: String, value: f64, aim: f64| {
        let met = if value <= aim { "met" } else { "MISSED" };
        let _ = writeln!(text, "Aim {met}: {what} {value:.2}, at most {aim:.1}");
    };
    let bare_poll = medians.first().and_then(|medians| medians[1]);
    for (contestant, medians) in contestants.iter().zip(medians).skip(1) {
        if let (Some(connecting), Some(bare)) = (medians[0], bare_poll) {
            let what =
                format!("{}, start to connecting over the bare function's start to first poll:", contestant.name);
            line(what, connecting / bare, AIM_CONNECTING);
        }
        if let Some(peak) = medians[5] {
            line(format!("{}, peak memory in MB:", contestant.name), peak, AIM_RESIDENT);
        }
    }
    if let Some((name, largest)) = sizes.iter().max_by(|(_, a), (_, b)| a.zipped.total_cmp(&b.zipped)) {
        line(format!("largest binary ({name}), zipped MB:"), largest.zipped, AIM_ZIPPED);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn each_aim_has_its_line() {
        let contestants = Contestant::all(Path::new(""));
        let figures = |connecting, poll, memory| vec![connecting, Some(poll), None, None, None, Some(memory), None];
        let medians = [figures(None, 2.0, 5.0), figures(Some(5.0), 9.0, 9.0), figures(Some(7.0), 9.0, 13.0)];
        let sizes = [("a", Size { plain: 5.0, zipped: 2.0 }), ("b", Size { plain: 9.0, zipped: 3.6 })];
        assert_eq!(
            aims(&contestants, &medians, &sizes),
            "Aim met: records-get, start to connecting over the bare function's start to first poll: 2.50, at most 3.0\n\
             Aim met: records-get, peak memory in MB: 9.00, at most 12.0\n\
             Aim MISSED: login, start to connecting over the bare function's start to first poll: 3.50, at most 3.0\n\
             Aim MISSED: login, peak memory in MB: 13.00, at most 12.0\n\
             Aim MISSED: largest binary (b), zipped MB: 3.60, at most 3.5\n"
        );
    }
}
