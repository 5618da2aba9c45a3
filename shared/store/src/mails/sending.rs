//! The reads and the marks of the function that sends mails.

use std::collections::HashMap;

use api::{Error, Id, Timestamp};
use auth::User;
use auth::proof::{Account, Place, Posted, State};
use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{STATE, is_of, read_posted};
use crate::accounts::users::{identity_key, read_user};
use crate::batch::strong;
use crate::item::{Item, id, number, text};
use crate::tables::Store;

/// A mail and the accounts that it concerns.
#[derive(Debug)]
pub struct Reading {
    /// The proof as it is now; `None` where it was used up or withdrawn.
    pub posted: Option<Posted>,
    /// The account that has the address, also a deleted one that can be brought back.
    pub holder: Option<User>,
    /// The user who has asked.
    pub asker: Option<User>,
}

impl Store {
    /// Reads all that the decision about a mail needs: the proof beside the identity of its address, then the users. Strongly
    /// consistent: 2 RRU, and 1 for each user.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn read_mail(
        &self,
        place: Place,
        address: &str,
        asker: Option<Id>,
        now: Timestamp,
    ) -> Result<Reading, Error> {
        let key = |key: String| Item::from([("id".to_owned(), text(key))]);
        let first = HashMap::from([
            (self.mail(), strong(vec![key(place.to_string())])?),
            (self.users(), strong(vec![key(identity_key(address))])?),
        ]);
        let mut found = self.batch(first).await?;
        let mut take = |table: String| found.remove(&table).and_then(|mut items| items.pop());
        let posted = take(self.mail()).filter(|item| is_of(place, item));
        let posted = posted.map(|item| read_posted(place, item)).transpose()?;
        let holder = match take(self.users())
            .as_ref()
            .and_then(|item| item.get("user_id"))
        {
            Some(AttributeValue::S(user)) => user.parse::<Id>().ok(),
            _ => None,
        };
        let users = self.some_users(holder.into_iter().chain(asker)).await?;
        let of = |wanted: Option<Id>| {
            let mut users = users.iter();
            users.find(|user| Some(user.id) == wanted).cloned()
        };
        let is_there = |user: &User| {
            let is_final = |deletion: auth::user::Deletion| deletion.is_final(now);
            user.email.as_deref() == Some(address) && !user.deleted.is_some_and(is_final)
        };
        Ok(Reading {
            posted,
            holder: of(holder).filter(is_there),
            asker: of(asker),
        })
    }

    /// Reads users by their ids, each once.
    pub(super) async fn some_users(
        &self,
        wanted: impl Iterator<Item = Id>,
    ) -> Result<Vec<User>, Error> {
        let mut ids: Vec<Id> = wanted.collect();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys = ids
            .into_iter()
            .map(|user| Item::from([("id".to_owned(), id(user))]));
        let wanted = HashMap::from([(self.users(), strong(keys.collect())?)]);
        let found = self.batch(wanted).await?.into_values().flatten();
        found
            .filter_map(|item| read_user(item).transpose())
            .collect()
    }

    /// Marks a mail as being sent, for this account, on condition that nobody has changed the proof; `false` otherwise. The
    /// mark comes before the mail, since a quick reader would else be refused. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn mark_sending(
        &self,
        posted: &Posted,
        account: Option<Account>,
        is_void: bool,
    ) -> Result<bool, Error> {
        let mut set = "SET #state = :sending, #void = :void".to_owned();
        let mut update = self
            .proof_update(posted.ticket.place)
            .expression_attribute_names("#state", STATE)
            .expression_attribute_names("#void", "void")
            .expression_attribute_names("#nonce", "nonce")
            .expression_attribute_values(":sending", text(State::Sending.as_str()))
            .expression_attribute_values(":due", text(State::Due.as_str()))
            .expression_attribute_values(":void", AttributeValue::Bool(is_void))
            .expression_attribute_values(":nonce", text(&posted.ticket.nonce));
        if let Some(account) = account {
            set.push_str(", #user = :user, #version = :version");
            update = update
                .expression_attribute_names("#user", "user_id")
                .expression_attribute_names("#version", "auth_version")
                .expression_attribute_values(":user", id(account.user))
                .expression_attribute_values(":version", number(account.auth_version));
        }
        let update = update.update_expression(set).condition_expression(
            "#purpose = :purpose AND #nonce = :nonce AND (#state = :due OR #state = :sending)",
        );
        Ok(self.changed(posted.ticket.place, update).await?.is_some())
    }

    /// Marks a mail as sent or dropped that was in the state `from`, unless the proof has changed or is due again. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn mark_done(&self, posted: &Posted, from: State, to: State) -> Result<(), Error> {
        let update = self
            .proof_update(posted.ticket.place)
            .update_expression("SET #state = :state")
            .condition_expression("#purpose = :purpose AND #nonce = :nonce AND #state = :expected")
            .expression_attribute_names("#state", STATE)
            .expression_attribute_names("#nonce", "nonce")
            .expression_attribute_values(":state", text(to.as_str()))
            .expression_attribute_values(":expected", text(from.as_str()))
            .expression_attribute_values(":nonce", text(&posted.ticket.nonce));
        self.changed(posted.ticket.place, update).await.map(|_| ())
    }
}
