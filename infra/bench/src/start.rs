//! Cold starts of every function, in turn, beside the function that only answers.

use std::path::PathBuf;

use api::endpoints::{Entry, PAGE};
use serde_json::{Value, json};

use crate::case::{BARE, CASES};
use crate::event::{event, with_body, with_token};
use crate::figures::{median, ms, ratio, spread, table};
use crate::size::{self, Size};
use crate::world::{Binaries, Function, World};

/// The aims of the largest function: start to connecting over the bare function's start to first poll, megabytes resident
/// and megabytes zipped.
const AIMS: [f64; 3] = [1.3, 6.5, 2.2];

/// The figures of one start.
#[derive(Clone, Copy, Debug)]
struct Trial {
    /// Milliseconds from spawning to the instant that DynamoDB accepts the connection.
    connecting: Option<f64>,
    /// Milliseconds from spawning to asking for the first event.
    first_poll: f64,
    /// Milliseconds from the first event to its answer.
    first_request: f64,
    /// Megabytes resident after the first answer.
    resident: f64,
}

/// A function and its starts.
struct Row {
    name: &'static str,
    status: u16,
    trials: Vec<Trial>,
    size: Size,
}

/// Starts every function `rounds` times and writes the table.
///
/// # Errors
/// One line: a function does not start or does not answer.
pub(crate) fn report(binaries: &Binaries, rounds: u16) -> Result<String, String> {
    let mut names = vec![BARE];
    names.extend(PAGE.iter().map(|entry| entry.name));
    let files: Vec<PathBuf> = names.iter().map(|name| binaries.of(name)).collect();
    let mut rows: Vec<Row> = names
        .into_iter()
        .zip(size::of(&files)?)
        .map(|(name, size)| Row {
            name,
            status: 0,
            trials: Vec::new(),
            size,
        })
        .collect();
    let world = World::start(binaries.clone())?;
    // The first round fills caches and does not count.
    for round in 0..=rounds {
        for row in &mut rows {
            let (status, trial) = trial(&world, row.name)?;
            row.status = status;
            row.trials.extend((round > 0).then_some(trial));
        }
    }
    let said = format!(
        "Medians of {rounds} cold starts each, taken in turn, and half the distance of their quartiles; MB are millions of \
         bytes.\n\n"
    );
    Ok(said + &table(&cells(&rows)) + "\n" + &aims(&rows))
}

fn trial(world: &World, name: &'static str) -> Result<(u16, Trial), String> {
    let request = first(world, name)?;
    world.relay.forget();
    let function = Function::start(world, name, &[], &[])?;
    let polled = function
        .api
        .polled()
        .map_err(|why| format!("{name}: {why}"))?;
    let seen = world.relay.seen(polled);
    let answer = function
        .api
        .ask(&request)
        .map_err(|why| format!("{name}: {why}"))?;
    if answer.status >= 500 {
        return Err(format!("{name} answers {}: {}", answer.status, answer.body));
    }
    let trial = Trial {
        connecting: seen.connected.map(|at| ms(at - function.started)),
        first_poll: ms(polled - function.started),
        first_request: ms(answer.time),
        resident: function.resident()?,
    };
    Ok((answer.status, trial))
}

/// The first request of a function: that of its case, else one of an admin that names nothing that exists.
fn first(world: &World, name: &str) -> Result<Value, String> {
    for case in CASES {
        let request = (case.event)(world, 0)?;
        if case.function(&request)? == name {
            return Ok(request);
        }
    }
    Ok(PAGE
        .iter()
        .find(|entry| entry.name == name)
        .map_or_else(Value::default, |entry| unknown(world, entry)))
}

fn unknown(world: &World, entry: &Entry) -> Value {
    const ID: &str = "01890a5d-ac96-7700-bcce-b302099a8057";
    let path = entry
        .path
        .replace("{collection}", "posts")
        .replace("{username}", "nobody")
        .replace("{id}", ID)
        .replace("{sid}", ID)
        .replace("$default", "/nothing");
    let method = entry
        .methods
        .first()
        .map_or("GET", |method| method.as_str());
    let mut request = event(method, &path);
    if entry.guard.needs_user() || entry.guard.is_of_records() {
        request = with_token(request, &world.admin.access);
    }
    if method == "GET" || method == "DELETE" {
        request
    } else {
        with_body(request, &json!({}))
    }
}

/// A figure of a trial.
type Figure = fn(&Trial) -> Option<f64>;

const FIGURES: [(&str, Figure); 4] = [
    ("connecting, ms", |trial| trial.connecting),
    ("first poll, ms", |trial| Some(trial.first_poll)),
    ("first request, ms", |trial| Some(trial.first_request)),
    ("resident MB", |trial| Some(trial.resident)),
];

fn typical(row: &Row, figure: Figure) -> Option<f64> {
    median(row.trials.iter().filter_map(figure).collect())
}

fn cells(rows: &[Row]) -> Vec<Vec<String>> {
    let mut head = vec!["function".to_owned()];
    for (name, _) in FIGURES {
        head.extend([name.to_owned(), "of bare".to_owned()]);
    }
    head.extend(["answer", "MB", "zipped MB"].map(str::to_owned));
    let bare = rows.first();
    let mut table = vec![head];
    for row in rows {
        let mut cells = vec![row.name.to_owned()];
        for (at, (_, figure)) in FIGURES.iter().enumerate() {
            // The bare function connects to nothing: its first poll is what connecting is compared with.
            let of = FIGURES[at.max(1)].1;
            let values: Vec<f64> = row.trials.iter().filter_map(figure).collect();
            cells.push(spread(&values));
            cells.push(ratio(
                median(values),
                bare.and_then(|bare| typical(bare, of)),
            ));
        }
        cells.push(row.status.to_string());
        cells.extend([row.size.plain, row.size.zipped].map(|bytes| format!("{:.2}", mega(bytes))));
        table.push(cells);
    }
    table
}

#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// A figure of a row that is held against an aim.
type Judged<'a> = &'a dyn Fn(&Row) -> Option<f64>;

/// A line for each aim: the greatest figure of all functions, and whether it meets the aim.
fn aims(rows: &[Row]) -> String {
    let bare = rows
        .first()
        .and_then(|row| typical(row, |trial| Some(trial.first_poll)));
    let connecting = |row: &Row| Some(typical(row, |trial| trial.connecting)? / bare?);
    let resident = |row: &Row| typical(row, |trial| Some(trial.resident));
    let zipped = |row: &Row| Some(mega(row.size.zipped));
    let figures: [(&str, Judged<'_>); 3] = [
        (
            "start to connecting over bare's start to first poll",
            &connecting,
        ),
        ("resident MB", &resident),
        ("zipped MB", &zipped),
    ];
    let mut text = String::new();
    for ((what, figure), aim) in figures.into_iter().zip(AIMS) {
        let greatest = rows
            .iter()
            .filter_map(|row| Some((figure(row)?, row.name)))
            .max_by(|(one, _), (other, _)| one.total_cmp(other));
        if let Some((value, name)) = greatest {
            let met = if value <= aim { "met" } else { "MISSED" };
            text += &format!("Aim {met}: {what}: {value:.2} ({name}), at most {aim:.1}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, connecting: Option<f64>, first_poll: f64, zipped: u64) -> Row {
        let trial = Trial {
            connecting,
            first_poll,
            first_request: 1.0,
            resident: 5.0,
        };
        Row {
            name,
            status: 200,
            trials: vec![trial],
            size: Size {
                plain: 5_000_000,
                zipped,
            },
        }
    }

    #[test]
    fn each_function_stands_beside_the_bare_one_and_the_greatest_is_held_against_the_aim() {
        let rows = [
            row(BARE, None, 2.0, 1_000_000),
            row("some", Some(3.0), 4.0, 2_300_000),
        ];
        let cells = cells(&rows);
        assert_eq!(cells[1][1..5], ["–", "–", "2.00 ± 0.00", "× 1.00"]);
        assert_eq!(
            cells[2][1..5],
            ["3.00 ± 0.00", "× 1.50", "4.00 ± 0.00", "× 2.00"]
        );
        assert_eq!(
            aims(&rows),
            "Aim MISSED: start to connecting over bare's start to first poll: 1.50 (some), at most 1.3\n\
             Aim met: resident MB: 5.00 (some), at most 6.5\n\
             Aim MISSED: zipped MB: 2.30 (some), at most 2.2\n"
        );
    }
}
