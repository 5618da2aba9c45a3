//! Proofs: asked for, repeated, tried and used up.

use api::settings::Auth;
use api::tables::MAIL;
use api::{Error, Timestamp};
use auth::User;
use auth::proof::{Account, Ends, Place, Posted, Purpose, Random, State, Ticket, Wishes};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{Delete, Put, ReturnValue, TransactWriteItem};

use super::item::{ASKED, STATE, expires_at, is_of, posted_item, read_posted};
use crate::fault;
use crate::fault::built;
use crate::item::{Item, number, text, time};
use crate::tables::Store;

impl Store {
    pub(crate) fn mail(&self) -> String {
        self.table(MAIL.name)
    }

    /// Keeps a proof, whose mail is due from then on; it takes the place of the one before it. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn post(&self, posted: &Posted) -> Result<(), Error> {
        let put = self.client.put_item().table_name(self.mail());
        let put = put.set_item(Some(posted_item(posted))).send().await;
        put.map(|_| ()).map_err(|error| fault::of(&error))
    }

    /// The same as a part of a transaction.
    pub(crate) fn posting(&self, posted: &Posted) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(self.mail())
            .set_item(Some(posted_item(posted)));
        let put = put.build().map_err(built)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// A mail by which a user sets a password that an admin does not know. It is kept with the change of the account.
    ///
    /// # Errors
    /// `auth/email-not-verified` without an address; `common/unavailable` while there is no sealing key, `common/internal`.
    pub async fn mail_for_password(
        &self,
        user: &User,
        wishes: Wishes,
        random: Random,
        at: (&Auth, Timestamp),
    ) -> Result<Posted, Error> {
        let keys = self.sealing_keys(std::iter::empty()).await?;
        let place = Place::of_user(Purpose::PasswordReset, user.id);
        let posted = Posted::new(&keys, place, user.need_email()?, wishes, random, at)?;
        Ok(posted.of(Account::of(user)))
    }

    /// Makes the mail of a proof due again, if it was last asked for at `before` or earlier. It is the same mail while its code
    /// lives, and later one with a new nonce and new ends. Returns the proof; `None` where there is none to
    /// repeat. 1 WRU while the code lives, else another.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn repeat(
        &self,
        place: Place,
        (nonce, ends): &(String, Ends),
        before: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Posted>, Error> {
        let same = self
            .changing(place, before, now)
            .update_expression("SET #state = :due, #asked = :now")
            .condition_expression("#purpose = :purpose AND #code > :now AND #asked <= :before")
            .expression_attribute_names("#code", "code_until");
        if let Some(posted) = self.changed(place, same).await? {
            return Ok(Some(posted));
        }
        let anew = self
            .changing(place, before, now)
            .update_expression(
                "SET #state = :due, #asked = :now, #nonce = :nonce, #code = :code, #link = :link, #tries = :none, #expires = :expires",
            )
            .condition_expression("#purpose = :purpose AND #code <= :now AND #asked <= :before")
            .expression_attribute_names("#code", "code_until")
            .expression_attribute_names("#link", "valid_until")
            .expression_attribute_names("#nonce", "nonce")
            .expression_attribute_names("#tries", "tries")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_values(":nonce", text(nonce))
            .expression_attribute_values(":code", time(ends.code))
            .expression_attribute_values(":link", time(ends.link))
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":expires", expires_at(ends.link));
        self.changed(place, anew).await
    }

    /// An update of a proof that makes its mail due.
    fn changing(&self, place: Place, before: Timestamp, now: Timestamp) -> UpdateItemFluentBuilder {
        self.proof_update(place)
            .expression_attribute_names("#state", STATE)
            .expression_attribute_names("#asked", ASKED)
            .expression_attribute_values(":before", time(before))
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":due", text(State::Due.as_str()))
    }

    /// Counts a try of the code, on condition that there are some left; returns the proof. 1 WRU, whatever is found.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn try_code(
        &self,
        place: Place,
        most: u32,
        now: Timestamp,
    ) -> Result<Option<Posted>, Error> {
        let update = self
            .proof_update(place)
            .update_expression("SET #tries = #tries + :one")
            .condition_expression("#purpose = :purpose AND #code > :now AND #tries < :most")
            .expression_attribute_names("#tries", "tries")
            .expression_attribute_names("#code", "code_until")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(most))
            .expression_attribute_values(":now", time(now));
        self.changed(place, update).await
    }

    /// Reads a proof. Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn proof(&self, place: Place) -> Result<Option<Posted>, Error> {
        let get = self.client.get_item().table_name(self.mail());
        let get = get.key("id", text(place.to_string())).consistent_read(true);
        let found = get.send().await.map_err(|error| fault::of(&error))?.item;
        let found = found.filter(|item| is_of(place, item));
        found.map(|item| read_posted(place, item)).transpose()
    }

    /// Removes a proof, whatever its nonce. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn withdraw(&self, place: Place) -> Result<(), Error> {
        let delete = self.client.delete_item().table_name(self.mail());
        let delete = delete.key("id", text(place.to_string())).send().await;
        delete.map(|_| ()).map_err(|error| fault::of(&error))
    }

    /// Uses a proof up, as a part of the transaction of its effect: of several uses at once one wins.
    pub(crate) fn using_up(&self, ticket: &Ticket) -> Result<TransactWriteItem, Error> {
        let delete = Delete::builder()
            .table_name(self.mail())
            .key("id", text(ticket.place.to_string()))
            .condition_expression("#nonce = :nonce")
            .expression_attribute_names("#nonce", "nonce")
            .expression_attribute_values(":nonce", text(&ticket.nonce));
        let delete = delete.build().map_err(built)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// An update of a proof, without its expressions.
    pub(super) fn proof_update(&self, place: Place) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(self.mail())
            .key("id", text(place.to_string()))
            .expression_attribute_names("#purpose", "purpose")
            .expression_attribute_values(":purpose", text(place.purpose.as_str()))
    }

    /// Sends an update; returns the proof after it, or `None` when its condition failed.
    pub(super) async fn changed(
        &self,
        place: Place,
        update: UpdateItemFluentBuilder,
    ) -> Result<Option<Posted>, Error> {
        match update.return_values(ReturnValue::AllNew).send().await {
            Ok(output) => {
                let item: Option<Item> = output.attributes;
                item.map(|item| read_posted(place, item)).transpose()
            }
            Err(error) => match fault::failed_condition(&error) {
                Some(_) => Ok(None),
                None => Err(fault::of(&error)),
            },
        }
    }
}
