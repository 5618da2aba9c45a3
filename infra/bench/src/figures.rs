//! Medians, and how figures are written.

use std::time::Duration;

/// The middle of `values`; of an even number, the mean of the two in the middle. `None` without values.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        Some(upper)
    } else {
        Some(f64::midpoint(values[values.len() / 2 - 1], upper))
    }
}

/// Milliseconds.
pub(crate) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The median of `values` and half the distance of their quartiles, such as `1.23 ± 0.04`, or a dash.
pub(crate) fn spread(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let quartile = |part: usize| sorted.get(sorted.len().saturating_sub(1) * part / 4);
    match (median(sorted.clone()), quartile(1), quartile(3)) {
        (Some(median), Some(low), Some(high)) => format!("{median:.2} ± {:.2}", (high - low) / 2.0),
        _ => "–".to_owned(),
    }
}

/// `value` as a multiple of `of`, such as `× 1.4`, or a dash.
pub(crate) fn ratio(value: Option<f64>, of: Option<f64>) -> String {
    match (value, of) {
        (Some(value), Some(of)) if of > 0.0 => format!("× {:.2}", value / of),
        _ => "–".to_owned(),
    }
}

/// A table as Markdown has it, its columns as wide as their widest cell.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or(0).max(2))
        .collect();
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        for (column, width) in widths.iter().enumerate() {
            let cell = row.get(column).map_or("", String::as_str);
            let aligned = if column == 0 {
                format!("| {cell:<width$} ")
            } else {
                format!("| {cell:>width$} ")
            };
            text.push_str(&aligned);
        }
        text.push_str("|\n");
        if at == 0 {
            for (column, width) in widths.iter().enumerate() {
                let rule = "-".repeat(*width);
                text.push_str(&if column == 0 {
                    format!("|-{rule}-")
                } else {
                    format!("|-{rule}:")
                });
            }
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0, 4.0]), Some(3.0));
    }

    #[test]
    fn what_is_not_there_is_a_dash() {
        assert_eq!(spread(&[1.0, 2.0, 3.0, 4.0, 9.0]), "3.00 ± 1.00");
        assert_eq!(
            (
                spread(&[]),
                ratio(None, Some(1.0)),
                ratio(Some(1.0), Some(0.0))
            ),
            ("–".into(), "–".into(), "–".into())
        );
        assert_eq!(ratio(Some(3.0), Some(2.0)), "× 1.50");
    }

    #[test]
    fn a_table_is_aligned() {
        let rows = [
            vec!["name".to_owned(), "ms".to_owned()],
            vec!["a".to_owned(), "12.50".to_owned()],
        ];
        assert_eq!(
            table(&rows),
            "| name |    ms |\n|------|------:|\n| a    | 12.50 |\n"
        );
    }
}
