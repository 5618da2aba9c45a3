//! Second factors as an operator's commands find them: all of them, one page after the other.

use api::Error;
use api::tables::USERS;
use auth::Keys;
use auth::factor::Factor;
use aws_sdk_dynamodb::types::AttributeValue;

use super::sealing::Outcome;
use crate::accounts::factor_items::read_factor;
use crate::fault;
use crate::item::{Item, Reader, text};
use crate::tables::Store;

impl Store {
    /// Reads every second factor, confirmed or not. 1 RRU per 4 KB of `_users`.
    pub(super) async fn factors(&self) -> Result<Vec<Factor>, Error> {
        let (mut all, mut from): (Vec<Factor>, Option<Item>) = (Vec::new(), None);
        loop {
            let scan = self
                .client
                .scan()
                .table_name(self.users())
                .consistent_read(true)
                .filter_expression("begins_with(#id, :factor)")
                .expression_attribute_names("#id", "id")
                .expression_attribute_values(":factor", text(Factor::PREFIX))
                .set_exclusive_start_key(from);
            let page = scan.send().await.map_err(|error| fault::of(&error))?;
            for mut item in page.items.unwrap_or_default() {
                let user = Reader::new(USERS.name, &mut item).id("user_id")?;
                all.push(read_factor(user, item)?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(all);
            }
        }
    }

    /// Seals the secret of a factor anew, where it is the one that was read. One that was replaced meanwhile is under the
    /// highest number already. The recovery codes keep their key.
    pub(super) async fn reseal_factor(
        &self,
        factor: &Factor,
        keys: &Keys,
        nonce: [u8; 12],
    ) -> Result<Outcome, Error> {
        let before = factor.secret.as_str();
        if keys.are_newest(std::iter::once(before)) {
            return Ok(Outcome::Kept);
        }
        let Ok(anew) = factor.resealed(keys, nonce) else {
            return Ok(Outcome::ClosedFactor(factor.user));
        };
        let update = self
            .client
            .update_item()
            .table_name(self.users())
            .key("id", AttributeValue::S(Factor::key(factor.user)))
            .update_expression("SET #secret = :anew")
            .condition_expression("#secret = :read")
            .expression_attribute_names("#secret", "secret")
            .expression_attribute_values(":read", text(before))
            .expression_attribute_values(":anew", text(anew));
        match update.send().await {
            Ok(_) => Ok(Outcome::Anew),
            Err(error) => match fault::failed_condition(&error) {
                Some(_) => Ok(Outcome::Kept),
                None => Err(fault::of(&error)),
            },
        }
    }
}
