//! The one form of numbers.

/// Returns the one form in which a JSON number is stored and shown, so that a caller reads what was written. It has no
/// trailing zeros, plain digits up to 38 places and an exponent beyond. `None` outside DynamoDB's range.
#[must_use]
pub fn canonical(number: &str) -> Option<String> {
    if is_plain(number) {
        return Some(number.to_owned());
    }
    let (negative, unsigned) = number
        .strip_prefix('-')
        .map_or((false, number), |rest| (true, rest));
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0').trim_end_matches('0');
    if digits.is_empty() {
        return Some("0".to_owned());
    }
    let dropped = all.len() - all.trim_end_matches('0').len();
    // The value is 0.digits x 10^point.
    let scale = exponent
        .checked_sub(i32::try_from(fraction.len()).ok()?)?
        .checked_add(i32::try_from(dropped).ok()?)?;
    let length = i32::try_from(digits.len()).ok()?;
    let point = scale.checked_add(length)?;
    if length > 38 || !(-129..=126).contains(&point) {
        return None;
    }
    let sign = if negative { "-" } else { "" };
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    Some(match point {
        p if !(-20..=38).contains(&p) => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            format!("{sign}{first}{dot}{rest}e{}", p - 1)
        }
        p if p <= 0 => format!("{sign}0.{}{digits}", zeros(-p)),
        p if p >= length => format!("{sign}{digits}{}", zeros(p - length)),
        p => {
            let (whole, fraction) = digits.split_at(usize::try_from(p).unwrap_or(0));
            format!("{sign}{whole}.{fraction}")
        }
    })
}

/// The most digits of a number that is recognised at a glance.
const PLAIN: usize = 20;

/// Whether a number has its one form already, as nearly every stored one has. `false` also for those that are rare.
fn is_plain(number: &str) -> bool {
    let unsigned = number.strip_prefix('-').unwrap_or(number);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let are_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_short = whole.len() == 1 || !whole.starts_with('0');
    let is_whole = match fraction {
        Some(fraction) => are_digits(fraction) && !fraction.ends_with('0'),
        None => number != "-0",
    };
    unsigned.len() <= PLAIN && are_digits(whole) && is_short && is_whole
}

/// Whether a canonical number has no fraction.
pub(crate) fn is_integer(canonical: &str) -> bool {
    !canonical.contains(['.', 'e'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        for (text, expected) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("0e999999999", "0"),
            ("1", "1"),
            ("1.50", "1.5"),
            ("100", "100"),
            ("1e2", "100"),
            ("-12.5E-1", "-1.25"),
            ("0.001", "0.001"),
            ("1e37", "10000000000000000000000000000000000000"),
            ("1e125", "1e125"),
            ("9.9e125", "9.9e125"),
            ("1e-130", "1e-130"),
            ("12e-40", "1.2e-39"),
            (
                "12345678901234567890123456789012345678",
                "12345678901234567890123456789012345678",
            ),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(expected), "{text}");
            assert_eq!(
                canonical(expected).as_deref(),
                Some(expected),
                "{expected} again"
            );
        }
        for text in ["-0", "00", "01", "-01", "1.0", "0.0", "-0.0", "0.10"] {
            assert!(!is_plain(text), "{text}");
        }
        for text in [
            "0",
            "-1",
            "7",
            "100",
            "-100",
            "0.1",
            "-0.05",
            "1.5",
            "10.01",
            "0.000000000000000001",
            "99999999999999999999",
        ] {
            assert!(is_plain(text), "{text}");
            // The same number takes the long way with an exponent.
            let long = format!("{text}e0");
            assert_eq!(canonical(&long).as_deref(), Some(text), "{text}");
        }
        for text in [
            "1e126",
            "1e-131",
            "123456789012345678901234567890123456789",
            "1e99999999999",
            "1e2147483647",
        ] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
