//! The page of what runs without a request: every worker, declared once. Its function, role, event source mappings, schedule
//! and alarms follow from here, and so does its part of the local stack.

use std::fmt::Debug;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::endpoints::{Action, Right, Table, Variable};
use crate::event::Consumer;

/// One entry of the page.
#[derive(Clone, Copy, Debug)]
pub struct Worker {
    /// Folder, package, binary and template resource.
    pub name: &'static str,
    /// The sentence that documents the worker.
    pub doc: &'static str,
    /// The reason why it runs.
    pub source: Source,
    /// Its access to tables: the whole of its IAM policy on them.
    pub access: &'static [(Action, Table)],
    /// Its rights beyond the tables, beside those that follow from the source.
    pub rights: &'static [Right],
    /// The variables it needs, beside those of every function.
    pub needs: &'static [Variable],
    /// The consumers that it delivers to, if it does.
    pub serves: Option<Serves>,
    /// The most seconds that one invocation takes.
    pub timeout: u16,
    /// The memory, in MB.
    pub memory: u16,
}

/// The reason why a worker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The streams of the system tables and of the collections, a batch an invocation, in the order of each item's
    /// changes. A batch that fails comes again.
    Streams,
    /// The stream of the mails that are due, a few an invocation, in the order of each item's changes. A mail that fails
    /// comes again. The stack has such a worker where `mail.from` is set.
    Mails,
    /// The topic that SES tells of bounces and complaints. The stack has such a worker where `mail.from` is set.
    Feedback,
    /// An asynchronous invocation that names a consumer, tried once.
    Wakes,
    /// The same, and once a minute an invocation that asks to look for what is due.
    WakesAndSweeps,
}

/// A kind of consumers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serves {
    /// Webhooks.
    Webhooks,
    /// Triggers.
    Triggers,
}

/// The worker that delivers to a consumer.
#[must_use]
pub fn serving(consumer: &Consumer) -> Option<&'static Worker> {
    let kind = match consumer {
        Consumer::Webhook(_) => Serves::Webhooks,
        Consumer::Trigger(_) => Serves::Triggers,
    };
    let mut workers = WORKERS.iter().copied();
    workers.find(|worker| worker.serves == Some(kind))
}

/// A worker as a type, with the type of the payload that invokes it.
pub trait Work: 'static {
    /// The payload.
    type Input: DeserializeOwned + Debug + 'static;
    /// The entry on the page.
    const WORKER: &'static Worker;
}

/// The payload of a stream: the records as Lambda hands them over.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Changes {
    /// The records, oldest first.
    #[serde(rename = "Records")]
    pub records: Vec<Value>,
}

/// The payload that wakes the worker of a consumer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Wake {
    /// The consumer.
    pub consumer: Consumer,
}

/// The payload of a worker that is woken for a consumer, and asked once a minute to look for what is due.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Turn {
    /// A consumer is to be served.
    Wake(Wake),
    /// `{"sweep": true}`: every consumer is looked at, and its worker is woken where it is needed.
    Sweep {
        /// Always true.
        sweep: bool,
    },
}

impl Worker {
    /// Whether it reads the signing keys when it starts.
    #[must_use]
    pub fn reads_keys(&self) -> bool {
        self.access.contains(&(Action::GetItem, Table::Settings))
    }
}

impl Source {
    /// Whether the stack has such a worker only where it sends mails.
    #[must_use]
    pub const fn needs_mail(self) -> bool {
        matches!(self, Self::Mails | Self::Feedback)
    }

    /// Whether a stream invokes the worker: it answers with the record that failed first.
    #[must_use]
    pub const fn is_stream(self) -> bool {
        matches!(self, Self::Streams | Self::Mails)
    }

    /// Whether another function may invoke the worker, naming a consumer.
    #[must_use]
    pub const fn is_woken(self) -> bool {
        matches!(self, Self::Wakes | Self::WakesAndSweeps)
    }
}

/// The kind of consumers that a worker serves, which an entry may leave out.
macro_rules! served {
    () => {
        None
    };
    ($kind:ident) => {
        Some(Serves::$kind)
    };
}

/// Reads the page: one block for each worker. A fact that a block leaves out is none.
macro_rules! workers {
    ($(
        #[doc = $doc:literal]
        $type:ident $name:literal: $source:ident $input:ty {
            timeout: $timeout:literal,
            memory: $memory:literal,
            $(serves: $serves:ident,)?
            $(needs: [$($variable:ident),* $(,)?],)?
            $(access: [$($action:ident $table:ident),* $(,)?],)?
            $(rights: [$($right:ident),* $(,)?],)?
        }
    )*) => {
        $(
            #[doc = $doc]
            #[derive(Debug)]
            pub struct $type;

            impl Work for $type {
                type Input = $input;
                const WORKER: &'static Worker = &Worker {
                    name: $name,
                    doc: $doc.trim_ascii(),
                    source: Source::$source,
                    access: &[$($((Action::$action, Table::$table)),*)?],
                    rights: &[$($(Right::$right),*)?],
                    needs: &[$($(Variable::$variable),*)?],
                    serves: served!($($serves)?),
                    timeout: $timeout,
                    memory: $memory,
                };
            }
        )*

        /// The page: every worker.
        pub const WORKERS: &[&Worker] = &[$($type::WORKER),*];
    };
}

workers! {
    /// Make events of the changes of the tables: for the audit log, for consumers and for the event bus.
    Events "events": Streams Changes {
        timeout: 60,
        memory: 256,
        needs: [EventBusName],
        access: [GetItem Settings, Query Deliveries, BatchWriteItem Deliveries, BatchWriteItem Events,
                 BatchWriteItem Audit, PutItem Mail],
        rights: [WakeWorkers, PutEvents],
    }

    /// Deliver events to webhooks; once a minute, wake the worker of each consumer that needs one.
    WebhooksDeliver "webhooks-deliver": WakesAndSweeps Turn {
        timeout: 60,
        memory: 256,
        serves: Webhooks,
        access: [GetItem Settings, GetItem Deliveries, Query Deliveries, UpdateItem Deliveries, DeleteItem Deliveries,
                 BatchGetItem Deliveries, BatchWriteItem Deliveries, BatchGetItem Events],
        rights: [WakeWorkers],
    }

    /// Run the owner's triggers.
    Triggers "triggers": Wakes Wake {
        timeout: 60,
        memory: 256,
        serves: Triggers,
        access: [Query Deliveries, BatchGetItem Deliveries, UpdateItem Deliveries, DeleteItem Deliveries,
                 BatchWriteItem Deliveries, BatchGetItem Events, GetItem TriggerReads, Query TriggerReads,
                 Query TriggerIndexes, PutItem TriggerWrites, UpdateItem TriggerWrites, DeleteItem TriggerWrites,
                 ConditionCheckItem TriggerRelated, ConditionCheckItem TriggerRelatedUsers],
        rights: [WakeWorkers],
    }

    /// Send the mails that are due: decide by what is known of the address, make the text and hand it to SES.
    Mail "mail": Mails Changes {
        timeout: 60,
        memory: 256,
        access: [GetItem Settings, BatchGetItem Mail, UpdateItem Mail, PutItem Mail, BatchGetItem Users,
                 BatchGetItem Identities, GetItem Configuration],
        rights: [SendMail],
    }

    /// Keep the bounces of mails and the complaints with the users whose addresses they concern.
    MailFeedback "mail-feedback": Feedback Changes {
        timeout: 60,
        memory: 256,
        access: [GetItem Users, GetItem Identities, UpdateItem Users],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::PAGE;

    #[test]
    fn workers_have_names_that_no_endpoint_has_and_sentences() {
        for worker in WORKERS {
            let is_endpoint = PAGE.iter().any(|entry| entry.name == worker.name);
            assert!(!is_endpoint, "{}", worker.name);
            assert!(worker.doc.ends_with('.'), "{}", worker.doc);
            assert!((1..=900).contains(&worker.timeout), "{}", worker.name);
        }
    }

    #[test]
    fn a_turn_is_a_consumer_or_the_sweep() {
        let read = |text| serde_json::from_str::<Turn>(text).ok();
        let consumer = Consumer::Trigger("welcome".to_owned());
        let wake = read(r#"{"consumer":"trigger:welcome"}"#);
        assert_eq!(wake, Some(Turn::Wake(Wake { consumer })));
        let sweep = read(r#"{"sweep":true}"#);
        assert_eq!(sweep, Some(Turn::Sweep { sweep: true }));
        assert_eq!(read(r#"{"consumer":"welcome"}"#), None);
        assert_eq!(read("{}"), None);
    }

    #[test]
    fn records_of_a_stream_stay_as_they_are() {
        let text = r#"{"Records":[{"eventID":"1"}],"other":1}"#;
        let changes: Changes = serde_json::from_str(text).expect("changes");
        assert_eq!(changes.records, [serde_json::json!({ "eventID": "1" })]);
    }
}
