//! Dollars: a million requests of each endpoint, and the accounts of a month beside other services.

use std::collections::BTreeMap;
use std::fs;

use api::endpoints::{Entry, PAGE, Route, route};
use infra::prices::{FILE, Prices};

use crate::figures::table;

/// The document with the ledger.
const LEDGER: &str = "docs/performance.md";

/// The active users of a month.
const USERS: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// How often a user logs in and refreshes a month.
const DEEDS: [(&str, f64); 2] = [("/api/auth/login", 4.0), ("/api/auth/refresh", 120.0)];

/// The hops, the read units and the write units of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cost {
    hops: f64,
    read: f64,
    write: f64,
}

/// Both tables.
///
/// # Errors
/// One line: the prices or the ledger cannot be read.
pub(crate) fn report() -> Result<String, String> {
    let prices = Prices::of(&local::root())?;
    let text = fs::read_to_string(local::root().join(LEDGER));
    let ledger = ledger(&text.map_err(|error| format!("Cannot read {LEDGER}: {error}"))?);
    let million = |entry: &Entry| -> Result<Option<f64>, String> {
        let cost = ledger.get(entry.name);
        cost.map(|cost| dollars(&prices, *cost, entry.hashes))
            .transpose()
    };
    let mut each = vec![["a million requests", "$"].map(str::to_owned).to_vec()];
    for entry in PAGE {
        let shown = million(entry)?.map_or_else(|| "–".to_owned(), |it| format!("{it:.2}"));
        each.push(vec![entry.name.to_owned(), shown]);
    }
    let mut user = 0.0;
    for (path, times) in DEEDS {
        let entry = PAGE
            .iter()
            .find(|entry| route(PAGE, "POST", path, |_| true) == Route::To(entry.name));
        let entry = entry.ok_or_else(|| format!("no endpoint answers {path}"))?;
        user += times * million(entry)?.unwrap_or_default() / 1e6;
    }
    let head = [
        "$ a month, active users",
        "here",
        "Cognito",
        "Identity Platform",
        "Supabase",
    ];
    let mut months = vec![head.map(str::to_owned).to_vec()];
    for users in USERS {
        let all = [user * f64::from(users)]
            .into_iter()
            .chain(others(&prices, f64::from(users))?);
        let cells = all.map(|dollars| format!("{dollars:.2}"));
        months.push([users.to_string()].into_iter().chain(cells).collect());
    }
    Ok(format!(
        "Dollars by {FILE}, of the first line of each endpoint in the ledger; 4 logins and 120 refreshes a user.\n\n{}\n{}",
        table(&each),
        table(&months)
    ))
}

/// The first line of each endpoint in the ledger.
fn ledger(text: &str) -> BTreeMap<String, Cost> {
    let mut costs = BTreeMap::new();
    let rows = text.split("<!-- ledger:").nth(1).unwrap_or_default();
    for row in rows.lines() {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let number = |at: usize| cells.get(at).and_then(|cell| cell.parse().ok());
        if let (Some(name), Some(hops), Some(read), Some(write)) =
            (cells.get(1), number(4), number(5), number(6))
        {
            costs
                .entry((*name).to_owned())
                .or_insert(Cost { hops, read, write });
        }
    }
    costs
}

/// The dollars of a million requests.
fn dollars(prices: &Prices, cost: Cost, hashes: bool) -> Result<f64, String> {
    let price = |name: &str| prices.get(name);
    let (memory, hash) = if hashes {
        (price("hash-memory-gb")?, price("hash-ms")?)
    } else {
        (price("memory-gb")?, 0.0)
    };
    let ms = price("hop-ms")? * cost.hops + price("work-ms")? + hash;
    Ok(price("gateway-million")?
        + price("lambda-million")?
        + price("lambda-gb-second")? * memory * ms * 1e3
        + price("read-units-million")? * cost.read
        + price("write-units-million")? * cost.write
        + price("logs-gb")? * price("log-bytes")? / 1e3)
}

/// The dollars of a month at Cognito, Identity Platform and Supabase.
fn others(prices: &Prices, users: f64) -> Result<[f64; 3], String> {
    let price = |name: &str| prices.get(name);
    let beyond = |free: f64| (users - free).max(0.0);
    let more = price("identity-more")?;
    Ok([
        beyond(price("cognito-free")?) * price("cognito-user")?,
        (beyond(price("identity-free")?) - beyond(more)) * price("identity-user")?
            + beyond(more) * price("identity-user-more")?,
        price("supabase-month")? + beyond(price("supabase-free")?) * price("supabase-user")?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_an_endpoint_counts() {
        let text = "<!-- ledger: x -->\n| Endpoint | V | R | Hops | RRU | WRU | D |\n|---|---|---|--:|--:|--:|---|\n\
                    | some | right | Get → Put | 2 | 0.5 | 4 | d |\n| some | wrong | none | 0 | 0 | 0 | d |\n";
        let cost = Cost {
            hops: 2.0,
            read: 0.5,
            write: 4.0,
        };
        assert_eq!(ledger(text), BTreeMap::from([("some".to_owned(), cost)]));
    }

    #[test]
    fn every_price_that_is_asked_for_is_in_the_file() {
        let prices = Prices::read(include_str!("../prices.txt")).unwrap();
        let cost = Cost {
            hops: 1.0,
            read: 2.0,
            write: 4.0,
        };
        // 1.00 + 0.20 + 0.0000166667 * 0.25 * 10 * 1000 + 0.25 + 2.50 + 0.20
        assert!((dollars(&prices, cost, false).unwrap() - 4.191_666_75).abs() < 1e-9);
        assert_eq!(others(&prices, 1_000.0).unwrap(), [0.0, 0.0, 25.0]);
        let [cognito, identity, supabase] = others(&prices, 1e6).unwrap();
        assert!((cognito - 14_850.0).abs() < 1e-6);
        assert!((identity - (275.0 + 4_140.0)).abs() < 1e-6);
        assert!((supabase - 2_950.0).abs() < 1e-6);
    }
}
