//! The cost of an operation at each size of its collection, held against its aim.

use local::proxy::Call;

/// How far the dearest size may be above the cheapest.
const AIM: f64 = 1.05;

/// The requests of one operation to DynamoDB, and their units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cost {
    pub(super) requests: usize,
    pub(super) units: f64,
}

/// The bound of an operation's cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Aim {
    /// The same at every size.
    Same,
    /// At most so many requests and units, at every size.
    AtMost(usize, f64),
}

/// A row of the report: an operation, its aim, and its cost at each size.
pub(super) type Row = (&'static str, Aim, Vec<Cost>);

impl Cost {
    pub(super) fn of(calls: &[Call]) -> Self {
        let units = calls
            .iter()
            .map(|call| call.read + call.write)
            .fold(0.0, |sum, units| sum + units);
        Self {
            requests: calls.len(),
            units,
        }
    }
}

/// How far apart the costs are, or the bound, and whether that will do.
pub(super) fn verdict(aim: Aim, costs: &[Cost]) -> (String, bool) {
    match aim {
        Aim::Same => {
            let spread = |of: fn(&Cost) -> f64| {
                let (least, most) = costs
                    .iter()
                    .map(of)
                    .fold((f64::MAX, 0.0_f64), |(l, m), v| (l.min(v), m.max(v)));
                if most > 0.0 { most / least } else { 1.0 }
            };
            #[expect(clippy::cast_precision_loss, reason = "a handful of requests")]
            let ratio = spread(|cost| cost.requests as f64).max(spread(|cost| cost.units));
            (format!("× {ratio:.2}"), ratio <= AIM)
        }
        Aim::AtMost(requests, units) => {
            let met = costs
                .iter()
                .all(|cost| cost.requests <= requests && cost.units <= units);
            (format!("at most {requests} / {units}"), met)
        }
    }
}

pub(super) fn cells(sizes: &[u64], rows: &[Row]) -> Vec<Vec<String>> {
    let mut head = vec!["requests / units".to_owned()];
    head.extend(sizes.iter().map(ToString::to_string));
    head.extend(["aim", ""].map(str::to_owned));
    let row = |(name, aim, costs): &Row| {
        let mut row = vec![(*name).to_owned()];
        row.extend(
            costs
                .iter()
                .map(|cost| format!("{} / {}", cost.requests, cost.units)),
        );
        let (aim, met) = verdict(*aim, costs);
        row.extend([aim, if met { "met" } else { "MISSED" }.to_owned()]);
        row
    };
    [head].into_iter().chain(rows.iter().map(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(requests: usize, units: f64) -> Cost {
        Cost { requests, units }
    }

    #[test]
    fn what_grows_with_the_collection_is_missed() {
        for (aim, costs, expected) in [
            (
                Aim::Same,
                vec![cost(2, 4.0), cost(2, 4.0)],
                ("× 1.00", true),
            ),
            (
                Aim::Same,
                vec![cost(2, 4.0), cost(2, 4.5)],
                ("× 1.12", false),
            ),
            (
                Aim::Same,
                vec![cost(2, 4.0), cost(3, 4.0)],
                ("× 1.50", false),
            ),
            (Aim::Same, vec![cost(0, 0.0)], ("× 1.00", true)),
            (
                Aim::AtMost(4, 288.0),
                vec![cost(1, 4.0), cost(4, 256.0)],
                ("at most 4 / 288", true),
            ),
            (
                Aim::AtMost(4, 288.0),
                vec![cost(5, 4.0)],
                ("at most 4 / 288", false),
            ),
        ] {
            assert_eq!(
                verdict(aim, &costs),
                (expected.0.to_owned(), expected.1),
                "{costs:?}"
            );
        }
    }
}
