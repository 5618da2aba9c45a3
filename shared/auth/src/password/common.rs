//! The most frequent passwords, which are the first that anybody tries.

use std::cmp::Ordering;

/// The 5,000 most frequent passwords of 8 characters or more, one a line, sorted by bytes. `common.md` names their
/// origin.
const LIST: &str = include_str!("common.txt");

/// Whether a password is common, as typed or in lower case.
pub(super) fn is_common(password: &str) -> bool {
    is_listed(password) || is_listed(&password.to_lowercase())
}

/// Searches the text itself: a cold start prepares nothing.
fn is_listed(word: &str) -> bool {
    let (mut from, mut to) = (0, LIST.len());
    while from < to {
        let middle = usize::midpoint(from, to);
        let before = LIST.get(..middle).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let rest = LIST.get(start..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        match line.cmp(word) {
            Ordering::Equal => return true,
            Ordering::Less => from = start + line.len() + 1,
            Ordering::Greater => to = start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_list_is_sorted_long_enough_and_in_lower_case() {
        let words: Vec<&str> = LIST.lines().collect();
        assert_eq!(words.len(), 5000);
        assert!(words.is_sorted_by(|a, b| a < b));
        for word in words {
            assert!(word.is_ascii() && word.len() >= 8, "{word}");
            assert_eq!(word, word.to_lowercase());
        }
    }

    #[test]
    fn every_word_of_the_list_is_found_and_nothing_beside_it() {
        let words: HashSet<&str> = LIST.lines().collect();
        for word in LIST.lines() {
            assert!(is_common(word), "{word}");
            assert!(is_common(&word.to_uppercase()), "{word}");
            for other in [format!("{word}~"), format!(" {word}"), word[1..].to_owned()] {
                let expected = words.contains(other.as_str());
                assert_eq!(is_common(&other), expected, "{other}");
            }
        }
        for other in [
            "",
            "\n",
            "password\n",
            "ääääääää",
            "~~~~~~~~~",
            "\u{10ffff}",
        ] {
            assert!(!is_common(other), "{other:?}");
        }
    }
}
