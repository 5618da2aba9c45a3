//! The list prices of `infra/bench/prices.txt`, which is dated.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The file, from the root.
pub const FILE: &str = "infra/bench/prices.txt";

/// Prices by name, in US dollars.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices(BTreeMap<String, f64>);

impl Prices {
    /// Reads the file of a checkout.
    ///
    /// # Errors
    /// One line: the file cannot be read, or a line of it is no price.
    pub fn of(root: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(root.join(FILE));
        Self::read(&text.map_err(|error| format!("Cannot read {FILE}: {error}"))?)
    }

    /// Reads `name value` lines with comments after `#`.
    ///
    /// # Errors
    /// One line: which line is no price.
    pub fn read(text: &str) -> Result<Self, String> {
        let lines = text.lines().filter_map(|line| {
            let line = line.split('#').next().unwrap_or_default().trim();
            (!line.is_empty()).then_some(line)
        });
        let prices = lines.map(|line| {
            line.split_once(' ')
                .and_then(|(name, value)| Some((name.to_owned(), value.trim().parse().ok()?)))
                .ok_or_else(|| format!("{FILE}: this line is no price: {line}"))
        });
        prices.collect::<Result<_, _>>().map(Self)
    }

    /// The price of this name.
    ///
    /// # Errors
    /// One line: there is none.
    pub fn get(&self, name: &str) -> Result<f64, String> {
        let price = self.0.get(name).copied();
        price.ok_or_else(|| format!("{FILE} has no {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_and_a_number_or_a_comment() {
        let prices = Prices::read("# a\n\nlogs-gb   0.50 # b\n").expect("prices");
        assert_eq!(prices.get("logs-gb"), Ok(0.5));
        let missing = format!("{FILE} has no lambda");
        assert_eq!(prices.get("lambda"), Err(missing));
        for line in ["logs-gb", "logs-gb much"] {
            let refused = format!("{FILE}: this line is no price: {line}");
            assert_eq!(Prices::read(line), Err(refused));
        }
    }
}
