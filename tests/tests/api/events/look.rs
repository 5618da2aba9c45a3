//! Everything that the streams have told, and what is true of it as a whole.

use std::collections::{BTreeMap, BTreeSet};

use blackbox::Streams;
use blackbox::project::tested;
use local::dynamo::Dynamo;
use serde_json::Value;
use store::{StreamRecord, World, events_of};

use super::sealed::Shown;
use super::text;

/// The attributes whose content an event may have: those of users, sessions, API keys, invitations and records.
const NAMED: [&str; 36] = [
    "id",
    "shard",
    "kind",
    "email",
    "email_verified_at",
    "role",
    "disabled",
    "created_at",
    "profile",
    "deleted_at",
    "expires_at",
    "change",
    "data",
    "user_id",
    "begun",
    "amr",
    "ended",
    "revoked_at",
    "revoked_reason",
    "ip",
    "user_agent",
    "name",
    "type",
    "scopes",
    "rotated_at",
    "created_by",
    "updated_at",
    "owner",
    "fields",
    "rev",
    "actor",
    "last_used_at",
    "status",
    "invited_by",
    "resource",
    "mfa",
];

/// The attributes whose content an event may have: those of webhooks. Of their settings only the names are told.
const NAMED_OF_WEBHOOKS: [&str; 2] = ["id", "change"];

/// The names that events have as well, of other things: an attribute of that name is judged by its content alone. A webhook's
/// settings are told by name, and a record of a collection has fields of any name.
const ALSO_OF_EVENTS: [&str; 12] = [
    "record",
    "body",
    "url",
    "events",
    "collections",
    "timeout",
    "concurrency",
    "secret",
    "subject",
    "text",
    "html",
    "terms",
];

/// The stream records so far, their events, and what requests and replies have shown.
pub(super) struct Told {
    streams: Streams,
    records: Vec<Value>,
    /// The changes of mails, of which nothing is ever told.
    pub(super) mails: Vec<Value>,
    /// How many of those the sender has seen.
    handed: usize,
    events: Vec<Value>,
    pub(super) shown: Shown,
}

impl Told {
    pub(super) fn new(streams: Streams) -> Self {
        Self {
            streams,
            records: Vec::new(),
            mails: Vec::new(),
            handed: 0,
            events: Vec::new(),
            shown: Shown::default(),
        }
    }

    /// The events since the last call.
    pub(super) fn read(&mut self, dynamo: &Dynamo) -> Vec<Value> {
        let is_mail = |record: &Value| text(&record["eventSourceARN"]).contains("/local-_mail/");
        let (mails, records): (Vec<Value>, Vec<Value>) =
            self.streams.read(dynamo).into_iter().partition(is_mail);
        self.mails.extend(mails);
        let events: Vec<Value> = records.iter().flat_map(events_from).collect();
        self.records.extend(records);
        self.events.extend(events.clone());
        events
    }

    /// The mails that have become due since the last call.
    pub(super) fn due(&mut self) -> Vec<Value> {
        let new = self.mails[self.handed..].iter();
        let due = new.filter(|mail| mail["dynamodb"]["NewImage"]["mail"]["S"] == "due");
        let due = due.cloned().collect();
        self.handed = self.mails.len();
        due
    }

    /// Every change so far, also those of mails.
    pub(super) fn changes(&self) -> impl Iterator<Item = &Value> {
        self.records.iter().chain(&self.mails)
    }
}

/// The events of a stream record, as the worker makes them.
fn events_from(record: &Value) -> Vec<Value> {
    let project = &tested().project;
    let definitions = &project.collections.definitions;
    let world = World {
        prefix: "local-",
        collection: &|name| definitions.iter().find(|it| it.name == name),
        profile: &project.settings.users.fields,
    };
    let read = StreamRecord::read(record).unwrap_or_else(|unfit| panic!("{unfit}: {record}"));
    let events = events_of(&read, &world).unwrap_or_else(|unfit| panic!("{unfit}: {record}"));
    let events = events.iter().map(serde_json::to_value);
    events.map(Result::unwrap).collect()
}

/// Asserts what is true of all events together. A replay makes the same, and no two share an id. The revisions of a record
/// are a chain without a gap. Nothing secret or unnamed is in any.
pub(super) fn assert_whole(told: &Told) {
    let again: Vec<Value> = told.records.iter().flat_map(events_from).collect();
    assert_eq!(by_id(&again), by_id(&told.events));
    assert_eq!(again.len(), told.events.len());
    assert_eq!(
        by_id(&told.events).len(),
        told.events.len(),
        "two events share an id"
    );
    assert_chained(&told.events);

    let text = serde_json::to_string(&told.events).unwrap();
    assert!(told.shown.secrets.len() > 2, "{:?}", told.shown.secrets);
    let (unnamed, names) = unnamed(&told.records);
    println!("{} events; hidden: {names:?}", told.events.len());
    for secret in told.shown.secrets.iter().chain(&unnamed) {
        assert!(!text.contains(secret.as_str()), "an event has {secret}");
    }
    for name in names {
        if ALSO_OF_EVENTS.contains(&name.as_str()) {
            continue;
        }
        assert!(
            !text.contains(&format!("\"{name}\"")),
            "an event has {name}"
        );
    }
}

fn by_id(events: &[Value]) -> BTreeMap<String, &Value> {
    events
        .iter()
        .map(|event| (text(&event["id"]), event))
        .collect()
}

/// Each event of a record names the revision of the one before.
fn assert_chained(events: &[Value]) {
    let mut last: BTreeMap<String, Value> = BTreeMap::new();
    let of_records = events
        .iter()
        .filter(|event| text(&event["type"]).starts_with("record."));
    for event in of_records {
        let (subject, data) = (&event["subject"], &event["data"]);
        let record = format!("{}/{}", text(&subject["collection"]), text(&subject["id"]));
        let before = last.insert(record, data["rev"].clone()).unwrap_or_default();
        assert_eq!(data["previousRev"], before, "{event}");
    }
}

/// The texts and bytes of the attributes that no event may have, and the names of those attributes. A text that a named
/// attribute has as well, such as an id, is none of them.
fn unnamed(records: &[Value]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut hidden, mut shown, mut names) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for record in records {
        let is_webhook = text(&record["eventSourceARN"]).contains("/local-_deliveries/");
        let named: &[&str] = if is_webhook {
            &NAMED_OF_WEBHOOKS
        } else {
            &NAMED
        };
        for image in ["Keys", "NewImage", "OldImage"] {
            for (name, value) in record["dynamodb"][image].as_object().into_iter().flatten() {
                if named.contains(&name.as_str()) {
                    leaves(value, &mut shown);
                } else {
                    // A name that another table may tell says nothing.
                    names.extend(Some(name.clone()).filter(|it| !NAMED.contains(&it.as_str())));
                    // Of a service account events tell the name.
                    if name == "service" {
                        leaves(&value["M"]["name"], &mut shown);
                    }
                    leaves(value, &mut hidden);
                }
            }
        }
    }
    // It labels an account that tells no address, and events name the provider.
    let _ = hidden.remove("google");
    let hidden = hidden.difference(&shown).filter(|text| text.len() > 5);
    (hidden.cloned().collect(), names)
}

/// The texts and bytes in an attribute's value.
fn leaves(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| leaves(value, found)),
        Value::Object(values) => values.values().for_each(|value| leaves(value, found)),
        _ => {}
    }
}
