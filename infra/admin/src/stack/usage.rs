//! `cargo admin usage`: units, invocations and money of the last days, by table and by endpoint.

use clap::Args;
use infra::prices::{FILE, Prices};
use serde::Deserialize;

use super::{Place, ask};
use crate::printable::printable;
use crate::root;

/// The days that are counted.
#[derive(Args)]
pub(crate) struct Arguments {
    /// How many days back to count.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=455))]
    days: u32,
}

/// The sums that CloudWatch tells.
#[derive(Debug, Default, Deserialize)]
struct Usage {
    tables: Vec<Table>,
    functions: Vec<Function>,
    /// The requests to the HTTP API.
    #[serde(default)]
    requests: f64,
    #[serde(default)]
    log_bytes: f64,
}

/// A table with its indexes.
#[derive(Debug, Deserialize)]
struct Table {
    name: String,
    /// Read and write units.
    read: f64,
    write: f64,
}

#[derive(Debug, Deserialize)]
struct Function {
    name: String,
    invocations: f64,
    milliseconds: f64,
    /// In MB.
    memory: f64,
}

/// A row of a report: a name, two numbers, and dollars.
struct Row {
    name: String,
    counts: [f64; 2],
    dollars: f64,
}

/// Asks CloudWatch, and reports the sums with their list prices.
pub(crate) fn run(place: &Place, arguments: &Arguments) -> Result<String, String> {
    let Place::Deployed(stack, region) = place else {
        return Err(
            "AWS counts usage, and the local stack has none: name a stack with --stack".to_owned(),
        );
    };
    let prices = Prices::of(&root())?;
    let days = arguments.days.to_string();
    let usage: Usage = ask("usage", (stack, region), &[&days])?;
    let report = report(&usage, &prices, &format!("{stack}-"))?;
    Ok(format!(
        "The last {days} days of {stack} in {region}, at the list prices of {FILE}, which has their date. Storage, free tiers \
         and taxes are not in it.\n\n{report}"
    ))
}

fn report(usage: &Usage, prices: &Prices, prefix: &str) -> Result<String, String> {
    let short = |name: &str| printable(name.strip_prefix(prefix).unwrap_or(name));
    let millionth = |name: &str| prices.get(name).map(|price| price / 1e6);
    let (read, write) = (
        millionth("read-units-million")?,
        millionth("write-units-million")?,
    );
    let tables = usage.tables.iter().map(|table| Row {
        name: short(&table.name),
        counts: [table.read, table.write],
        dollars: table.read * read + table.write * write,
    });
    let tables: Vec<Row> = tables.collect();
    let (call, second) = (
        millionth("lambda-million")?,
        prices.get("lambda-gb-second")?,
    );
    let functions = usage.functions.iter().map(|function| {
        let seconds = function.milliseconds / 1e3;
        let memory = function.memory / 1024.0;
        Row {
            name: short(&function.name),
            counts: [function.invocations, seconds],
            dollars: function.invocations * call + seconds * memory * second,
        }
    });
    let functions: Vec<Row> = functions.collect();
    let requests = usage.requests * millionth("gateway-million")?;
    let logs = usage.log_bytes / 1e9 * prices.get("logs-gb")?;
    let others = vec![
        Row {
            name: "requests to the API".to_owned(),
            counts: [usage.requests, 0.0],
            dollars: requests,
        },
        Row {
            name: "megabytes of logs".to_owned(),
            counts: [usage.log_bytes / 1e6, 0.0],
            dollars: logs,
        },
    ];
    let all = tables.iter().chain(&functions).chain(&others);
    let total: f64 = all.map(|row| row.dollars).sum();
    Ok(format!(
        "{}\n{}\n{}\nIn all {total:.2} $.",
        section(["table", "read units", "write units"], tables),
        section(["endpoint or worker", "invocations", "seconds"], functions),
        section(["other", "", ""], others)
    ))
}

/// The rows under their heads, the dearest first. Rows without any use are counted in one.
fn section(heads: [&str; 3], mut rows: Vec<Row>) -> String {
    let all = rows.len();
    rows.retain(|row| row.counts.iter().any(|count| *count > 0.0));
    let idle = all - rows.len();
    rows.sort_by(|one, other| {
        let dearest = other.dollars.total_cmp(&one.dollars);
        dearest.then_with(|| one.name.cmp(&other.name))
    });
    let [name, first, second] = heads;
    let mut lines = vec![format!("{name:<30}{first:>14}{second:>14}{:>10}", "$")];
    lines.extend(rows.iter().map(|row| {
        let [first, second] = row.counts;
        let second = if heads[2].is_empty() {
            String::new()
        } else {
            format!("{second:.0}")
        };
        format!(
            "{:<30}{first:>14.0}{second:>14}{:>10.2}",
            row.name, row.dollars
        )
    }));
    if idle > 0 {
        lines.push(format!("{idle} without any use"));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_invocations_become_money_by_table_and_by_endpoint() {
        let text = include_str!("../../../bench/prices.txt");
        let prices = Prices::read(text).expect("prices");
        let usage = serde_json::from_str::<Usage>(
            r#"{ "tables": [{ "name": "shop-_users", "read": 8000000, "write": 2000000 },
                            { "name": "shop-posts", "read": 0, "write": 0 }],
                 "functions": [{ "name": "shop-login", "invocations": 1000000, "milliseconds": 100000000, "memory": 1024 },
                               { "name": "shop-health", "invocations": 0.0, "milliseconds": 0.0, "memory": 256 }],
                 "requests": 1000000, "log_bytes": 2000000000 }"#,
        );
        let report = report(&usage.expect("usage"), &prices, "shop-").expect("a report");
        let words: Vec<Vec<&str>> = report
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        // 8 × 0.125 + 2 × 0.625
        assert_eq!(words[1], ["_users", "8000000", "2000000", "2.25"]);
        assert_eq!(words[2], ["1", "without", "any", "use"]);
        // 0.20 + 100,000 GB-seconds × 0.0000166667
        assert_eq!(words[5], ["login", "1000000", "100000", "1.87"]);
        assert!(report.contains("\n1 without any use\n"), "{report}");
        let others = [
            &["requests", "to", "the", "API", "1000000", "1.00"][..],
            &["megabytes", "of", "logs", "2000", "1.00"],
        ];
        for row in others {
            assert!(words.iter().any(|words| words == row), "{report}");
        }
        assert!(report.ends_with("In all 6.12 $."), "{report}");
    }

    #[test]
    fn the_local_stack_has_no_usage() {
        let refused = run(&Place::Local, &Arguments { days: 30 });
        assert!(refused.is_err_and(|line| line.contains("--stack")));
    }
}
