//! `_sessions`: sessions that have not ended, and for a while those that have.

use api::event::Reason;
use api::settings::Throttle;
use api::tables::SESSIONS;
use api::{Error, Id, Timestamp, wire};
use auth::authentication::Authentication;
use auth::session::{Client, Refreshes};
use auth::{RefreshToken, Session, User, Writer};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use super::stamp::{self, BEGUN};
use crate::fault::{self, built};
use crate::item::{Item, Reader, id, number, text, time};
use crate::tables::Store;

/// The most queries of a page of sessions, and the sessions that each reads.
const MAX_QUERIES: u32 = 4;
const SESSIONS_READ: i32 = 100;

/// The attribute with the admin who acts in the session.
const ACTOR: &str = "actor";

/// The attribute with the recovery codes that were left at the beginning.
pub(crate) const RECOVERY_LEFT: &str = "recovery_left";

/// The outcome of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rotation {
    /// The session, with its new token.
    Done(Session),
    /// Its condition failed; the session as it is, if there is one.
    Refused(Option<Session>),
}

/// Some of a user's sessions, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionPage {
    /// The sessions, each with the client that began it.
    pub sessions: Vec<(Session, Client)>,
    /// The session before the next page; `None` at the end.
    pub next: Option<Id>,
}

impl SessionPage {
    /// The sessions as their user or an admin sees them; `asking` is the session that asks.
    #[must_use]
    pub fn wire(self, asking: Option<Id>) -> Vec<wire::Session> {
        let sessions = self.sessions.into_iter();
        sessions
            .map(|(session, client)| session.wire(client, asking))
            .collect()
    }
}

impl Store {
    /// The put of a session that nobody has begun.
    pub(super) fn beginning(
        &self,
        session: &Session,
        reason: Reason,
        writer: &Writer,
    ) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(self.sessions())
            .set_item(Some(session_item(session, reason, writer)))
            .condition_expression("attribute_not_exists(#id)")
            .expression_attribute_names("#id", "id");
        let put = put.build().map_err(built)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Stores a new session. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn begin_session(
        &self,
        session: &Session,
        reason: Reason,
        writer: &Writer,
    ) -> Result<(), Error> {
        self.put_session(session_item(session, reason, writer))
            .await
    }

    /// Stores the session in which an admin acts as a user, with the admin's words about it. 1 WRU.
    ///
    /// # Errors
    /// Those of [`Store::begin_session`].
    pub async fn begin_acting(
        &self,
        session: &Session,
        words: &str,
        writer: &Writer,
    ) -> Result<(), Error> {
        let mut item = session_item(session, Reason::Impersonation, writer);
        item.insert(BEGUN.to_owned(), stamp::acting(writer, words));
        self.put_session(item).await
    }

    async fn put_session(&self, item: Item) -> Result<(), Error> {
        // A first attempt may arrive after its retry, and after the session was refreshed or ended. It must not restore
        // the beginning.
        let put = self
            .client
            .put_item()
            .table_name(self.sessions())
            .set_item(Some(item))
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

    /// Replaces a session's refresh token by its successor, on condition that it is the newest and that the session
    /// stands. Without `counted`, this is the first refresh of a window: the previous window must be over. With
    /// `counted`, it is one more refresh of the same window: their number must be below the limit. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub(super) async fn rotate(
        &self,
        presented: &RefreshToken,
        successor: &RefreshToken,
        expires_at: u64,
        counted: Option<Refreshes>,
        settings: &Throttle,
        now: Timestamp,
    ) -> Result<Rotation, Error> {
        let window = settings.refresh_window.duration();
        let (count, allowed, since) = match counted {
            None => (
                "#since = :now, #count = :one",
                "(attribute_not_exists(#since) OR #since <= :since)",
                now.before(window),
            ),
            Some(counted) => (
                "#count = #count + :one",
                "#since = :since AND #count < :most",
                counted.since,
            ),
        };
        let update = self
            .client
            .update_item()
            .table_name(self.sessions())
            .key("user_id", id(presented.user))
            .key("id", id(presented.session))
            .update_expression(format!(
                "SET #hash = :next, #generation = :generation, #used = :now, #expires = :expires, {count}"
            ))
            .condition_expression(format!(
                "#hash = :hash AND #generation = :old AND #expires > :seconds AND attribute_not_exists(#revoked) AND \
                 {allowed}"
            ))
            .expression_attribute_names("#since", "refreshes_since")
            .expression_attribute_names("#count", "refreshes")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_names("#hash", "refresh_token_hash")
            .expression_attribute_names("#generation", "generation")
            .expression_attribute_names("#used", "last_used_at")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_names("#revoked", "revoked_at")
            .expression_attribute_values(":hash", text(presented.hash()))
            .expression_attribute_values(":old", number(presented.generation))
            .expression_attribute_values(":next", text(successor.hash()))
            .expression_attribute_values(":generation", number(successor.generation))
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":seconds", number(now.seconds()))
            .expression_attribute_values(":expires", number(expires_at))
            .expression_attribute_values(":since", time(since));
        let update = match counted {
            None => update,
            Some(_) => update.expression_attribute_values(":most", number(settings.refreshes)),
        };
        rotation(update).await
    }

    /// Counts a refresh that changes no token, on condition that the session is as it was found. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub(super) async fn recount(
        &self,
        found: Session,
        counted: Refreshes,
        now: Timestamp,
    ) -> Result<Rotation, Error> {
        let update = self
            .client
            .update_item()
            .table_name(self.sessions())
            .key("user_id", id(found.user))
            .key("id", id(found.id))
            .update_expression("SET #since = :since, #count = :count")
            .condition_expression(
                "#hash = :hash AND #since = :before AND #count = :seen AND #expires > :seconds AND \
                 attribute_not_exists(#revoked)",
            )
            .expression_attribute_names("#since", "refreshes_since")
            .expression_attribute_names("#count", "refreshes")
            .expression_attribute_names("#hash", "refresh_token_hash")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_names("#revoked", "revoked_at")
            .expression_attribute_values(":since", time(counted.since))
            .expression_attribute_values(":count", number(counted.count))
            .expression_attribute_values(":hash", text(&found.refresh_token_hash))
            .expression_attribute_values(":before", time(found.refreshes.since))
            .expression_attribute_values(":seen", number(found.refreshes.count))
            .expression_attribute_values(":seconds", number(now.seconds()));
        rotation(update).await
    }

    /// A page of the sessions of a user that stand, newest first, after the session `after`. Strongly consistent; at
    /// most four queries, for ended sessions stay a while. The page may then hold fewer than `limit` and go on.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn list_sessions(
        &self,
        user: &User,
        limit: usize,
        mut after: Option<Id>,
        now: Timestamp,
    ) -> Result<SessionPage, Error> {
        let mut sessions = Vec::new();
        for _ in 0..MAX_QUERIES {
            let mut query = self
                .client
                .query()
                .table_name(self.sessions())
                .key_condition_expression("#user = :user")
                .expression_attribute_names("#user", "user_id")
                .expression_attribute_values(":user", id(user.id))
                .scan_index_forward(false)
                .consistent_read(true)
                .limit(SESSIONS_READ);
            if let Some(after) = after {
                query = query
                    .key_condition_expression("#user = :user AND #id < :after")
                    .expression_attribute_names("#id", "id")
                    .expression_attribute_values(":after", id(after));
            }
            let output = query.send().await.map_err(|error| fault::of(&error))?;
            for mut item in output.items.unwrap_or_default() {
                let client = read_client(&mut item);
                let session = read_session(item)?;
                if session.stands(user, now) {
                    if sessions.len() == limit {
                        return Ok(SessionPage {
                            sessions,
                            next: after,
                        });
                    }
                    after = Some(session.id);
                    sessions.push((session, client));
                } else {
                    after = Some(session.id);
                }
            }
            if output.last_evaluated_key.is_none() {
                return Ok(SessionPage {
                    sessions,
                    next: None,
                });
            }
        }
        Ok(SessionPage {
            sessions,
            next: after,
        })
    }
}

/// A session as an item, with the origin of the request that begins it.
pub(super) fn session_item(session: &Session, reason: Reason, writer: &Writer) -> Item {
    let client = &writer.client;
    let authentication = session.authentication.iter().flat_map(|it| {
        let methods = it.methods.iter().map(text).collect();
        [
            ("auth_time".to_owned(), time(it.at)),
            ("amr".to_owned(), AttributeValue::L(methods)),
        ]
    });
    let mut item = Item::from([
        ("user_id".to_owned(), id(session.user)),
        ("id".to_owned(), id(session.id)),
        (
            "refresh_token_hash".to_owned(),
            text(&session.refresh_token_hash),
        ),
        ("generation".to_owned(), number(session.generation)),
        ("auth_version".to_owned(), number(session.auth_version)),
        ("expires_at".to_owned(), number(session.expires_at)),
        ("created_at".to_owned(), time(session.id.created_at())),
        ("last_used_at".to_owned(), time(session.last_used_at)),
        ("user_agent".to_owned(), text(&client.user_agent)),
        ("ip".to_owned(), text(&client.ip)),
        (BEGUN.to_owned(), stamp::begun(writer, reason)),
    ]);
    item.extend(authentication);
    let actor = session.actor.map(|actor| (ACTOR.to_owned(), id(actor)));
    item.extend(actor);
    let left = session.recovery_left.map(number);
    item.extend(left.map(|left| (RECOVERY_LEFT.to_owned(), left)));
    item
}

/// Sends an update of a session, and tells the session after it, or as its condition found it.
async fn rotation(update: UpdateItemFluentBuilder) -> Result<Rotation, Error> {
    let update = update
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    match update.send().await {
        Ok(output) => {
            let item = output
                .attributes
                .ok_or_else(|| Error::internal("no attributes returned"))?;
            Ok(Rotation::Done(read_session(item)?))
        }
        Err(error) => match fault::failed_condition(&error) {
            Some(found) => Ok(Rotation::Refused(found.map(read_session).transpose()?)),
            None => Err(fault::of(&error)),
        },
    }
}

/// The client that began a session.
fn read_client(item: &mut Item) -> Client {
    let mut reader = Reader::new(SESSIONS.name, item);
    Client {
        user_agent: reader.optional_text("user_agent").unwrap_or_default(),
        ip: reader.optional_text("ip").unwrap_or_default(),
    }
}

pub(super) fn read_session(mut item: Item) -> Result<Session, Error> {
    let mut reader = Reader::new(SESSIONS.name, &mut item);
    let generation = reader.number("generation")?;
    let authentication = reader
        .optional_number("auth_time")
        .map(Timestamp::from_millis)
        .map(|at| Authentication {
            at,
            methods: reader.texts("amr"),
        });
    Ok(Session {
        authentication,
        actor: reader.optional_id(ACTOR)?,
        recovery_left: reader.optional_number(RECOVERY_LEFT),
        user: reader.id("user_id")?,
        id: reader.id("id")?,
        refresh_token_hash: reader.text("refresh_token_hash")?,
        generation: u32::try_from(generation)
            .map_err(|_| Error::internal("generation out of range"))?,
        auth_version: reader.number("auth_version")?,
        expires_at: reader.number("expires_at")?,
        last_used_at: reader.time("last_used_at")?,
        revoked_at: reader
            .optional_number("revoked_at")
            .map(Timestamp::from_millis),
        refreshes: Refreshes {
            since: reader
                .optional_number("refreshes_since")
                .map(Timestamp::from_millis)
                .unwrap_or_default(),
            count: reader
                .optional_number("refreshes")
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or_default(),
        },
    })
}
