//! The list of all users, through the index `by_kind` of `_users`.

use api::definition::ProfileField;
use api::query::Listing;
use api::tables::USERS_BY_KIND;
use api::{Error, Id, Timestamp};
use auth::User;
use auth::user::Deletion;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use super::users::{KIND, SERVICE_KIND, read_user};
use crate::fault;
use crate::item::{id, text};
use crate::tables::Store;

/// The most queries of one request that looks for some users among all.
const MAX_QUERIES: u32 = 4;

/// About how many bytes it may read, and the most users that its first query reads, while their size is unknown.
const MAX_READ: f64 = 1024.0 * 1024.0;
const MAX_FIRST: usize = 1000;

/// The users of one page, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct UserPage {
    /// The users.
    pub users: Vec<User>,
    /// The user before the next page; `None` at the end.
    pub next: Option<Id>,
}

impl Store {
    /// A page of the users that `listing` asks for, after the user `after`. One query where it asks for all of them,
    /// else at most four and about 1 MB. The page may then hold fewer than its limit and go on. The index follows a
    /// write within a moment.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn list_users(
        &self,
        listing: &Listing,
        after: Option<Id>,
        declared: &[ProfileField],
    ) -> Result<UserPage, Error> {
        let some = listing.search.is_some() || listing.role.is_some();
        let wanted = listing.limit.saturating_add(1);
        let (mut users, mut after) = (Vec::new(), after);
        let (mut scanned, mut bytes) = (0, 0.0);
        let mut take = if some {
            (wanted * 4).min(MAX_FIRST)
        } else {
            wanted
        };
        for _ in 0..MAX_QUERIES {
            let output = self.users_query(KIND, after, take).await?;
            scanned += usize::try_from(output.scanned_count).unwrap_or(0);
            // A read unit of an index is 8 KB.
            bytes += output
                .consumed_capacity
                .and_then(|capacity| capacity.capacity_units)
                .unwrap_or(0.0)
                * 8192.0;
            let more = output.last_evaluated_key.is_some();
            for item in output.items.unwrap_or_default() {
                // The index has no tombstones.
                let Some(user) = read_user(item)? else {
                    continue;
                };
                after = Some(user.id);
                if user.is_listed(listing, declared) {
                    users.push(user);
                }
                if users.len() == wanted {
                    users.truncate(listing.limit);
                    return Ok(UserPage {
                        next: users.last().map(|user| user.id),
                        users,
                    });
                }
            }
            if !more {
                return Ok(UserPage { users, next: None });
            }
            let per_user = (bytes / scanned.max(1) as f64).max(1.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "from 0 to a million"
            )]
            let affordable = ((MAX_READ - bytes) / per_user).max(0.0) as usize;
            take = (take * 8).min(affordable);
            if take == 0 {
                break;
            }
        }
        Ok(UserPage { users, next: after })
    }

    /// A page of the service accounts, newest first, after the account `after`. One query; the index follows a write within a
    /// moment.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn list_services(&self, limit: usize, after: Option<Id>) -> Result<UserPage, Error> {
        let wanted = limit.saturating_add(1);
        let output = self.users_query(SERVICE_KIND, after, wanted).await?;
        let items = output.items.unwrap_or_default().into_iter();
        let read = items.map(read_user).collect::<Result<Vec<_>, _>>()?;
        let mut users: Vec<User> = read.into_iter().flatten().collect();
        let has_more = users.len() > limit || output.last_evaluated_key.is_some();
        users.truncate(limit);
        let next = users.last().map(|user| user.id).filter(|_| has_more);
        Ok(UserPage { users, next })
    }

    /// Reads a service account of an id as a caller sends it, as [`Store::any_user`] does.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn service_account(&self, id: &str) -> Result<Option<User>, Error> {
        Ok(self
            .standing_user(id)
            .await?
            .filter(|user| user.service.is_some()))
    }

    /// Reads the user of an id as a caller sends it, deleted or not. `None` where the text is no id, or no user has it.
    /// Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn any_user(&self, id: &str) -> Result<Option<User>, Error> {
        match id.parse() {
            Ok(id) => self.user(id).await,
            Err(_) => Ok(None),
        }
    }

    /// Reads a user as [`Store::any_user`] does, but none who is deleted.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn standing_user(&self, id: &str) -> Result<Option<User>, Error> {
        Ok(self
            .any_user(id)
            .await?
            .filter(|user| user.deleted.is_none()))
    }

    /// Reads the user who has an address; none who can be restored no more. Strongly consistent: 1 RRU, and 1 for a user.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn holder(&self, email: &str, now: Timestamp) -> Result<Option<User>, Error> {
        let Some(identity) = self.identity(email).await? else {
            return Ok(None);
        };
        let is_there = |user: &User| {
            let is_final = |deletion: Deletion| deletion.is_final(now);
            user.email.as_deref() == Some(email) && !user.deleted.is_some_and(is_final)
        };
        Ok(self.user(identity.user).await?.filter(is_there))
    }

    async fn users_query(
        &self,
        kind: &str,
        after: Option<Id>,
        take: usize,
    ) -> Result<aws_sdk_dynamodb::operation::query::QueryOutput, Error> {
        let mut query = self
            .client
            .query()
            .table_name(self.users())
            .index_name(USERS_BY_KIND.name)
            .expression_attribute_names("#kind", "kind")
            .expression_attribute_values(":kind", text(kind))
            .scan_index_forward(false)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .limit(i32::try_from(take).unwrap_or(i32::MAX));
        query = match after {
            None => query.key_condition_expression("#kind = :kind"),
            Some(after) => query
                .key_condition_expression("#kind = :kind AND #id < :after")
                .expression_attribute_names("#id", "id")
                .expression_attribute_values(":after", id(after)),
        };
        query.send().await.map_err(|error| fault::of(&error))
    }
}
