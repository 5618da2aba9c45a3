//! Users who go back: none of their sessions stands afterwards.

use api::tables::USERS;
use api::{Error, Timestamp};
use aws_sdk_dynamodb::types::AttributeValue;

use super::decision::{self, Act};
use super::table::{Kind, Recovery};
use crate::accounts::stamp::CHANGE;
use crate::accounts::users::VERSION;
use crate::fault;
use crate::item::{Item, number, text};
use crate::operator::check::{counted, said};
use crate::tables::Store;

impl Store {
    /// The fate of a user. One who is put back gets a version above every one that the user or a session has ever had.
    pub(super) async fn act_on_user(
        &self,
        recovery: &Recovery,
        then: &Item,
        there: Option<&Item>,
        now: Timestamp,
    ) -> Result<Act, Error> {
        let Act::PutBack(mut item) = decision::user(recovery, (then, there), now) else {
            return Ok(decision::user(recovery, (then, there), now));
        };
        let id = said(then, "id").unwrap_or_default();
        let versions = [Some(then), there].into_iter().flatten();
        let highest = versions.filter_map(|it| counted(it, VERSION)).max();
        let of_sessions = self.highest_version_of_sessions(id).await?;
        let version = highest.max(of_sessions).unwrap_or_default() + 1;
        item.insert(VERSION.to_owned(), number(version));
        item.insert(CHANGE.to_owned(), recovery.stamp());
        Ok(Act::PutBack(item))
    }

    async fn highest_version_of_sessions(&self, user: String) -> Result<Option<u64>, Error> {
        let (mut from, mut highest) = (None, None);
        loop {
            let query = self
                .client
                .query()
                .table_name(self.sessions())
                .key_condition_expression("#user = :user")
                .projection_expression("#version")
                .expression_attribute_names("#user", "user_id")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":user", text(&user))
                .consistent_read(true)
                .set_exclusive_start_key(from);
            let output = query.send().await.map_err(|error| fault::of(&error))?;
            let items = output.items.unwrap_or_default();
            let versions = items.iter().filter_map(|it| counted(it, VERSION));
            highest = highest.max(versions.max());
            from = output.last_evaluated_key;
            if from.is_none() {
                return Ok(highest);
            }
        }
    }

    /// The user to whom an item of `_users` belongs, as the stack has the user. Before anything is written, the user of the
    /// point stands for one who is not there yet.
    pub(super) async fn owner_of(
        &self,
        recovery: &Recovery,
        item: &Item,
        writes: bool,
    ) -> Result<Option<Item>, Error> {
        let (Kind::Users, Some(AttributeValue::S(owner))) = (recovery.kind, item.get("user_id"))
        else {
            return Ok(None);
        };
        let key = || vec![Item::from([("id".to_owned(), text(owner))])];
        let mut found = self.items_in(&self.table(USERS.name), key()).await?;
        if found.is_empty() && !writes {
            found = self.items_in(&recovery.helper, key()).await?;
        }
        Ok(found.pop())
    }
}
