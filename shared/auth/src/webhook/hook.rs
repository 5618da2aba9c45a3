//! A webhook: its settings, its state and its sealed secrets.

use std::collections::BTreeSet;
use std::time::Duration;

use api::event::{Consumer, Envelope, Pattern, VERSION};
use api::wire::{self, NewWebhook, WebhookChanges, WebhookState};
use api::{Detail, Error, Id, Timestamp};

use super::secret::{ROTATION, Secret};
use crate::keys::Keys;
use crate::sealing::Purpose;

/// The most webhooks there may be.
pub const MAX_WEBHOOKS: usize = 50;

/// How long a receiver may fail before an alarm tells of it.
const LONG: Duration = Duration::from_hours(1);

const DEFAULT_TIMEOUT: u64 = 10;
const DEFAULT_CONCURRENCY: u64 = 5;

/// A webhook as its item has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The id.
    pub id: Id,
    /// The name, for people.
    pub name: String,
    /// The URL that deliveries go to.
    pub url: String,
    /// The events that it wants.
    pub events: Vec<Pattern>,
    /// The collections whose record events it wants; `None` for all.
    pub collections: Option<Vec<String>>,
    /// The seconds that its receiver has.
    pub timeout: u64,
    /// The most deliveries under way at once.
    pub concurrency: u64,
    /// Whether it is switched off.
    pub disabled: bool,
    /// When its receiver began to fail, while it does.
    pub failing_since: Option<Timestamp>,
    /// The secret that signs, sealed.
    pub secret: String,
    /// The secret before, sealed, and until when it signs as well.
    pub previous: Option<(String, Timestamp)>,
    /// When the secret was last replaced.
    pub rotated_at: Option<Timestamp>,
}

impl Webhook {
    /// A new webhook. Its URL is judged elsewhere, since that takes a resolution.
    ///
    /// # Errors
    /// `common/validation-failed` naming every part that is not valid.
    pub fn new(
        asked: NewWebhook,
        id: Id,
        secret: String,
        is_collection: impl Fn(&str) -> bool,
    ) -> Result<Self, Error> {
        let mut details = Vec::new();
        check_name(&asked.name, &mut details);
        let events = patterns(&asked.events, &mut details);
        check_collections(asked.collections.as_deref(), is_collection, &mut details);
        if !details.is_empty() {
            return Err(Error::invalid(details));
        }
        Ok(Self {
            id,
            name: asked.name,
            url: asked.url,
            events,
            collections: asked.collections,
            timeout: asked.timeout.unwrap_or(DEFAULT_TIMEOUT),
            concurrency: asked.concurrency.unwrap_or(DEFAULT_CONCURRENCY),
            disabled: false,
            failing_since: None,
            secret,
            previous: None,
            rotated_at: None,
        })
    }

    /// The webhook with these changes.
    ///
    /// # Errors
    /// `common/validation-failed` naming every part that is not valid.
    pub fn changed(
        self,
        asked: WebhookChanges,
        is_collection: impl Fn(&str) -> bool,
    ) -> Result<Self, Error> {
        let mut details = Vec::new();
        if let Some(name) = &asked.name {
            check_name(name, &mut details);
        }
        let events = asked.events.map(|events| patterns(&events, &mut details));
        let collections = asked.collections.unwrap_or(self.collections);
        check_collections(collections.as_deref(), is_collection, &mut details);
        if !details.is_empty() {
            return Err(Error::invalid(details));
        }
        Ok(Self {
            name: asked.name.unwrap_or(self.name),
            url: asked.url.unwrap_or(self.url),
            events: events.unwrap_or(self.events),
            collections,
            timeout: asked.timeout.unwrap_or(self.timeout),
            concurrency: asked.concurrency.unwrap_or(self.concurrency),
            disabled: asked.disabled.unwrap_or(self.disabled),
            ..self
        })
    }

    /// The webhook with a new secret: the old one signs beside it for a day.
    #[must_use]
    pub fn rotated(self, secret: String, now: Timestamp) -> Self {
        let until = Timestamp::from_millis(now.millis().saturating_add(ROTATION));
        Self {
            previous: Some((self.secret, until)),
            secret,
            rotated_at: Some(now),
            ..self
        }
    }

    /// Its sealed secrets, the newest first.
    pub fn sealed(&self) -> impl Iterator<Item = &str> + Clone {
        let previous = self.previous.as_ref().map(|(sealed, _)| &**sealed);
        std::iter::once(&*self.secret).chain(previous)
    }

    /// The webhook with its secrets sealed anew under the highest number.
    ///
    /// # Errors
    /// `common/internal` where a secret does not open.
    pub fn resealed(self, keys: &Keys, nonces: [[u8; 12]; 2]) -> Result<Self, Error> {
        let item = place(self.id);
        let [first, second] = nonces;
        let anew =
            |sealed: &str, nonce| keys.reseal((Purpose::WebhookSecret, &item), sealed, nonce);
        let previous = match &self.previous {
            Some((sealed, until)) => Some((anew(sealed, second)?, *until)),
            None => None,
        };
        Ok(Self {
            secret: anew(&self.secret, first)?,
            previous,
            ..self
        })
    }

    /// Whether its receiver has been failing for an hour. One that is switched off gets nothing, and so fails no more.
    #[must_use]
    pub fn fails_long(&self, now: Timestamp) -> bool {
        let is_long = |since: Timestamp| since.after(LONG) <= now;
        !self.disabled && self.failing_since.is_some_and(is_long)
    }

    /// Whether an event goes to it. A webhook that is switched off wants none.
    #[must_use]
    pub fn wants(&self, event: &Envelope) -> bool {
        let kind = event.kind();
        let is_narrow = self.collections.as_ref().filter(|_| kind.is_of_records());
        let collection = &event.subject.collection;
        !self.disabled
            && self.events.iter().any(|pattern| pattern.matches(kind))
            && is_narrow.is_none_or(|collections| collections.contains(collection))
    }

    /// The consumer that it is.
    #[must_use]
    pub const fn consumer(&self) -> Consumer {
        Consumer::Webhook(self.id)
    }

    /// The secrets that sign now, the newest first.
    ///
    /// # Errors
    /// `common/internal` where the secret does not open: its sealing key is gone, or the item is another's.
    pub fn secrets(&self, keys: &Keys, now: Timestamp) -> Result<Vec<Secret>, Error> {
        let open = |sealed: &str| {
            let bytes = keys.unseal((Purpose::WebhookSecret, &place(self.id)), sealed);
            bytes.and_then(|bytes| Secret::from_bytes(&bytes))
        };
        let broken = || Error::internal(format!("the secret of webhook {} is closed", self.id));
        let old = self.previous.as_ref().filter(|(_, until)| now < *until);
        let newest = open(&self.secret).ok_or_else(broken)?;
        let old = old.map(|(sealed, _)| open(sealed).ok_or_else(broken));
        Ok(std::iter::once(newest).chain(old.transpose()?).collect())
    }

    /// The webhook as an admin sees it.
    #[must_use]
    pub fn to_wire(&self) -> wire::Webhook {
        let state = match (self.disabled, self.failing_since) {
            (true, _) => WebhookState::Disabled,
            (false, Some(_)) => WebhookState::Failing,
            (false, None) => WebhookState::Active,
        };
        wire::Webhook {
            id: self.id,
            name: self.name.clone(),
            url: self.url.clone(),
            events: self.events.clone(),
            collections: self.collections.clone(),
            timeout: self.timeout,
            concurrency: self.concurrency,
            state,
            created_at: self.id.created_at(),
            rotated_at: self.rotated_at,
        }
    }
}

/// Seals a new secret for the item of its webhook.
///
/// # Errors
/// Those of [`Keys::seal`].
pub fn seal(keys: &Keys, id: Id, secret: &Secret, nonce: [u8; 12]) -> Result<String, Error> {
    keys.seal((Purpose::WebhookSecret, &place(id)), secret.bytes(), nonce)
}

/// The body of a test: it has the shape of an event, and tells of none.
#[must_use]
pub fn test_body(id: Id, stack: &str, now: Timestamp) -> String {
    serde_json::json!({
        "id": id, "type": "webhook.test", "at": now, "stack": stack, "version": VERSION, "data": {},
    })
    .to_string()
}

/// The key of a webhook's item, to which its secrets are sealed.
#[must_use]
pub fn place(id: Id) -> String {
    format!("consumers/{}", Consumer::Webhook(id))
}

fn check_name(name: &str, details: &mut Vec<Detail>) {
    let fits = (1..=100).contains(&name.chars().count())
        && !name.trim().is_empty()
        && !name.chars().any(char::is_control);
    if !fits {
        let message = "`name` must have 1 to 100 characters, none of them a control.";
        details.push(Detail::new("name", "format", message));
    }
}

fn patterns(texts: &[String], details: &mut Vec<Detail>) -> Vec<Pattern> {
    let mut seen = BTreeSet::new();
    let mut patterns = Vec::with_capacity(texts.len());
    for (at, text) in texts.iter().enumerate() {
        let place = format!("events[{at}]");
        match text.parse::<Pattern>() {
            Ok(pattern) if seen.insert(pattern) => patterns.push(pattern),
            Ok(_) => {
                let message = format!("`{place}`: `{text}` is there twice.");
                details.push(Detail::new(place, "repeated", message));
            }
            Err(_) => {
                let message = format!(
                    "`{place}`: `{}` is no pattern of events: `*`, a family such as `auth.*`, or a type.",
                    cut(text)
                );
                details.push(Detail::new(place, "enum", message));
            }
        }
    }
    patterns
}

fn check_collections(
    names: Option<&[String]>,
    is_collection: impl Fn(&str) -> bool,
    details: &mut Vec<Detail>,
) {
    let mut seen = BTreeSet::new();
    for (at, name) in names.unwrap_or_default().iter().enumerate() {
        let place = format!("collections[{at}]");
        let (code, fault) = if !is_collection(name) {
            ("unknown-collection", "is no collection")
        } else if !seen.insert(name) {
            ("repeated", "is there twice")
        } else {
            continue;
        };
        let message = format!("`{place}`: `{}` {fault}.", cut(name));
        details.push(Detail::new(place, code, message));
    }
}

/// A caller's text for a message, cut to a decent length.
fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests;
