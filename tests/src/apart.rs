//! Tables, a proxy and functions that one test has to itself, beside the stack that all tests share.

use local::dynamo::Dynamo;
use local::proxy::{Call, Proxy};

use crate::client::Reply;
use crate::engine;
use crate::event::Event;
use crate::inside::{Inside, Instance};

/// Empty tables behind a proxy, and functions that know no others.
#[derive(Debug)]
pub struct Apart<'a> {
    inside: &'a Inside,
    /// The proxy: policies, ledger and faults of these functions alone.
    pub proxy: Proxy,
    /// The tables.
    pub dynamo: Dynamo,
}

impl<'a> Apart<'a> {
    /// Makes the tables of the template, empty.
    ///
    /// # Panics
    /// They cannot be made.
    #[must_use]
    pub fn new(inside: &'a Inside) -> Self {
        Self::on(inside, engine::apart(&inside.template).unwrap())
    }

    /// Makes the tables of the template, empty, and keeps all their changes, which [`Streams`](crate::Streams) reads.
    ///
    /// # Panics
    /// They cannot be made.
    #[must_use]
    pub fn with_streams(inside: &'a Inside) -> Self {
        Self::on(inside, engine::streaming(&inside.template).unwrap())
    }

    pub(crate) fn on(inside: &'a Inside, dynamo: Dynamo) -> Self {
        let proxy = Proxy::start(&dynamo.endpoint(), &inside.template).unwrap();
        Self {
            inside,
            proxy,
            dynamo,
        }
    }

    /// An instance of a function on these tables, started and out of the ledger.
    ///
    /// # Panics
    /// It cannot be started.
    #[must_use]
    pub fn function(&self, function: &str, label: &str, env: &[(&str, &str)]) -> Instance<'a> {
        self.signed_as(function, label, None, env)
    }

    /// Like [`Apart::function`], with another access key id.
    ///
    /// # Panics
    /// It cannot be started.
    #[must_use]
    pub fn signed_as(
        &self,
        function: &str,
        label: &str,
        key: Option<&str>,
        env: &[(&str, &str)],
    ) -> Instance<'a> {
        let endpoint = self.proxy.endpoint();
        let mut all = vec![("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str())];
        all.extend(key.map(|key| ("AWS_ACCESS_KEY_ID", key)));
        all.extend_from_slice(env);
        let instance = self.inside.variant(function, label, 1, &all);
        // An instance that answers has finished its start, and this path reads no table.
        let ready = instance.invoke(&Event::new("GET", "/nothing")).expect(404);
        // An endpoint that speaks OAuth says it in those words.
        let error = &ready.json()["error"];
        assert!(
            error["code"] == "common/not-found" || error == "invalid_request",
            "{error}"
        );
        let _ = self.proxy.drain(key.unwrap_or(&instance.key));
        instance
    }

    /// Hands an event to an instance.
    #[must_use]
    #[track_caller]
    pub fn ask(&self, instance: &Instance<'_>, event: &Event) -> Reply {
        instance.invoke(event)
    }

    /// The same, with its requests to DynamoDB.
    #[must_use]
    #[track_caller]
    pub fn measure(&self, instance: &Instance<'_>, event: &Event) -> (Reply, Vec<Call>) {
        let _ = self.proxy.drain(&instance.key);
        let reply = self.ask(instance, event);
        (reply, self.proxy.drain(&instance.key))
    }
}
