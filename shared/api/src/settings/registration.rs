//! The limits on accounts that people make for themselves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The limits on accounts that people make for themselves. Accounts that an admin, a secret key or an import makes are not bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Registration {
    /// Whether anybody may.
    pub enabled: bool,
    /// The domains whose addresses may, such as `example.com`, without their subdomains; empty for every domain.
    pub domains: Vec<String>,
    /// The domains whose addresses may not, with all of their subdomains.
    pub blocked_domains: Vec<String>,
}

impl Registration {
    /// Whether a normalised address may make an account.
    #[must_use]
    pub fn permits(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        let is_under = |blocked: &String| {
            domain
                .strip_suffix(blocked.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.enabled
            && (self.domains.is_empty() || self.domains.iter().any(|allowed| allowed == domain))
            && !self.blocked_domains.iter().any(is_under)
    }
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            enabled: true,
            domains: Vec::new(),
            blocked_domains: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_judged_by_its_domain() {
        let some = |enabled, domains: &[&str], blocked: &[&str]| Registration {
            enabled,
            domains: domains.iter().map(ToString::to_string).collect(),
            blocked_domains: blocked.iter().map(ToString::to_string).collect(),
        };
        for (rule, email, permitted) in [
            (some(true, &[], &[]), "a@example.com", true),
            (some(false, &[], &[]), "a@example.com", false),
            (some(false, &["example.com"], &[]), "a@example.com", false),
            (some(true, &["example.com"], &[]), "a@example.com", true),
            (
                some(true, &["example.com"], &[]),
                "a@mail.example.com",
                false,
            ),
            (some(true, &["example.com"], &[]), "a@badexample.com", false),
            (
                some(true, &["example.com"], &[]),
                "example.com@evil.test",
                false,
            ),
            (some(true, &[], &["example.com"]), "a@example.com", false),
            (
                some(true, &[], &["example.com"]),
                "a@x.mail.example.com",
                false,
            ),
            (some(true, &[], &["example.com"]), "a@badexample.com", true),
            (
                some(true, &[], &["example.com"]),
                "a@example.com.test",
                true,
            ),
            (some(true, &["a.test"], &["a.test"]), "a@a.test", false),
        ] {
            assert_eq!(rule.permits(email), permitted, "{rule:?} {email}");
        }
    }
}
