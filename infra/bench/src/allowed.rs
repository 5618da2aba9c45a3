//! The allowed values: a text file of a line each, `<kind> <name> <value>`, with comments after `#`.

use std::fmt::Write as _;

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Instructions of a start.
    Start,
    /// Instructions of a warm request.
    Warm,
    /// Bytes of a binary.
    File,
    /// Bytes of a zipped binary.
    Zipped,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Start, Self::Warm, Self::File, Self::Zipped];

    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Warm => "warm",
            Self::File => "file",
            Self::Zipped => "zipped",
        }
    }

    /// How far a value may be from the allowed one, in hundredths of it.
    fn tolerance(self) -> u64 {
        match self {
            Self::Start | Self::Warm => 3,
            Self::File | Self::Zipped => 1,
        }
    }
}

/// A value, allowed or measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) value: u64,
}

/// Reads the file.
///
/// # Errors
/// The line that is not understood.
pub(crate) fn read(text: &str) -> Result<Vec<Value>, String> {
    let mut values: Vec<Value> = Vec::new();
    for line in text.lines() {
        let content = line.split('#').next().unwrap_or_default().trim();
        if content.is_empty() {
            continue;
        }
        let words: Vec<&str> = content.split_whitespace().collect();
        let value = match words.as_slice() {
            [kind, name, value] => Kind::ALL
                .into_iter()
                .find(|known| known.word() == *kind)
                .zip(value.parse().ok())
                .map(|(kind, value)| Value {
                    kind,
                    name: (*name).to_owned(),
                    value,
                }),
            _ => None,
        };
        let value = value.ok_or_else(|| format!("this line is no value: {line}"))?;
        if values.iter().any(|it| same(it, &value)) {
            return Err(format!("this value is there twice: {line}"));
        }
        values.push(value);
    }
    Ok(values)
}

/// Writes values as the file has them.
pub(crate) fn write(values: &[Value]) -> String {
    let mut text = String::new();
    for value in values {
        let _ = writeln!(
            text,
            "{:<6} {:<20} {:>9}",
            value.kind.word(),
            value.name,
            value.value
        );
    }
    text
}

/// A line for each measured value that is not allowed, and for each allowed one that was not measured.
pub(crate) fn compare(allowed: &[Value], measured: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    for value in measured {
        let what = format!("{} {}", value.kind.word(), value.name);
        match allowed.iter().find(|it| same(it, value)) {
            None => wrong.push(format!("{what}: {} is not in the file", value.value)),
            Some(it)
                if value.value.abs_diff(it.value) * 100 > it.value * value.kind.tolerance() =>
            {
                #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
                let percent = value.value as f64 / it.value as f64 * 100.0 - 100.0;
                wrong.push(format!(
                    "{what}: {} instead of {} ({percent:+.1} %, {} % are allowed)",
                    value.value,
                    it.value,
                    value.kind.tolerance()
                ));
            }
            Some(_) => {}
        }
    }
    let gone = allowed
        .iter()
        .filter(|it| !measured.iter().any(|value| same(it, value)));
    wrong.extend(gone.map(|it| format!("{} {}: is no more", it.kind.word(), it.name)));
    wrong
}

fn same(one: &Value, other: &Value) -> bool {
    (one.kind, &one.name) == (other.kind, &other.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_written() {
        let text = "# why\nstart bare 540000 # since then\n\nzipped bare 1000000\n";
        let values = read(text).unwrap();
        assert_eq!(read(&write(&values)).unwrap(), values);
        assert_eq!(values[0].kind, Kind::Start);
        for bad in [
            "start bare",
            "start bare x",
            "begin bare 1",
            "warm a 1\nwarm a 2",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn more_and_less_than_allowed_are_wrong_and_so_is_a_missing_line() {
        let held = |allowed: &str, measured: &str| {
            compare(&read(allowed).unwrap(), &read(measured).unwrap())
        };
        for (allowed, measured, expected) in [
            ("start a 1000", "start a 1030", vec![]),
            ("start a 1000", "start a 970", vec![]),
            (
                "start a 1000",
                "start a 1031",
                vec!["start a: 1031 instead of 1000 (+3.1 %, 3 % are allowed)"],
            ),
            (
                "zipped a 1000",
                "zipped a 989",
                vec!["zipped a: 989 instead of 1000 (-1.1 %, 1 % are allowed)"],
            ),
            ("", "file a 1", vec!["file a: 1 is not in the file"]),
            ("file a 1", "", vec!["file a: is no more"]),
        ] {
            assert_eq!(held(allowed, measured), expected, "{measured}");
        }
    }
}
