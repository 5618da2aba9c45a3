//! Identities of providers: their items, which are written with their user, and the sessions that begin by them.

use api::event::Reason;
use api::tables::{THROTTLE, USERS};
use api::{Code, Error, Id, Timestamp};
use auth::provider::{Federated, Found};
use auth::user::Deletion;
use auth::{Session, User, Writer};
use aws_sdk_dynamodb::types::{
    Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use crate::fault::{self, built};
use crate::item::{Item, Reader, id, number, text, time};
use crate::send::Unsent;
use crate::tables::Store;

/// The attribute of the address that a provider told. It is not `email`, which makes an item one of a user.
const TOLD_EMAIL: &str = "told_email";

/// The parts of a change to an account that concern its providers, each with its key.
pub(super) type ProviderParts = Vec<(String, TransactWriteItem)>;

impl Store {
    /// Reads the identity of an account at a provider. One of another issuer is unknown. Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn federated(&self, found: &Found) -> Result<Option<Federated>, Error> {
        let item = self.users_item(found.key()).await?;
        let federated = item.map(read_federated).transpose()?;
        Ok(federated.filter(|it| it.issuer == found.issuer))
    }

    /// Marks a state of a sign-in as used by this request; `false` where another one has. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn use_state(
        &self,
        (state, until): (&str, u64),
        request: Id,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mark = Item::from([
            ("id".to_owned(), text(format!("used#{state}"))),
            ("request".to_owned(), id(request)),
            ("expires_at".to_owned(), number(until)),
        ]);
        let put = self.client.put_item().table_name(self.table(THROTTLE.name));
        let put = put
            .set_item(Some(mark))
            .condition_expression("attribute_not_exists(#id) OR #expires <= :now")
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_values(":now", number(now.seconds()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else {
            return Ok(true);
        };
        let found = fault::failed_put(&error).ok_or_else(|| fault::of(&error))?;
        // A retry after a lost reply finds its own mark.
        let found = found.unwrap_or_default();
        Ok(found.get("request") == Some(&id(request)))
    }

    /// Begins a session by a provider. Its id makes a code good once. 2 WRU.
    ///
    /// # Errors
    /// `auth/invalid-oauth-code` when the code was used; `common/unavailable`, `common/internal`.
    pub async fn begin_by_provider(&self, session: &Session, writer: &Writer) -> Result<(), Error> {
        let items = [self.beginning(session, Reason::Provider, writer)?];
        let token = format!("{}o", writer.rev.replace('-', ""));
        match self.send_once(&items, &token, writer).await {
            Ok(failed) if failed.is_empty() => Ok(()),
            Ok(_) => Err(Code::InvalidOauthCode.into()),
            Err(Unsent::TooLarge(_)) => Err(Error::internal("a session is too large")),
            Err(Unsent::Fault(fault)) => Err(fault),
        }
    }

    /// The writes of provider identities that go with a change of their user. Identities that the user no longer
    /// has are removed, and those of a deleted account expire.
    pub(super) fn provider_parts(
        &self,
        (before, after): (Option<&User>, Option<&User>),
        links: Option<&Federated>,
        now: Timestamp,
    ) -> Result<ProviderParts, Error> {
        let mut parts = Vec::new();
        if let Some(federated) = links {
            parts.push((federated.key.clone(), self.linking(federated, now)?));
        }
        let Some(user) = before else {
            return Ok(parts);
        };
        for key in user.providers() {
            let there = after.filter(|after| after.methods.contains_key(key));
            let part = match there {
                Some(after) if after.deleted == user.deleted => continue,
                Some(after) => self.expiring_identity(key, user.id, after.deleted)?,
                None => self.delete_held(key.clone(), user.id)?,
            };
            parts.push((key.clone(), part));
        }
        Ok(parts)
    }

    /// The put of an identity that nobody has. One of another issuer counts for nothing.
    fn linking(&self, federated: &Federated, now: Timestamp) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(self.users())
            .set_item(Some(federated_item(federated)))
            .condition_expression(
                "attribute_not_exists(#id) OR #expires <= :now OR #issuer <> :issuer",
            )
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_names("#issuer", "issuer")
            .expression_attribute_values(":now", number(now.seconds()))
            .expression_attribute_values(":issuer", text(&federated.issuer))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = put.build().map_err(built)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// An identity of an account that is deleted expires with it; one of an account that is back does not.
    fn expiring_identity(
        &self,
        key: &str,
        owner: Id,
        deletion: Option<Deletion>,
    ) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(self.users())
            .key("id", text(key))
            .condition_expression("#user = :user")
            .expression_attribute_names("#user", "user_id")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_values(":user", id(owner));
        let update = match deletion {
            None => update.update_expression("REMOVE #expires"),
            Some(deletion) => update
                .update_expression("SET #expires = :expires")
                .expression_attribute_values(":expires", number(deletion.until)),
        };
        let update = update.build().map_err(built)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

pub(crate) fn federated_item(federated: &Federated) -> Item {
    let mut item = Item::from([
        ("id".to_owned(), text(&federated.key)),
        ("user_id".to_owned(), id(federated.user)),
        ("issuer".to_owned(), text(&federated.issuer)),
        ("linked_at".to_owned(), time(federated.linked_at)),
    ]);
    let email = federated.email.as_ref();
    item.extend(email.map(|email| (TOLD_EMAIL.to_owned(), text(email))));
    item
}

pub(crate) fn read_federated(mut item: Item) -> Result<Federated, Error> {
    let mut reader = Reader::new(USERS.name, &mut item);
    Ok(Federated {
        key: reader.text("id")?,
        user: reader.id("user_id")?,
        issuer: reader.text("issuer")?,
        email: reader.optional_text(TOLD_EMAIL),
        linked_at: reader.time("linked_at")?,
    })
}
