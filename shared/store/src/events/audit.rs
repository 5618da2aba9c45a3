//! `_audit`: entries are put by the worker that makes events, listed, and changed by nobody.

use std::time::Duration;

use api::event::{Actor, ActorType, Envelope, Event, PasskeyReason, Subject};
use api::query::AuditQuery;
use api::tables::{AUDIT, AUDIT_BY_ACTOR, AUDIT_BY_SUBJECT};
use api::wire::{AuditEntry, RoleChange};
use api::{Error, Id};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::fault;
use crate::item::{Item, Reader, id, number, text};
use crate::tables::Store;

/// The partitions: an id's last byte names one.
pub(crate) const SHARDS: [&str; 4] = ["0", "1", "2", "3"];

/// The most bytes of the names of what has changed.
const MAX_CHANGED: usize = 400;

/// The most bytes of an admin's words.
const MAX_WORDS: usize = 200;

/// The most characters of a `User-Agent`.
const MAX_USER_AGENT: usize = 120;

/// The most rounds of queries of one request that looks for some entries among all, and the entries that each query
/// reads. They are a megabyte in all.
const MAX_ROUNDS: u32 = 4;
const MAX_TAKEN: usize = 250;

/// The entries of one page, newest first.
#[derive(Debug)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// The id that the next page comes after; `None` at the end.
    pub next: Option<Id>,
}

/// The item of an event, at most 1 KB: no values, no addresses of mail, no secrets.
pub(super) fn item(event: &Envelope, retention: Duration) -> Item {
    let shard = SHARDS[usize::from(event.id.bytes()[15]) % SHARDS.len()];
    let mut item = Item::from([
        ("shard".to_owned(), text(shard)),
        ("id".to_owned(), id(event.id)),
        ("type".to_owned(), text(event.event.kind().as_str())),
        ("subject".to_owned(), text(&event.subject.id)),
        ("collection".to_owned(), text(&event.subject.collection)),
        (
            "expires_at".to_owned(),
            number(event.at.after(retention).seconds()),
        ),
    ]);
    let mut add = |name: &str, value: Option<&str>| {
        item.extend(value.map(|value| (name.to_owned(), text(value))));
    };
    add("owner", event.subject.owner.as_deref());
    let request = event.request.as_ref();
    add("request_id", request.map(|request| request.id.as_str()));
    add("ip", request.and_then(|request| request.ip.as_deref()));
    let agent = request.and_then(|request| request.user_agent.as_deref());
    let agent: Option<String> = agent.map(|agent| agent.chars().take(MAX_USER_AGENT).collect());
    add("user_agent", agent.as_deref());
    let (changed, reason, role) = details(&event.event);
    add("reason", reason.as_deref());
    add("role_from", role.as_ref().map(|role| role.from.as_str()));
    add("role_to", role.as_ref().map(|role| role.to.as_str()));
    if let Some(actor) = &event.actor {
        let key = actor.id.or(actor.key_id).map(|id| id.to_string());
        add("actor", key.as_deref());
        item.insert("who".to_owned(), who(actor));
    }
    if !changed.is_empty() {
        let names = cut(changed).map(text).collect();
        item.insert("changed".to_owned(), AttributeValue::L(names));
    }
    item
}

/// The names of what an event changed, its reason and the change of a role.
fn details(event: &Event) -> (&[String], Option<String>, Option<RoleChange>) {
    match event {
        Event::UserUpdated {
            user,
            previous,
            changed,
        } => {
            let from = previous.get("role").and_then(|role| role.as_str());
            let role = from.map(|from| RoleChange {
                from: from.to_owned(),
                to: user.role.clone(),
            });
            (changed, None, role)
        }
        Event::RecordCreated { changed, .. }
        | Event::RecordUpdated { changed, .. }
        | Event::RecordDeleted { changed, .. }
        | Event::WebhookChanged { changed, .. }
        | Event::WebhookFailing { changed, .. }
        | Event::WebhookRecovered { changed, .. }
        | Event::TemplateChanged { changed, .. }
        | Event::ProviderChanged { changed, .. } => (changed, None, None),
        Event::SessionEnded { reason, .. } => {
            (&[], reason.map(|reason| reason.as_str().to_owned()), None)
        }
        Event::Impersonated { reason, .. } => (&[], Some(words(reason)), None),
        Event::PasswordChanged { reason, .. } | Event::MfaChanged { reason, .. } => {
            (&[], Some(reason.as_str().to_owned()), None)
        }
        Event::PasskeyChanged { reason, .. } => {
            let done = match reason {
                PasskeyReason::Added => "added",
                PasskeyReason::Removed => "removed",
            };
            (&[], Some(done.to_owned()), None)
        }
        Event::AccountLinked { provider, .. } | Event::AccountUnlinked { provider, .. } => {
            (&[], Some(provider.clone()), None)
        }
        Event::KeysRotated { step, .. } => (&[], Some(step.as_str().to_owned()), None),
        Event::TableRecovered { .. } | Event::TableRepaired { .. } => {
            (&[], Some(deed(event)), None)
        }
        Event::Registered { .. }
        | Event::LoggedIn { .. }
        | Event::Reauthenticated { .. }
        | Event::LoggedOut { .. }
        | Event::RefreshReused { .. }
        | Event::EmailVerified { .. }
        | Event::EmailChanged { .. }
        | Event::UserCreated { .. }
        | Event::UserDeleted { .. }
        | Event::UserRestored { .. }
        | Event::UserPurged { .. }
        | Event::KeyCreated { .. }
        | Event::KeyRotated { .. }
        | Event::KeyDeleted { .. }
        | Event::ThrottleCleared { .. }
        | Event::InvitationCreated { .. }
        | Event::InvitationResent { .. }
        | Event::InvitationAccepted { .. }
        | Event::InvitationRejected { .. }
        | Event::InvitationRevoked { .. } => (&[], None, None),
    }
}

/// The deed of an operator on a whole table, with its counts.
fn deed(event: &Event) -> String {
    match event {
        Event::TableRecovered {
            to,
            source,
            put_back,
            removed,
            left,
            ..
        } => {
            let point = to.map(|to| to.to_string()).or_else(|| source.clone());
            let point = point.unwrap_or_default();
            format!("to {point}: {put_back} put back, {removed} removed, {left} left alone")
        }
        Event::TableRepaired { repaired, .. } => format!("{repaired} repaired"),
        _ => String::new(),
    }
}

/// The words of an admin that fit.
fn words(reason: &str) -> String {
    let mut chars = reason.char_indices();
    let end = chars.find(|(at, char)| at + char.len_utf8() > MAX_WORDS);
    let end = end.map_or(reason.len(), |(at, _)| at);
    reason.get(..end).unwrap_or_default().to_owned()
}

/// The names that fit, in their order.
fn cut(names: &[String]) -> impl Iterator<Item = &String> {
    names
        .iter()
        .scan(0, |bytes, name| {
            *bytes += name.len();
            Some((*bytes, name))
        })
        .take_while(|(bytes, _)| *bytes <= MAX_CHANGED)
        .map(|(_, name)| name)
}

/// The actor, beside the id that the index has.
fn who(actor: &Actor) -> AttributeValue {
    let mut who = Item::from([("type".to_owned(), text(actor.r#type.as_str()))]);
    let ids = [
        ("id", actor.id),
        ("key", actor.key_id),
        ("impersonator", actor.impersonator),
    ];
    who.extend(
        ids.into_iter()
            .filter_map(|(name, it)| Some((name.to_owned(), id(it?)))),
    );
    let texts = [("role", &actor.role), ("trigger", &actor.trigger)];
    who.extend(
        texts
            .into_iter()
            .filter_map(|(name, it)| Some((name.to_owned(), text(it.as_ref()?)))),
    );
    who.extend(actor.depth.map(|depth| ("depth".to_owned(), number(depth))));
    AttributeValue::M(who)
}

/// Reads an entry.
pub(crate) fn read(mut item: Item) -> Result<AuditEntry, Error> {
    let actor = match item.remove("who") {
        Some(AttributeValue::M(who)) => Some(read_actor(who)?),
        _ => None,
    };
    let changed = match item.remove("changed") {
        Some(AttributeValue::L(names)) => names,
        _ => Vec::new(),
    };
    let changed = changed.into_iter().filter_map(|name| match name {
        AttributeValue::S(name) => Some(name),
        _ => None,
    });
    let changed = changed.collect();
    let mut reader = Reader::new(AUDIT.name, &mut item);
    let id = reader.id("id")?;
    let role = reader
        .optional_text("role_from")
        .zip(reader.optional_text("role_to"));
    Ok(AuditEntry {
        id,
        r#type: reader.text("type")?,
        at: id.created_at(),
        actor,
        subject: Subject {
            collection: reader.text("collection")?,
            id: reader.text("subject")?,
            owner: reader.optional_text("owner"),
        },
        request_id: reader.optional_text("request_id"),
        ip: reader.optional_text("ip"),
        user_agent: reader.optional_text("user_agent"),
        changed,
        reason: reader.optional_text("reason"),
        role: role.map(|(from, to)| RoleChange { from, to }),
    })
}

fn read_actor(mut who: Item) -> Result<Actor, Error> {
    let mut reader = Reader::new(AUDIT.name, &mut who);
    let kind = reader.text("type")?;
    let kind = ActorType::parse(&kind);
    let broken = || Error::internal("_audit item without a proper actor");
    let mut id = |name: &str| reader.optional_text(name).and_then(|id| id.parse().ok());
    let (own, key, impersonator) = (id("id"), id("key"), id("impersonator"));
    Ok(Actor {
        id: own,
        role: reader.optional_text("role"),
        key_id: key,
        impersonator,
        trigger: reader.optional_text("trigger"),
        depth: reader
            .optional_number("depth")
            .and_then(|it| it.try_into().ok()),
        ..Actor::of(kind.ok_or_else(broken)?)
    })
}

/// One partition of the log or of an index, newest entries first.
struct Source<'a> {
    index: Option<&'static str>,
    name: &'static str,
    value: &'a str,
}

impl Store {
    /// A page of the entries that `query` asks for, after the entry `after`. It reads the four partitions beside each
    /// other, or one of an index. Where a filter drops entries, it reads on for four rounds and about 1 MB. The page
    /// may then hold fewer than its limit and go on.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn list_audit(
        &self,
        query: &AuditQuery,
        after: Option<Id>,
    ) -> Result<AuditPage, Error> {
        let wanted = query.limit + 1;
        let take = if query.drops() { MAX_TAKEN } else { wanted };
        let mut entries: Vec<AuditEntry> = Vec::new();
        let mut before = after.or(query.to);
        for _ in 0..MAX_ROUNDS {
            let (read, end) = self.audit_round(query, before, take).await?;
            entries.extend(read.into_iter().filter(|entry| query.admits(entry)));
            if entries.len() >= wanted {
                entries.truncate(query.limit);
                let next = entries.last().map(|entry| entry.id);
                return Ok(AuditPage { entries, next });
            }
            before = end;
            if end.is_none() {
                break;
            }
        }
        Ok(AuditPage {
            entries,
            next: before,
        })
    }

    /// Reads entries of every partition, newest first, and the id down to which all of them are read.
    async fn audit_round(
        &self,
        query: &AuditQuery,
        before: Option<Id>,
        take: usize,
    ) -> Result<(Vec<AuditEntry>, Option<Id>), Error> {
        let (subject, actor) = (
            query.subject.map(|id| id.to_string()),
            query.actor.map(|id| id.to_string()),
        );
        let of_index = |index: &'static api::tables::Index, value| Source {
            index: Some(index.name),
            name: index.key[0],
            value,
        };
        let read = |source| self.audit_part(source, query.from, before, take);
        let parts = match (&subject, &actor) {
            (Some(subject), _) => vec![read(of_index(&AUDIT_BY_SUBJECT, subject)).await?],
            (None, Some(actor)) => vec![read(of_index(&AUDIT_BY_ACTOR, actor)).await?],
            (None, None) => {
                let of_shard = |at: usize| {
                    read(Source {
                        index: None,
                        name: AUDIT.key[0],
                        value: SHARDS[at],
                    })
                };
                let (a, b, c, d) =
                    tokio::try_join!(of_shard(0), of_shard(1), of_shard(2), of_shard(3))?;
                vec![a, b, c, d]
            }
        };
        // Below the last entry of a partition that has more, not all are known.
        let unfinished = parts.iter().filter(|(_, more)| *more);
        let end = unfinished
            .filter_map(|(entries, _)| entries.last().map(|entry| entry.id))
            .max();
        let mut entries: Vec<AuditEntry> = parts
            .into_iter()
            .flat_map(|(entries, _)| entries)
            .filter(|entry| end.is_none_or(|end| entry.id >= end))
            .collect();
        entries.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.id));
        Ok((entries, end))
    }

    /// Reads entries of one partition, and whether it has more.
    async fn audit_part(
        &self,
        source: Source<'_>,
        from: Option<Id>,
        before: Option<Id>,
        take: usize,
    ) -> Result<(Vec<AuditEntry>, bool), Error> {
        let query = self
            .client
            .query()
            .table_name(self.table(AUDIT.name))
            .set_index_name(source.index.map(ToOwned::to_owned))
            .expression_attribute_names("#part", source.name)
            .expression_attribute_values(":part", text(source.value))
            .scan_index_forward(false)
            .limit(i32::try_from(take).unwrap_or(i32::MAX));
        let query = match (from, before) {
            (None, None) => query.key_condition_expression("#part = :part"),
            (Some(from), None) => query
                .key_condition_expression("#part = :part AND #id >= :from")
                .expression_attribute_names("#id", "id")
                .expression_attribute_values(":from", id(from)),
            (None, Some(before)) => query
                .key_condition_expression("#part = :part AND #id < :before")
                .expression_attribute_names("#id", "id")
                .expression_attribute_values(":before", id(before)),
            (Some(from), Some(before)) => query
                .key_condition_expression("#part = :part AND #id BETWEEN :from AND :last")
                .expression_attribute_names("#id", "id")
                .expression_attribute_values(":from", id(from))
                .expression_attribute_values(":last", id(before)),
        };
        let output = query.send().await.map_err(|error| fault::of(&error))?;
        let more = output.last_evaluated_key.is_some();
        let entries = output.items.unwrap_or_default().into_iter().map(read);
        let mut entries = entries.collect::<Result<Vec<AuditEntry>, Error>>()?;
        // `BETWEEN` has both ends.
        entries.retain(|entry| Some(entry.id) != before);
        Ok((entries, more))
    }
}
