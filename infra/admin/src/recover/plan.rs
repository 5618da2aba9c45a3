//! The plan of a recovery, which is printed before anything is done.

use std::time::Duration;

use api::Timestamp;
use api::event::Event;
use api::tables::{self, API_KEYS, AUDIT, CONFIGURATION, DELIVERIES, INVITATIONS, SESSIONS, USERS};

use store::Copied;

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
            Source::At(at) => format!("{}-{}", self.stack, self.helper_of(*at)),
            Source::Table(table) => table.clone(),
        }
    }

    /// The table of a time, without the prefix of the deployment.
    pub(super) fn helper_of(&self, at: Timestamp) -> String {
        format!("{}-recover-{}", self.table, at.seconds())
    }

    /// Whether the table is looked over afterwards.
    pub(super) fn is_checked(&self) -> bool {
        !self.table.starts_with('_') || [USERS.name, SESSIONS.name].contains(&self.table.as_str())
    }

    /// The event that tells of the end of this recovery.
    pub(super) fn event(&self, copied: Copied) -> Event {
        let (to, source) = match &self.source {
            Source::At(at) => (Some(*at), None),
            Source::Table(table) => (None, Some(table.clone())),
        };
        Event::TableRecovered {
            table: self.table.clone(),
            to,
            source,
            put_back: copied.put_back,
            removed: copied.removed,
            left: copied.left,
        }
    }

    /// Refuses a table that no collection has, a source that the stack works with, and a time that DynamoDB cannot go back to.
    pub(super) fn check(
        &self,
        now: Timestamp,
        is_collection: &dyn Fn(&str) -> bool,
    ) -> Result<(), String> {
        if !self.table.starts_with('_') && !is_collection(&self.table) {
            return Err(format!(
                "this checkout has no collection {}: name the table without the stack, as `cargo admin status` does",
                self.table
            ));
        }
        let is_of_stack = |table: &str| {
            let prefix = format!("{}-", self.stack);
            let name = table.strip_prefix(&prefix);
            name.is_some_and(|it| is_collection(it) || tables::ALL.iter().any(|all| all.name == it))
        };
        match self.source {
            Source::At(at) if at >= now => Err(format!("{at} is not over yet")),
            Source::At(at) if at < now.before(WINDOW) => Err(format!(
                "{at} is more than 35 days ago, which is as far as point-in-time recovery goes; restore a backup of yours \
                 to a table and name it with --from"
            )),
            Source::Table(ref table) if *table == self.whole() => {
                Err(format!("{table} is the table itself"))
            }
            Source::Table(ref table) if is_of_stack(table) => Err(format!(
                "{table} is a table that the stack works with: name one that AWS has restored from a backup"
            )),
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
        if self.is_checked() {
            lines.push("- The table is checked, and what needs no choice is repaired.".to_owned());
        }
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
                &[
                    "Every session of a user ends whose sessions are put back, and every session that is removed.",
                ],
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
                &[
                    "Invitations that were accepted, rejected or revoked since can be accepted again, with their roles.",
                ],
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

    fn is_posts(name: &str) -> bool {
        name == "posts"
    }

    #[test]
    fn a_time_is_over_and_not_too_long_ago() {
        let day = Duration::from_secs(86_400);
        let check = |at: Timestamp| plan("posts", Source::At(at)).check(NOW, &is_posts);
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
    }

    #[test]
    fn the_table_is_of_the_stack_and_its_source_is_not() {
        let check = |table: &str, source: &str| {
            let plan = plan(table, Source::Table(source.to_owned()));
            plan.check(NOW, &is_posts)
        };
        for (table, source) in [
            ("posts", "posts-of-june"),
            ("posts", "shop-posts-recover-1780000000"),
            ("_users", "shop-_users-of-june"),
            ("_users", "other-posts"),
        ] {
            assert_eq!(check(table, source), Ok(()), "{table} {source}");
        }
        for (table, source, expected) in [
            ("posts", "shop-posts", "shop-posts is the table itself"),
            (
                "posts",
                "shop-_users",
                "shop-_users is a table that the stack works with",
            ),
            (
                "_users",
                "shop-posts",
                "shop-posts is a table that the stack works with",
            ),
            // Otherwise this would be a table of a stack of the name `shop-eu`.
            (
                "eu-posts",
                "kept",
                "this checkout has no collection eu-posts",
            ),
            (
                "shop-posts",
                "kept",
                "this checkout has no collection shop-posts",
            ),
        ] {
            let refusal = check(table, source).expect_err("a refusal");
            assert!(refusal.starts_with(expected), "{refusal}");
        }
    }

    #[test]
    fn the_end_tells_the_point_or_the_other_table_and_the_counts() {
        let copied = Copied {
            read: 9,
            put_back: 3,
            removed: 2,
            left: 1,
            signed_out: 4,
        };
        let told = |source: Source| plan("posts", source).event(copied);
        let recovered = |to: Option<Timestamp>, source: Option<&str>| Event::TableRecovered {
            table: "posts".to_owned(),
            to,
            source: source.map(ToOwned::to_owned),
            put_back: 3,
            removed: 2,
            left: 1,
        };
        assert_eq!(told(Source::At(NOW)), recovered(Some(NOW), None));
        let kept = Source::Table("kept".to_owned());
        assert_eq!(told(kept), recovered(None, Some("kept")));
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
        // Nothing looks over this table.
        assert!(
            !audit.contains("is checked") && users.contains("is checked"),
            "{audit}"
        );
        let kept = lines("posts", &Source::Table("kept".to_owned()));
        assert!(
            !kept.contains("AWS") && !kept.contains("kept is removed"),
            "{kept}"
        );
    }
}
