//! The instructions of a start and of a warm request.

use serde_json::Value;

use crate::callgrind;
use crate::case::{CASES, Case};
use crate::figures::table;
use crate::world::World;

/// How many requests go before those that are counted: what is done once is done then.
const BEFORE: usize = 4;

/// How many requests are counted.
const COUNTED: usize = 16;

/// The instructions of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    /// From the start of the process to asking for the first event.
    pub(crate) start: u64,
    /// A request, from event to answer, on average.
    pub(crate) warm: u64,
}

/// The variables of a hash that costs twice as much.
const TWICE: [(&str, &str); 1] = [("BAKEND_AUTH_BCRYPT_COST", "5")];

/// Counts every case.
///
/// # Errors
/// One line: there is no valgrind, or a function does not answer.
pub(crate) fn count(world: &World) -> Result<Vec<(&'static str, Counted)>, String> {
    callgrind::version()?;
    CASES
        .iter()
        .map(|case| Ok((case.name, counted(world, case)?)))
        .collect()
}

fn counted(world: &World, case: &Case) -> Result<Counted, String> {
    let name = case.function(&(case.event)(world, 0)?)?;
    let hashes = api::endpoints::PAGE
        .iter()
        .any(|entry| entry.name == name && entry.hashes);
    let start = callgrind::count(world, name, &[], (&format!("{}-0", case.name), &[], 0))?;
    let once = warm(world, case, name, &[])?;
    // A hash twice as dear shows its share, which is then taken away.
    let warm = if hashes {
        2 * once - warm(world, case, name, &TWICE)?.min(2 * once)
    } else {
        once
    };
    Ok(Counted { start, warm })
}

/// The instructions of a warm request: the difference of two runs, by the number of their requests.
fn warm(world: &World, case: &Case, name: &str, variables: &[(&str, &str)]) -> Result<u64, String> {
    let run = |requests: usize| {
        let events: Vec<Value> = (0..requests)
            .map(|n| (case.event)(world, n))
            .collect::<Result<_, _>>()?;
        let label = format!("{}-{requests}", case.name);
        callgrind::count(world, name, variables, (&label, &events, case.status))
    };
    let (few, many) = (run(BEFORE)?, run(BEFORE + COUNTED)?);
    Ok(many.saturating_sub(few) / COUNTED as u64)
}

/// The table of what was counted, beside the first.
pub(crate) fn report(counted: &[(&'static str, Counted)]) -> String {
    let head = [
        "thousands of instructions",
        "start",
        "of bare",
        "warm request",
        "of bare",
    ];
    let bare = counted.first().map(|(_, counted)| *counted);
    let rows = counted.iter().map(|(name, counted)| {
        let ratio = |of: fn(&Counted) -> u64| {
            #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
            let ratio = |bare: &Counted| of(counted) as f64 / of(bare) as f64;
            bare.as_ref()
                .map_or_else(String::new, |bare| format!("× {:.2}", ratio(bare)))
        };
        vec![
            (*name).to_owned(),
            thousands(counted.start),
            ratio(|it| it.start),
            thousands(counted.warm),
            ratio(|it| it.warm),
        ]
    });
    let head = head.map(str::to_owned).to_vec();
    table(&[head].into_iter().chain(rows).collect::<Vec<_>>())
}

fn thousands(count: u64) -> String {
    format!("{}", (count + 500) / 1000)
}
