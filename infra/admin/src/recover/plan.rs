//! The plan of a recovery, which is printed before anything is done.

use std::time::Duration;

use api::Timestamp;
use api::tables::{API_KEYS, AUDIT, CONFIGURATION, DELIVERIES, INVITATIONS, SESSIONS, USERS};

/// How far back DynamoDB can go.
const WINDOW: Duration = Duration::from_secs(35 * 86_400);

/// The source of the items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The table as it was at this time, by point-in-time recovery.
    At(Timestamp),
    /// A table that is there, by its whole name.
    Table(String),
}

/// A recovery that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The table, without the prefix of the deployment.
    pub(super) table: String,
    /// The deployment's name, such as `bakend`.
    pub(super) stack: String,
    pub(super) source: Source,
}

impl Plan {
    /// The table's whole name.
    pub(super) fn whole(&self) -> String {
        format!("{}-{}", self.stack, self.table)
    }

    /// The table with the items of the point. A repeated run finds the one of before.
    pub(super) fn helper(&self) -> String {
        match &self.source {
            Source::At(at) => format!("{}-recover-{}", self.whole(), at.seconds()),
            Source::Table(table) => table.clone(),
        }
    }

    /// Refuses a time that DynamoDB cannot go back to.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), String> {
        match self.source {
            Source::At(at) if at >= now => Err(format!("{at} is not over yet")),
            Source::At(at) if at < now.before(WINDOW) => Err(format!(
                "{at} is more than 35 days ago, which is as far as point-in-time recovery goes; restore a backup of yours \
                 to a table and name it with --from"
            )),
            Source::Table(ref table) if *table == self.whole() => {
                Err(format!("{table} is the table itself"))
            }
            _ => Ok(()),
        }
    }

    /// The plan, line by line.
    pub(super) fn lines(&self) -> Vec<String> {
        let (whole, helper) = (self.whole(), self.helper());
        let mut lines = match &self.source {
            Source::At(at) => vec![
                format!("{whole} goes back to {at}:"),
                format!(
                    "- AWS makes the table {helper} by point-in-time recovery, or it is there from an earlier run. That takes \
                     from minutes to hours, and is billed by the gigabyte."
                ),
            ],
            Source::Table(_) => vec![format!("{whole} goes back to what {helper} holds:")],
        };
        lines.push("- Items that differ or are gone are put back.".to_owned());
        if self.table != AUDIT.name {
            lines.push(format!("- Items that {helper} does not have are removed."));
        }
        lines.push(format!(
            "- Items that were written since {helper} was made are left alone."
        ));
        lines.extend(self.warnings().iter().map(|line| format!("- {line}")));
        if let Source::At(_) = self.source {
            lines.push(
                "- TTL, recovery and protection are set as the template has them.".to_owned(),
            );
        }
        lines.push("- The table is checked, and what needs no choice is repaired.".to_owned());
        if let Source::At(_) = self.source {
            lines.push(format!("- {helper} is removed."));
        }
        lines
    }

    /// The consequences that an operator has to know.
    fn warnings(&self) -> &'static [&'static str] {
        let all: [(&str, &[&str]); 6] = [
            (
                USERS.name,
                &[
                    "Every session of a user who goes back ends.",
                    "Accounts disabled or deleted since are on again; admins demoted since are admins again.",
                    "A password, a passkey and a second factor that were removed since are good again.",
                ],
            ),
            (
                SESSIONS.name,
                &["Every session of a user ends whose sessions are put back."],
            ),
            (
                API_KEYS.name,
                &["API keys that were revoked or rotated since are good again: revoke them anew."],
            ),
            (
                CONFIGURATION.name,
                &["Secrets of providers are those of the time."],
            ),
            (
                DELIVERIES.name,
                &["Webhooks alone go back, with their secrets of the time; queues and logs stay."],
            ),
            (
                INVITATIONS.name,
                &["Invitations that were revoked since can be accepted again."],
            ),
        ];
        let found = all.iter().find(|(name, _)| *name == self.table);
        found.map_or(&[], |(_, lines)| lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn plan(table: &str, source: Source) -> Plan {
        Plan {
            table: table.to_owned(),
            stack: "shop".to_owned(),
            source,
        }
    }

    #[test]
    fn a_time_is_over_and_not_too_long_ago() {
        let day = Duration::from_secs(86_400);
        let check = |at: Timestamp| plan("posts", Source::At(at)).check(NOW);
        assert_eq!(check(NOW.before(day)), Ok(()));
        assert_eq!(check(NOW.before(day * 35)), Ok(()));
        for (at, expected) in [
            (NOW, "is not over yet"),
            (NOW.after(day), "is not over yet"),
            (NOW.before(day * 36), "is more than 35 days ago"),
        ] {
            let refusal = check(at).expect_err("a refusal");
            assert!(refusal.contains(expected), "{refusal}");
        }
        let own = plan("posts", Source::Table("shop-posts".to_owned()));
        let refusal = "shop-posts is the table itself".to_owned();
        assert_eq!(own.check(NOW), Err(refusal));
    }

    #[test]
    fn the_helper_of_a_time_is_the_same_in_every_run_and_no_table_of_the_stack() {
        let at = Timestamp::from_millis(1_780_000_000_999);
        let helper = plan("_users", Source::At(at)).helper();
        assert_eq!(helper, "shop-_users-recover-1780000000");
        let given = plan("_users", Source::Table("kept".to_owned())).helper();
        assert_eq!(given, "kept");
    }

    #[test]
    fn a_plan_says_what_is_done_and_what_is_dangerous() {
        let at = Source::At(Timestamp::from_millis(1_780_000_000_000));
        let lines = |table: &str, source: &Source| plan(table, source.clone()).lines().join("\n");
        let users = lines("_users", &at);
        for part in [
            "shop-_users goes back to 2026-05-28T20:26:40",
            "AWS makes the table shop-_users-recover-1780000000",
            "Every session of a user who goes back ends.",
            "- Accounts disabled or deleted since are on again; admins demoted since are admins again.",
            "shop-_users-recover-1780000000 is removed.",
        ] {
            assert!(users.contains(part), "{users}");
        }
        let audit = lines("_audit", &at);
        assert!(!audit.contains("does not have are removed"), "{audit}");
        let kept = lines("posts", &Source::Table("kept".to_owned()));
        assert!(
            !kept.contains("AWS") && !kept.contains("kept is removed"),
            "{kept}"
        );
    }
}
