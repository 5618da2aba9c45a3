//! The list of invitations.

use api::wire::InvitationStatus;
use api::{Error, Id, Timestamp};
use auth::invitation::Invitation;

use super::item::{KIND, read_invitation};
use crate::fault;
use crate::item::{id, text};
use crate::tables::Store;

/// The most queries of one request, and the most invitations that each reads: about 1 MB at most.
const MAX_QUERIES: u32 = 4;
const MAX_READ: usize = 250;

/// The invitations that a list asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those of this inviter alone.
    pub inviter: Option<Id>,
    /// Those in this status alone.
    pub status: Option<InvitationStatus>,
    /// Those for things of this type alone.
    pub resource_type: Option<String>,
    /// Those for the thing with this id alone.
    pub resource_id: Option<String>,
}

/// The invitations of one page, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct InvitationsPage {
    /// The invitations.
    pub invitations: Vec<Invitation>,
    /// The invitation before the next page; `None` at the end.
    pub next: Option<Id>,
}

impl Wanted {
    fn has(&self, invitation: &Invitation, now: Timestamp) -> bool {
        let resource = invitation.resource.as_ref();
        let is = |wanted: &Option<String>, found: Option<&String>| {
            wanted.is_none() || wanted.as_ref() == found
        };
        self.inviter.is_none_or(|it| it == invitation.invited_by)
            && self.status.is_none_or(|it| it == invitation.status(now))
            && is(&self.resource_type, resource.map(|it| &it.r#type))
            && is(&self.resource_id, resource.map(|it| &it.id))
    }

    fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

impl Store {
    /// A page of the wanted invitations after `after`. One query where all are wanted, else at most four and about 1 MB.
    /// The page may then hold fewer than `limit` and go on.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn list_invitations(
        &self,
        wanted: &Wanted,
        (limit, mut after): (usize, Option<Id>),
        now: Timestamp,
    ) -> Result<InvitationsPage, Error> {
        let mut invitations = Vec::new();
        let take = if wanted.is_all() { limit + 1 } else { MAX_READ };
        for _ in 0..MAX_QUERIES {
            let (items, more) = self.invitations_query(after, take).await?;
            for invitation in items {
                if wanted.has(&invitation, now) {
                    if invitations.len() == limit {
                        let next = invitations.last().map(|it: &Invitation| it.id);
                        return Ok(InvitationsPage { invitations, next });
                    }
                    after = Some(invitation.id);
                    invitations.push(invitation);
                } else {
                    after = Some(invitation.id);
                }
            }
            if !more {
                let next = None;
                return Ok(InvitationsPage { invitations, next });
            }
        }
        Ok(InvitationsPage {
            invitations,
            next: after,
        })
    }

    /// Some invitations after one, and whether there are more.
    async fn invitations_query(
        &self,
        after: Option<Id>,
        take: usize,
    ) -> Result<(Vec<Invitation>, bool), Error> {
        let mut query = self
            .client
            .query()
            .table_name(self.invitations())
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(i32::try_from(take).unwrap_or(i32::MAX))
            .key_condition_expression("#kind = :kind")
            .expression_attribute_names("#kind", "kind")
            .expression_attribute_values(":kind", text(KIND));
        if let Some(after) = after {
            query = query
                .exclusive_start_key("kind", text(KIND))
                .exclusive_start_key("id", id(after));
        }
        let output = query.send().await.map_err(|error| fault::of(&error))?;
        let more = output.last_evaluated_key.is_some();
        let items = output.items.unwrap_or_default().into_iter();
        let invitations = items.map(read_invitation).collect::<Result<_, _>>()?;
        Ok((invitations, more))
    }
}
