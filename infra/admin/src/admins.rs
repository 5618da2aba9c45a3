//! `cargo admin admins`: the accounts with the role of an admin.

use api::Id;
use api::query::Listing;
use auth::User;
use auth::user::ADMIN;
use store::Store;

use crate::user::name_of;
use crate::words;

/// How many admins one look takes at most.
const PAGE: usize = 100;

/// A line for each admin, the newest first, and how many of them act.
pub(crate) async fn run(store: &Store) -> Result<String, String> {
    let asked = Listing {
        limit: PAGE,
        cursor: None,
        search: None,
        role: Some(ADMIN.to_owned()),
    };
    let (mut all, mut after): (Vec<User>, Option<Id>) = (Vec::new(), None);
    loop {
        let page = store.list_users(&asked, after, &[]).await;
        let page = page.map_err(|error| words(&error))?;
        after = page.next;
        all.extend(page.users);
        if after.is_none() {
            return Ok(list(&all));
        }
    }
}

fn list(admins: &[User]) -> String {
    let line = |user: &User| {
        let state = match (user.disabled, user.deleted) {
            (_, Some(_)) => ", deleted",
            (true, None) => ", disabled",
            (false, None) => "",
        };
        let factor = match (user.mfa, user.passkeys()) {
            (None, 0) => ", without a second factor",
            _ => "",
        };
        let since = user.created_at;
        format!("{} {}, made {since}{state}{factor}", user.id, name_of(user))
    };
    let acting = admins.iter().filter(|user| user.is_acting_admin()).count();
    let sum = match acting {
        0 => "No admin acts; make one with `cargo admin promote`.".to_owned(),
        1 => "1 admin acts; have two, so that one can help the other.".to_owned(),
        many => format!("{many} admins act."),
    };
    let lines = admins.iter().map(line).chain([sum]);
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use api::Timestamp;

    use super::*;

    #[test]
    fn every_admin_has_a_line_and_those_who_act_are_counted() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let id = |n: u8| Id::new(now, [n; 10]);
        let admin = |n: u8| User::new(id(n), format!("{n}@example.com"), true, now);
        let off = User {
            disabled: true,
            mfa: Some(now),
            ..admin(2)
        };
        let expected = format!(
            "{} 1@example.com, made {now}, without a second factor\n{} 2@example.com, made {now}, disabled\n\
             1 admin acts; have two, so that one can help the other.",
            id(1),
            id(2)
        );
        assert_eq!(list(&[admin(1), off]), expected);
        assert!(list(&[]).starts_with("No admin acts"));
    }
}
