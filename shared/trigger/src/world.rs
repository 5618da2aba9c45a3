//! The world of a trigger's code: the event, the time, the settings, and records, which it reads and writes as an admin.

use std::sync::atomic::{AtomicU32, Ordering};

use api::event::{Consumer, Envelope};
use api::query::parse;
use api::record::Write;
use api::settings::Settings;
use api::{Code, Definition, Timestamp};
use auth::prepare::{self, Draft, WriteTarget};
use auth::{Admitted, Visibility, Writer};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};
use store::{Budget, Created, IdempotencyKey, Store, StoredRecord};

use crate::failure::Failure;

/// The bytes of an id that are not its time.
type Random = [u8; 10];

/// The world of one run: a trigger, and the event that it runs after.
pub struct World<'a> {
    pub(crate) store: &'a Store,
    pub(crate) trigger: &'a str,
    pub(crate) event: &'a Envelope,
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
    /// Sets the writes of one run apart from those of another.
    pub(crate) run: [u8; 16],
    pub(crate) calls: AtomicU32,
    pub(crate) caller: Admitted,
}

impl World<'_> {
    /// The event with its id, time, actor and subject.
    #[must_use]
    pub fn event(&self) -> &Envelope {
        self.event
    }

    /// When this run began.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The settings of the project.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        self.settings
    }

    /// Writes a line to the log, with the names of trigger and event.
    pub fn log(&self, message: &str) {
        runtime::note(self.trigger, self.event.id, message);
    }

    /// Reads a record; `None` where there is none.
    ///
    /// # Errors
    /// The collection is not declared, or `reads` of the trigger does not name it; the tables are away.
    pub async fn get(
        &self,
        collection: &str,
        id: &str,
    ) -> Result<Option<Map<String, Value>>, Failure> {
        let definition = found(collection)?;
        let record = self.store.record_at(definition, id).await?;
        Ok(record.map(|record| shown(definition, record)))
    }

    /// Lists records as `GET /api/{collection}` does, with the same parameters but `cursor`, `fields` and `expand`.
    ///
    /// # Errors
    /// A parameter that is not valid, an order that no index serves, or the tables are away.
    pub async fn list(
        &self,
        collection: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Vec<Map<String, Value>>, Failure> {
        let definition = found(collection)?;
        let given = parameters.iter().map(|(name, value)| (*name, *value));
        let query = parse(definition, given)?;
        if query.cursor.is_some() || query.fields.is_some() || !query.expand.is_empty() {
            return Err(Failure::new(
                "a trigger's list takes neither cursor, fields nor expand",
            ));
        }
        let visibility = Visibility::new(definition, &self.caller);
        let (scope, filter) = visibility.list(&query.sort, &query.filter)?;
        let plan = store::plan(definition, &scope, Some(&query.sort), &filter)?;
        let budget = Budget::of(&self.caller);
        let page = self
            .store
            .list(definition, &plan, &filter, None, query.limit, budget)
            .await?;
        let views = page.records.into_iter();
        Ok(views.map(|record| record.view(None).0).collect())
    }

    /// Creates a record, and returns it. A trigger that runs twice for one event creates it once: its id follows from the
    /// event, the trigger and the number of this call. A record that was deleted meanwhile may be made again.
    ///
    /// # Errors
    /// The fields are not valid, a unique value is taken, `writes` of the trigger does not name the collection, or the
    /// tables are away.
    pub async fn create(
        &self,
        collection: &str,
        fields: Value,
    ) -> Result<Map<String, Value>, Failure> {
        let definition = found(collection)?;
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let visibility = Visibility::new(definition, &self.caller);
        let id = prepare::new_id(definition, self.event.at, self.derived(&call.to_be_bytes()));
        let fields = object(fields)?;
        let creation = || prepare::create(&visibility, id, fields.clone(), collections::get);
        let consumer = Consumer::Trigger(self.trigger.to_owned());
        // The key alone counts: code that runs again may find another time.
        let key = format!("{consumer}/{call}");
        let key = IdempotencyKey::new(self.event.id, &key, &Map::new(), None, self.now);
        let created = self
            .store
            .create(definition, creation()?, Some(&key), &self.writer(call))
            .await;
        let record = match created {
            Ok(Created::New(record) | Created::Before(Some(record))) => record,
            // An earlier run made it, and somebody has deleted it: it is made again.
            Ok(Created::Before(None)) => {
                let writer = self.writer(call);
                let again = self.store.create(definition, creation()?, None, &writer);
                match again.await? {
                    Created::New(record) | Created::Before(Some(record)) => record,
                    Created::Before(None) => return Err(Failure::new("nothing was created")),
                }
            }
            // The key of an earlier run is kept for a day, its record for longer.
            Err(error) => match self.store.record(definition, id).await? {
                Some(record) => record,
                None => return Err(error.into()),
            },
        };
        Ok(shown(definition, record))
    }

    /// Changes the given fields of a record, and returns it; `null` removes a field.
    ///
    /// # Errors
    /// As for [`World::create`], and there is no such record.
    pub async fn update(
        &self,
        collection: &str,
        id: &str,
        fields: Value,
    ) -> Result<Map<String, Value>, Failure> {
        let definition = found(collection)?;
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let visibility = Visibility::new(definition, &self.caller);
        let draft = Draft::new(definition, object(fields)?, Write::Merge);
        let before = self.store.before_update(&draft, id).await?;
        let target = WriteTarget::any_revision(id);
        let update = prepare::update(&visibility, target, draft, collections::get)?;
        let record = self
            .store
            .update(update, before, &self.writer(call))
            .await?;
        Ok(shown(definition, record))
    }

    /// Deletes a record; returns whether there was one.
    ///
    /// # Errors
    /// `writes` of the trigger does not name the collection, or the tables are away.
    pub async fn delete(&self, collection: &str, id: &str) -> Result<bool, Failure> {
        let definition = found(collection)?;
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let visibility = Visibility::new(definition, &self.caller);
        let before = self.store.before_delete(definition, id).await?;
        let gone = async {
            let removal = prepare::delete(&visibility, WriteTarget::any_revision(id))?;
            self.store.delete(removal, before, &self.writer(call)).await
        };
        match gone.await {
            Ok(()) => Ok(true),
            Err(error) if error.code == Code::RecordNotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The writer of a call, which no other run has.
    fn writer(&self, call: u32) -> Writer {
        let depth = self.event.actor.as_ref().and_then(|actor| actor.depth);
        let seed = [&self.run[..], &call.to_be_bytes()].concat();
        Writer::trigger(
            (self.trigger, depth.unwrap_or_default().saturating_add(1)),
            self.now,
            self.derived(&seed),
        )
    }

    /// Bytes that follow from event, trigger and this seed.
    fn derived(&self, seed: &[u8]) -> Random {
        let text = format!("{}\0{}\0", self.event.id, self.trigger);
        let hash = digest(&SHA256, &[text.as_bytes(), seed].concat());
        let mut bytes = Random::default();
        for (to, from) in bytes.iter_mut().zip(hash.as_ref()) {
            *to = *from;
        }
        bytes
    }
}

/// The definition of a collection.
fn found(collection: &str) -> Result<&'static Definition, Failure> {
    collections::get(collection)
        .ok_or_else(|| Failure::new(format!("there is no collection {collection}")))
}

fn object(fields: Value) -> Result<Map<String, Value>, Failure> {
    match fields {
        Value::Object(fields) => Ok(fields),
        _ => Err(Failure::new("the fields of a record are an object")),
    }
}

/// A record as an admin sees it.
fn shown(definition: &Definition, record: StoredRecord) -> Map<String, Value> {
    record.wire(definition).view(None).0
}
