//! Notices: kept once for each change, read and marked by the function that sends mails.

use std::collections::HashMap;

use api::mail::Kind;
use api::tables::MAIL;
use api::{Error, Id};
use auth::User;
use auth::notice::{Reader as Of, Sealed, key};
use auth::proof::State;
use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{STATE, expires_at};
use crate::accounts::users::identity_key;
use crate::batch::strong;
use crate::fault;
use crate::item::{Item, Reader, id, text, time};
use crate::tables::Store;

/// The start of the keys of notices.
const NOTICE: &str = "notice#";

impl Store {
    /// Keeps a notice, whose mail is due from then on, unless the same is there. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn post_notice(&self, notice: &Sealed) -> Result<(), Error> {
        let put = self
            .client
            .put_item()
            .table_name(self.mail())
            .set_item(Some(notice_item(notice)))
            .condition_expression("attribute_not_exists(#id)")
            .expression_attribute_names("#id", "id");
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_conditional_check_failed_exception() => Ok(()),
                _ => Err(fault::of(&error)),
            },
        }
    }

    /// Reads a notice as it is now, and the user whom it is for or who has its address. Strongly consistent: 1 RRU, then 1
    /// for the user, and 1 for an address.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn read_notice(
        &self,
        notice: Id,
        reader: &Of,
    ) -> Result<(Option<Sealed>, Option<User>), Error> {
        let item = |key: String| Item::from([("id".to_owned(), text(key))]);
        let mut first = HashMap::from([(self.mail(), strong(vec![item(key(notice))])?)]);
        if let Of::Address(address) = reader {
            first.insert(self.users(), strong(vec![item(identity_key(address))])?);
        }
        let mut found = self.batch(first).await?;
        let mut take = |table: String| found.remove(&table).and_then(|mut items| items.pop());
        let sealed = take(self.mail()).and_then(read_sealed);
        let user = match reader {
            Of::User(user) => Some(*user),
            Of::Address(_) => take(self.users()).and_then(|item| match item.get("user_id") {
                Some(AttributeValue::S(user)) => user.parse::<Id>().ok(),
                _ => None,
            }),
        };
        let users = self.some_users(user.into_iter()).await?;
        Ok((sealed, users.into_iter().next()))
    }

    /// Marks a notice that is in one of the states `from`; `false` where another instance was faster. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn mark_notice(
        &self,
        notice: Id,
        from: [State; 2],
        to: State,
    ) -> Result<bool, Error> {
        let [one, other] = from;
        let update = self
            .client
            .update_item()
            .table_name(self.mail())
            .key("id", text(key(notice)))
            .update_expression("SET #state = :to")
            .condition_expression("#state = :one OR #state = :other")
            .expression_attribute_names("#state", STATE)
            .expression_attribute_values(":to", text(to.as_str()))
            .expression_attribute_values(":one", text(one.as_str()))
            .expression_attribute_values(":other", text(other.as_str()));
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) => match fault::failed_condition(&error) {
                Some(_) => Ok(false),
                None => Err(fault::of(&error)),
            },
        }
    }
}

fn notice_item(notice: &Sealed) -> Item {
    let reader = match &notice.reader {
        Of::User(user) => ("user_id".to_owned(), id(*user)),
        Of::Address(sealed) => ("address".to_owned(), text(sealed)),
    };
    Item::from([
        ("id".to_owned(), text(key(notice.id))),
        ("kind".to_owned(), text(notice.kind.as_str())),
        ("vars".to_owned(), text(&notice.values)),
        ("valid_until".to_owned(), time(notice.until)),
        (STATE.to_owned(), text(notice.state.as_str())),
        ("expires_at".to_owned(), expires_at(notice.until)),
        reader,
    ])
}

/// Reads a notice; `None` from any other item.
pub(super) fn read_sealed(mut item: Item) -> Option<Sealed> {
    let mut reader = Reader::new(MAIL.name, &mut item);
    let notice = reader.text("id").ok()?.strip_prefix(NOTICE)?.parse().ok()?;
    let of = match (
        reader.optional_id("user_id").ok()?,
        reader.optional_text("address"),
    ) {
        (Some(user), None) => Of::User(user),
        (None, Some(address)) => Of::Address(address),
        _ => return None,
    };
    Some(Sealed {
        id: notice,
        kind: Kind::parse(&reader.text("kind").ok()?)?,
        reader: of,
        values: reader.text("vars").ok()?,
        until: reader.time("valid_until").ok()?,
        state: State::parse(&reader.text(STATE).ok()?)?,
    })
}

#[cfg(test)]
mod tests {
    use api::Timestamp;

    use super::*;

    #[test]
    fn a_notice_comes_back_as_it_went() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        for reader in [
            Of::User(Id::new(now, [1; 10])),
            Of::Address("sealed".to_owned()),
        ] {
            let notice = Sealed {
                id: Id::new(now, [2; 10]),
                kind: Kind::SessionReuse,
                reader,
                values: "sealed".to_owned(),
                until: now,
                state: State::Due,
            };
            let item = notice_item(&notice);
            assert_eq!(read_sealed(item.clone()), Some(notice));
            let other = Item::from([("id".to_owned(), text("code#x"))]);
            let other = item.into_iter().chain(other).collect();
            assert_eq!(read_sealed(other), None);
        }
    }
}
