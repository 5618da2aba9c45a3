//! Tables whose changes reach the workers, as they do in a stack.

use local::invocation::Front;
use local::pump::Pump;
use serde_json::json;

use crate::apart::Apart;
use crate::engine;
use crate::inside::{Inside, Instance};

/// Empty tables with streams, and the workers that read them.
#[derive(Debug)]
pub struct Flow<'a> {
    pump: Option<Pump>,
    /// The front by which workers are invoked.
    pub front: Front,
    /// The tables and their proxy.
    pub apart: Apart<'a>,
    inside: &'a Inside,
    workers: Vec<(String, Instance<'a>)>,
}

impl<'a> Flow<'a> {
    /// Makes the tables of the template, empty, and starts nothing.
    ///
    /// # Panics
    /// They cannot be made.
    #[must_use]
    pub fn new(inside: &'a Inside) -> Self {
        let dynamo = engine::streaming(&inside.template).unwrap();
        Self {
            pump: None,
            front: Front::start(&inside.url(), &inside.template).unwrap(),
            apart: Apart::on(inside, dynamo),
            inside,
            workers: Vec::new(),
        }
    }

    /// An instance of a function on these tables, which can wake the workers.
    ///
    /// # Panics
    /// It cannot be started.
    #[must_use]
    pub fn function(&self, function: &str, env: &[(&str, &str)]) -> Instance<'a> {
        let lambda = self.front.endpoint();
        let own = [("AWS_ENDPOINT_URL_LAMBDA", lambda.as_str())];
        self.apart.function(function, "flow", &[&own, env].concat())
    }

    /// Starts an instance of a worker, which gets the changes from now on.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn start_worker(&mut self, worker: &str, env: &[(&str, &str)]) {
        let (tables, lambda) = (self.apart.proxy.endpoint(), self.front.endpoint());
        let own = [
            ("AWS_ENDPOINT_URL_DYNAMODB", tables.as_str()),
            ("AWS_ENDPOINT_URL_LAMBDA", lambda.as_str()),
        ];
        let all = [&own, env].concat();
        let instance = self.inside.variant(worker, "flow", 1, &all);
        self.front.alias(worker, instance.slot());
        self.workers.push((worker.to_owned(), instance));
    }

    /// Kills every instance of a worker, whatever it is doing.
    pub fn kill_worker(&mut self, worker: &str) {
        self.workers.retain(|(name, _)| name != worker);
    }

    /// Lets the changes flow, also those that were made before.
    ///
    /// # Panics
    /// The pump does not start.
    pub fn open(&mut self) {
        let file = self.apart.dynamo.file().unwrap();
        let lost = file.with_extension("lost");
        let pump = Pump::start(file, &lost, &self.inside.template, &self.front).unwrap();
        self.pump = Some(pump);
    }

    /// Has a worker look once for what is due, as the schedule does once a minute.
    ///
    /// # Panics
    /// The worker fails.
    pub fn sweep(&self) {
        let sweep = json!({ "sweep": true });
        let _ = self.front.invoke("webhooks-deliver", &sweep).unwrap();
    }

    /// Stops the flow, as the end of its process does.
    pub fn close(&mut self) {
        self.pump = None;
    }

    /// The log so far of every worker.
    #[must_use]
    pub fn log(&self) -> String {
        let instances = self.workers.iter();
        instances.map(|(_, instance)| instance.log()).collect()
    }
}
