//! The signing secret of the settings.

/// Secrets that the documentation shows: any reader could sign tokens with them.
const SAMPLES: [&str; 2] = ["change-me-in-production", "dev-only-change-me"];

/// A key of HMAC-SHA256 is as long as its output (RFC 7518, section 3.2).
const MIN_SECRET: usize = 32;

/// The problem of a signing secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretProblem {
    /// It stands in the documentation; fit for a developer's machine alone.
    Sample,
    /// It has fewer than 32 bytes.
    Short,
}

/// Judges a signing secret.
///
/// # Errors
/// The problem; [`SecretProblem::Sample`] is a warning on a developer's machine and fatal in the cloud.
pub fn check_secret(secret: &str) -> Result<(), SecretProblem> {
    match secret {
        sample if SAMPLES.contains(&sample) => Err(SecretProblem::Sample),
        short if short.len() < MIN_SECRET => Err(SecretProblem::Short),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_and_not_a_sample() {
        assert_eq!(check_secret(&"x".repeat(32)), Ok(()));
        assert_eq!(check_secret(&"x".repeat(31)), Err(SecretProblem::Short));
        assert_eq!(check_secret(""), Err(SecretProblem::Short));
        for sample in SAMPLES {
            assert_eq!(check_secret(sample), Err(SecretProblem::Sample));
        }
    }
}
