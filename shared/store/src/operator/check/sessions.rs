//! `_sessions`: sessions whose user is gone.

use std::collections::{BTreeSet, HashSet};

use api::tables::{SESSIONS, USERS};
use api::{Error, Id, Timestamp};

use super::{Checked, Finding, Place, Repair, is_over, named, said};
use crate::accounts::users::read_user;
use crate::item::{Item, text};
use crate::tables::Store;

impl Store {
    /// Looks over a page of `_sessions`: the table once, and each user once a page. A session of a user who was removed opens
    /// nothing and expires, so it is harmless.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn check_sessions(
        &self,
        from: Option<Place>,
        now: Timestamp,
    ) -> Result<Checked, Error> {
        let scan = self.client.scan().table_name(self.sessions());
        let (items, next) = self.checked_page(scan, from).await?;
        let users: BTreeSet<String> = items.iter().filter_map(|it| said(it, "user_id")).collect();
        let keys = users.into_iter();
        let keys = keys.map(|key| Item::from([("id".to_owned(), text(key))]));
        // A session begins with its user or after, so a user who is not there now is gone.
        let there = self.read_all(USERS.name, keys.collect()).await?;
        let there: HashSet<String> = there
            .into_iter()
            .filter(|user| !matches!(read_user(user.clone()), Ok(None)))
            .filter_map(|user| said(&user, "id"))
            .collect();
        let stands = |it: &&Item| !it.contains_key("revoked_at") && !is_over(it, now);
        let findings = items
            .iter()
            .filter(stands)
            .filter_map(|item| judge(item, &there));
        Ok(Checked {
            findings: findings.collect(),
            read: items.len() as u64,
            admins: 0,
            next,
        })
    }
}

/// The finding where the user of a session is not among those who are there.
fn judge(item: &Item, there: &HashSet<String>) -> Option<Finding> {
    let owner = said(item, "user_id").unwrap_or_default();
    if there.contains(&owner) {
        return None;
    }
    let session = said(item, "id").unwrap_or_default();
    let what = "has no user: it opens nothing, and expires";
    let finding = Finding::new(SESSIONS.name, format!("{owner}/{session}"), what);
    let finding = match (owner.parse::<Id>().ok(), named(item, "id")) {
        (Some(owner), Some(session)) => finding.repaired_by(Repair::End(owner, session)),
        _ => finding,
    };
    Some(Finding {
        is_harmless: true,
        ..finding
    })
}
