//! Random cases for property tests.

use serde_json::{Value, json};

/// A source of cases: xorshift, so that its seed reproduces a failure.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 11).expect("53 bits") % end
    }

    pub(crate) fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn digits(&mut self, most: usize) -> String {
        (0..=self.below(most))
            .map(|_| char::from(b'0' + self.next().to_le_bytes()[3] % 10))
            .collect()
    }

    /// A JSON number that DynamoDB can hold, and its value: its sign and its digits at 10^-200.
    pub(crate) fn number(&mut self) -> (String, (i8, String)) {
        let digits = if self.below(4) == 0 {
            self.one(&["0", "1", "10", "5"]).to_owned()
        } else {
            self.digits(38)
        };
        let digits = if digits.trim_start_matches('0').is_empty() {
            "0"
        } else {
            digits.trim_start_matches('0')
        };
        let exponent = if self.below(3) == 0 {
            self.below(200) as i32 - 110
        } else {
            self.below(7) as i32 - 3
        };
        let exponent = exponent.clamp(-130, 126 - digits.len() as i32);
        let negative = self.below(2) == 0;
        let sign = if negative { "-" } else { "" };
        // The value in one of several spellings.
        let text = match self.below(3) {
            0 => format!("{sign}{digits}e{exponent}"),
            1 => format!("{sign}{digits}.000E{exponent:+}"),
            _ if exponent < 0 && digits.len() > exponent.unsigned_abs() as usize => {
                let (whole, fraction) =
                    digits.split_at(digits.len() - exponent.unsigned_abs() as usize);
                format!("{sign}{whole}.{fraction}")
            }
            _ if digits == "0" => format!("{sign}0.0"),
            _ => format!("{sign}{digits}0e{}", exponent - 1),
        };
        if digits == "0" {
            return (text, (0, String::new()));
        }
        let scaled = format!(
            "{digits}{}",
            "0".repeat(usize::try_from(exponent + 200).expect("positive"))
        );
        (text, (if negative { -1 } else { 1 }, scaled))
    }

    pub(crate) fn scalar(&mut self) -> Option<Value> {
        Some(match self.below(8) {
            0 => return None,
            1 => json!(self.below(2) == 0),
            2..=4 => serde_json::from_str(&self.number().0).expect("a number"),
            5 => json!([1]),
            _ => json!(self.one(&["", "a", "A", "é", "b", "ab", "\u{10ffff}", "\u{ffff}"])),
        })
    }
}
