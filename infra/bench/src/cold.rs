//! The report on cold starts.

use std::fmt::Write as _;
use std::path::PathBuf;

use api::endpoints::PAGE;
use infra::ship::{self, Build};

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

const ROWS: [Row; 8] = [
    ("start to connecting, ms", |trial| trial.connecting.map(ms)),
    ("connecting to first poll, ms", |trial| {
        trial
            .connecting
            .map(|connecting| ms(trial.first_poll - connecting))
    }),
    ("of which DynamoDB's answers, ms", |trial| {
        trial.connecting.map(|_| ms(trial.dynamodb))
    }),
    ("start to first poll, ms", |trial| {
        Some(ms(trial.first_poll))
    }),
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
    let names: Vec<&str> = PAGE
        .iter()
        .map(|entry| entry.name)
        .chain(["bare"])
        .collect();
    if build {
        ship::ship(
            &local::root(),
            &Build {
                more: &["bare"],
                ..Build::default()
            },
        )?;
    }
    let folder = local::root().join(ship::FOLDER);
    let binary = |name: &str| folder.join(name).join("bootstrap");
    let files: Vec<PathBuf> = names.iter().map(|name| binary(name)).collect();
    let sizes: Vec<(&str, Size)> = names.iter().copied().zip(size::of(&files)?).collect();
    let contestants = Contestant::all(binary)?;
    let trials = Bench::start()?.rounds(&contestants, rounds)?;
    let starts: Vec<(&str, &[Trial])> = contestants
        .iter()
        .map(|contestant| contestant.name)
        .zip(trials.iter().map(Vec::as_slice))
        .collect();
    Ok([
        format!("Medians of {rounds} cold starts each, taken in turn; MB are millions of bytes.\n"),
        table(&start_rows(&starts)),
        requests(&contestants),
        table(&size_rows(&sizes)),
        aims(&starts, &sizes),
    ]
    .join("\n"))
}

/// The request that each contestant gets.
fn requests(contestants: &[Contestant]) -> String {
    let what = [
        "only answers",
        "reads one item",
        "reads two and hashes a password",
    ];
    let each: Vec<String> = contestants
        .iter()
        .zip(what)
        .map(|(contestant, what)| format!("{} {what}", contestant.name))
        .collect();
    format!("A request: {}.\n", each.join(", "))
}

/// The median of one figure.
pub(crate) fn typical(trials: &[Trial], figure: impl Fn(&Trial) -> Option<f64>) -> Option<f64> {
    median(trials.iter().filter_map(figure).collect())
}

/// One row for each figure, one column for each contestant and one for the ratio to the first contestant, the bare
/// function.
fn start_rows(starts: &[(&str, &[Trial])]) -> Vec<Vec<String>> {
    let mut head = vec![String::new()];
    for (at, (name, _)) in starts.iter().enumerate() {
        head.push((*name).to_owned());
        head.extend((at > 0).then(|| "of bare".to_owned()));
    }
    let row = |(name, figure): &Row| {
        let mut row = vec![(*name).to_owned()];
        let bare = starts
            .first()
            .and_then(|(_, trials)| typical(trials, figure));
        for (at, (_, trials)) in starts.iter().enumerate() {
            let value = typical(trials, figure);
            row.push(shown(value));
            row.extend((at > 0).then(|| ratio(value, bare)));
        }
        row
    };
    [head].into_iter().chain(ROWS.iter().map(row)).collect()
}

fn size_rows(sizes: &[(&str, Size)]) -> Vec<Vec<String>> {
    let head = ["release binary", "MB", "zipped MB"]
        .map(str::to_owned)
        .to_vec();
    let row = |(name, size): &(&str, Size)| {
        vec![
            (*name).to_owned(),
            shown(Some(size.plain)),
            shown(Some(size.zipped)),
        ]
    };
    [head].into_iter().chain(sizes.iter().map(row)).collect()
}

/// A line for each aim: the measured figure, and whether it meets the aim. The first of `starts` is the bare function.
fn aims(starts: &[(&str, &[Trial])], sizes: &[(&str, Size)]) -> String {
    let mut text = String::new();
    let mut line = |what: String, value: f64, aim: f64| {
        let met = if value <= aim { "met" } else { "MISSED" };
        let _ = writeln!(text, "Aim {met}: {what} {value:.2}, at most {aim:.1}");
    };
    let bare = starts
        .first()
        .and_then(|(_, trials)| typical(trials, |trial| Some(ms(trial.first_poll))));
    for (name, trials) in starts.iter().skip(1) {
        if let Some((connecting, bare)) =
            typical(trials, |trial| trial.connecting.map(ms)).zip(bare)
        {
            line(
                format!("{name}, start to connecting over bare's start to first poll:"),
                connecting / bare,
                AIM_CONNECTING,
            );
        }
        if let Some(peak) = typical(trials, |trial| Some(trial.peak)) {
            line(format!("{name}, peak memory in MB:"), peak, AIM_RESIDENT);
        }
    }
    if let Some((name, largest)) = sizes
        .iter()
        .max_by(|(_, a), (_, b)| a.zipped.total_cmp(&b.zipped))
    {
        line(
            format!("largest binary ({name}), zipped MB:"),
            largest.zipped,
            AIM_ZIPPED,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn trial(connecting: Option<u64>, first_poll: u64, peak: f64) -> Trial {
        Trial {
            connecting: connecting.map(Duration::from_millis),
            first_poll: Duration::from_millis(first_poll),
            dynamodb: Duration::from_millis(1),
            first_request: Duration::ZERO,
            second_request: Duration::ZERO,
            peak,
            resident: peak,
        }
    }

    #[test]
    fn each_aim_has_its_line() {
        let trials = [
            [trial(None, 2, 5.0)],
            [trial(Some(5), 9, 9.0)],
            [trial(Some(7), 9, 13.0)],
        ];
        let starts = [
            ("bare", &trials[0][..]),
            ("quick", &trials[1]),
            ("slow", &trials[2]),
        ];
        let sizes = [
            (
                "a",
                Size {
                    plain: 5.0,
                    zipped: 2.0,
                },
            ),
            (
                "b",
                Size {
                    plain: 9.0,
                    zipped: 3.6,
                },
            ),
        ];
        assert_eq!(
            aims(&starts, &sizes),
            "Aim met: quick, start to connecting over bare's start to first poll: 2.50, at most 3.0\n\
             Aim met: quick, peak memory in MB: 9.00, at most 12.0\n\
             Aim MISSED: slow, start to connecting over bare's start to first poll: 3.50, at most 3.0\n\
             Aim MISSED: slow, peak memory in MB: 13.00, at most 12.0\n\
             Aim MISSED: largest binary (b), zipped MB: 3.60, at most 3.5\n"
        );
    }

    #[test]
    fn what_does_not_connect_has_dashes() {
        let trials = [[trial(None, 2, 5.0)], [trial(Some(5), 9, 9.0)]];
        let rows = start_rows(&[("bare", &trials[0]), ("quick", &trials[1])]);
        assert_eq!(rows[0], ["", "bare", "quick", "of bare"]);
        assert_eq!(rows[2], ["connecting to first poll, ms", "–", "4.00", "–"]);
        assert_eq!(
            rows[4],
            ["start to first poll, ms", "2.00", "9.00", "× 4.50"]
        );
    }
}
