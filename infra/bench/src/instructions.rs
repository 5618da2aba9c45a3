//! The instructions of a start and of a warm request.

use serde_json::Value;

use crate::callgrind::{self, Watched};
use crate::case::{BARE, BARE_READ, CASES, Case, GET};
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

/// How often a start or the requests are counted anew when they are disturbed.
const TRIES: usize = 20;

fn counted(world: &World, case: &Case) -> Result<Counted, String> {
    let name = case.function(&(case.event)(world, 0)?)?;
    let hashes = api::endpoints::PAGE
        .iter()
        .any(|entry| entry.name == name && entry.hashes);
    let watched = Watched {
        name,
        variables: &[],
        label: case.name,
    };
    let start = undisturbed(name, || watched.start(world))?;
    let warm = |watched: &Watched<'_>| {
        undisturbed(name, || {
            let events = (0..BEFORE + COUNTED).map(|n| (case.event)(world, n));
            let events: Vec<Value> = events.collect::<Result<_, _>>()?;
            Ok(typical(&watched.requests(world, (&events, case.status))?))
        })
    };
    let once = warm(&watched)?;
    if !hashes {
        return Ok(Counted { start, warm: once });
    }
    // A hash twice as dear shows its share, which is then taken away.
    let twice = warm(&Watched {
        variables: &TWICE,
        label: &format!("{}-twice", case.name),
        ..watched
    })?;
    Ok(Counted {
        start,
        warm: (2 * once).saturating_sub(twice),
    })
}

/// Does it again until DynamoDB has answered in time.
fn undisturbed(name: &str, count: impl Fn() -> Result<Option<u64>, String>) -> Result<u64, String> {
    for _ in 0..TRIES {
        if let Some(count) = count()? {
            return Ok(count);
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
    table(&[head].into_iter().chain(rows).collect::<Vec<_>>()) + &share(counted)
}

/// The aim of a warm read beside the SDK's share, in multiples of the bare function's.
const AIM: f64 = 2.0;

/// The SDK's share of a read, and the rest beside the bare function.
fn share(counted: &[(&'static str, Counted)]) -> String {
    let warm = |name: &str| {
        let case = counted.iter().find(|(case, _)| *case == name);
        case.map_or(0, |(_, counted)| counted.warm)
    };
    let (bare, get) = (warm(BARE), warm(GET));
    let sdk = warm(BARE_READ).saturating_sub(bare);
    let rest = get.saturating_sub(sdk);
    #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
    let ratio = rest as f64 / bare.max(1) as f64;
    let met = if ratio <= AIM { "met" } else { "MISSED" };
    format!(
        "\nAim {met}: `{GET}` without the SDK's share ({} of {} thousand) over bare: {ratio:.2}, at most {AIM:.1}\n",
        thousands(sdk),
        thousands(get)
    )
}

fn thousands(count: u64) -> String {
    format!("{}", (count + 500) / 1000)
}
