//! The distribution in front of the API: the secret by which a function recognises its requests.

use std::fmt::{self, Debug, Formatter};

use crate::settings::Problem;

/// The secrets that a request of the distribution may show: one, or two during a rotation.
#[derive(Clone, PartialEq, Eq)]
pub struct Front(Vec<String>);

impl Front {
    /// The variable that holds the secrets, with a comma between.
    pub const VARIABLE: &str = "BAKEND_FRONT_SECRET";

    /// The header in which the distribution shows the secret.
    pub const SECRET_HEADER: &str = "x-bakend-front";

    /// The header in which the distribution names the source address of a request.
    pub const SOURCE_HEADER: &str = "x-bakend-source";

    /// Reads the variable's text.
    ///
    /// # Errors
    /// A secret that could be guessed, or that no header can hold.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let fits = |secret: &str| {
            (32..=128).contains(&secret.len())
                && secret
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        };
        let secrets: Vec<String> = text.split(',').map(ToOwned::to_owned).collect();
        if secrets.len() <= 2 && secrets.iter().all(|secret| fits(secret)) {
            return Ok(Self(secrets));
        }
        Err(Problem {
            path: Self::VARIABLE.to_owned(),
            reason: "must be 32 to 128 letters, digits, `_` or `-`, or two such secrets with a comma between"
                .to_owned(),
        })
    }

    /// The secrets.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl Debug for Front {
    /// Leaves out the secrets.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Front").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_and_fits_into_a_header() {
        let (a, b) = ("a".repeat(32), "B-_9".repeat(32));
        for (text, count) in [(a.clone(), 1), (format!("{a},{b}"), 2)] {
            let front = Front::parse(&text).expect("valid");
            assert_eq!(front.secrets().count(), count);
            assert!(!format!("{front:?}").contains(&a));
        }
        let long = "c".repeat(129);
        for text in [
            "",
            ",",
            "short",
            &long,
            &format!("{a},"),
            &format!("{a},{a},{a}"),
            &format!("{a} "),
        ] {
            let problem = Front::parse(text).expect_err("refused").to_string();
            assert!(
                problem.starts_with("BAKEND_FRONT_SECRET") && !problem.contains(&a),
                "{problem}"
            );
        }
    }
}
