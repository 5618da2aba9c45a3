//! The number of acting admins against the users.

use std::collections::BTreeSet;

use api::tables::USERS;
use api::{Error, Id};
use auth::User;
use auth::user::ADMIN;

use super::{Finding, LOOKS, Repair, counted};
use crate::accounts::admins::ADMINS;
use crate::accounts::users::read_user;
use crate::item::text;
use crate::tables::Store;

/// The most admins whose number is repaired: its write looks at each again, and a transaction takes 100 items.
const MOST: usize = 99;

impl Store {
    /// Compares the number of acting admins with the users, of whom `seen` were counted by pages. Where they differ, it
    /// reads the whole table again, twice, until the number and the admins stay the same meanwhile.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn check_admins(&self, seen: u64) -> Result<Option<Finding>, Error> {
        if self.number_of_admins().await?.unwrap_or_default() == seen {
            return Ok(None);
        }
        for _ in 0..LOOKS {
            let before = self.number_of_admins().await?;
            let admins = self.acting_admins().await?;
            // A number that came back hides an admin who was made and one who was unmade during the first look.
            let again = self.acting_admins().await?;
            let after = self.number_of_admins().await?;
            if is_settled([before, after], [&admins, &again]) {
                return Ok(judge(before, admins));
            }
        }
        Err(Error::unavailable("the admins keep changing"))
    }

    /// The number of acting admins as the table has it.
    pub(super) async fn number_of_admins(&self) -> Result<Option<u64>, Error> {
        let item = self.users_item(ADMINS.to_owned()).await?;
        Ok(item.and_then(|item| counted(&item, "count")))
    }

    async fn acting_admins(&self) -> Result<Vec<Id>, Error> {
        let (mut from, mut admins) = (None, Vec::new());
        loop {
            let scan = self
                .client
                .scan()
                .table_name(self.users())
                .filter_expression("#role = :admin")
                .expression_attribute_names("#role", "role")
                .expression_attribute_values(":admin", text(ADMIN));
            let (items, next) = self.checked_page(scan, from).await?;
            let users = items.into_iter().filter_map(|it| read_user(it).ok()?);
            admins.extend(users.filter(User::is_acting_admin).map(|user| user.id));
            from = next;
            if from.is_none() {
                return Ok(admins);
            }
        }
    }
}

/// Whether two looks have found the same number and the same admins, in whatever order.
fn is_settled(numbers: [Option<u64>; 2], admins: [&[Id]; 2]) -> bool {
    let [before, after] = numbers;
    let [one, other] = admins.map(|it| it.iter().collect::<BTreeSet<_>>());
    before == after && one == other
}

/// The finding where the number is another than that of the admins. There is none where there has never been an admin.
fn judge(number: Option<u64>, admins: Vec<Id>) -> Option<Finding> {
    let there = admins.len() as u64;
    let what = match number {
        None if there == 0 => return None,
        None => format!(
            "is missing, and there are {there} admins: the bootstrap address could make another"
        ),
        Some(number) if number == there => return None,
        Some(number) => format!("says {number}, and there are {there} admins"),
    };
    let finding = Finding::new(USERS.name, ADMINS, what);
    // The write of the number has its admins as its condition, so none and too many are left to the operator.
    if (1..=MOST).contains(&admins.len()) {
        return Some(finding.repaired_by(Repair::Count(number, admins)));
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use api::Timestamp;

    use super::*;

    #[test]
    fn a_number_is_wrong_where_it_is_missing_or_another() {
        let admin = Id::new(Timestamp::from_millis(1), [1; 10]);
        let said = |number, admins: &[Id]| judge(number, admins.to_vec()).map(|it| it.what);
        assert_eq!(said(None, &[]), None);
        assert_eq!(said(Some(0), &[]), None);
        assert_eq!(said(Some(1), &[admin]), None);
        let missing =
            "is missing, and there are 1 admins: the bootstrap address could make another";
        assert_eq!(said(None, &[admin]).as_deref(), Some(missing));
        let other = "says 2, and there are 1 admins";
        assert_eq!(said(Some(2), &[admin]).as_deref(), Some(other));
        let none = "says 1, and there are 0 admins";
        assert_eq!(said(Some(1), &[]).as_deref(), Some(none));
    }

    #[test]
    fn a_number_is_repaired_where_its_write_can_look_at_every_admin() {
        let admins = |count: u8| (0..count).map(|n| Id::new(Timestamp::from_millis(1), [n; 10]));
        let repairs = |count: u8| {
            let finding = judge(Some(200), admins(count).collect()).expect("a finding");
            finding.is_repairable()
        };
        assert_eq!([0, 1, 99, 100].map(repairs), [false, true, true, false]);
    }

    #[test]
    fn admins_are_settled_when_two_looks_have_found_the_same() {
        let [one, other] = [1, 2].map(|n| Id::new(Timestamp::from_millis(1), [n; 10]));
        let numbers = [Some(1), Some(1)];
        assert!(is_settled(numbers, [&[one, other], &[other, one]]));
        // One was made and another unmade meanwhile: the number is as before.
        assert!(!is_settled(numbers, [&[one], &[other]]));
        assert!(!is_settled([Some(1), Some(2)], [&[one], &[one]]));
    }
}
