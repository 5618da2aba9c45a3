//! The instructions of a start and of a warm request.

use serde_json::Value;

use crate::callgrind;
use crate::case::{CASES, Case};
use crate::figures::table;
use crate::world::World;

/// How many requests go before those that are counted: what is done once is done then.
const BEFORE: usize = 2;

/// How many requests are counted.
const COUNTED: usize = 5;

/// The instructions of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    /// From the start of the process to asking for the first event.
    pub(crate) start: u64,
    /// A request, from its event to asking for the next; the median.
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

/// How many requests at least are not disturbed.
const CLEAN: usize = 3;

/// How often a case is counted anew when it is disturbed.
const TRIES: usize = 8;

fn counted(world: &World, case: &Case) -> Result<Counted, String> {
    let name = case.function(&(case.event)(world, 0)?)?;
    let hashes = api::endpoints::PAGE
        .iter()
        .any(|entry| entry.name == name && entry.hashes);
    let once = counted_with(world, case, name, &[])?;
    if !hashes {
        return Ok(once);
    }
    // A hash twice as dear shows its share, which is then taken away.
    let twice = counted_with(world, case, name, &TWICE)?;
    Ok(Counted {
        start: once.start,
        warm: (2 * once.warm).saturating_sub(twice.warm),
    })
}

/// The instructions of a case in such an environment, while DynamoDB answers in time.
fn counted_with(
    world: &World,
    case: &Case,
    name: &str,
    variables: &[(&str, &str)],
) -> Result<Counted, String> {
    let values = variables.iter().map(|(_, value)| *value);
    let label = [case.name].into_iter().chain(values).collect::<Vec<_>>();
    let label = label.join("-");
    let (mut start, mut warm) = (None, None);
    for _ in 0..TRIES {
        // A start alone is quick to do again.
        let requests = if warm.is_none() { BEFORE + COUNTED } else { 0 };
        let events = (0..requests).map(|n| (case.event)(world, n));
        let events: Vec<Value> = events.collect::<Result<_, _>>()?;
        let run = callgrind::count(world, name, variables, (&label, &events, case.status))?;
        start = start.or(run.start);
        warm = warm.or_else(|| typical(&run.requests));
        if let Some((start, warm)) = start.zip(warm) {
            return Ok(Counted { start, warm });
        }
    }
    Err(format!(
        "{name} under valgrind waits for DynamoDB longer than the SDK does: this machine is too busy"
    ))
}

/// The median of the warm requests, if enough of them are undisturbed.
fn typical(requests: &[Option<u64>]) -> Option<u64> {
    let warm = requests.get(BEFORE..).unwrap_or_default();
    let mut warm: Vec<u64> = warm.iter().copied().flatten().collect();
    warm.sort_unstable();
    warm.get(warm.len() / 2)
        .copied()
        .filter(|_| warm.len() >= CLEAN)
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
