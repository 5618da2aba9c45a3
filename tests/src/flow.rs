//! Tables whose changes reach the workers, as they do in a stack.

use std::sync::{Mutex, MutexGuard, PoisonError};

use local::invocation::Front;
use local::pump::Pump;
use serde_json::json;

use crate::apart::Apart;
use crate::engine;
use crate::inside::{Inside, Instance};

/// Empty tables with streams, and the workers that read them.
#[derive(Debug)]
pub struct Flow<'a> {
    pump: Mutex<Option<Pump>>,
    /// The front by which workers are invoked.
    pub front: Front,
    /// The tables and their proxy.
    pub apart: Apart<'a>,
    inside: &'a Inside,
    workers: Mutex<Vec<(String, Instance<'a>)>>,
}

impl<'a> Flow<'a> {
    /// Makes the tables of the template, empty, and starts nothing.
    ///
    /// # Panics
    /// They cannot be made.
    #[must_use]
    pub fn new(inside: &'a Inside) -> Self {
        let dynamo = engine::streaming(&inside.template).unwrap();
        let front = Front::start(&inside.url(), &inside.template).unwrap();
        front.need_alias();
        Self {
            pump: Mutex::default(),
            front,
            apart: Apart::on(inside, dynamo),
            inside,
            workers: Mutex::default(),
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
    pub fn start_worker(&self, worker: &str, env: &[(&str, &str)]) {
        self.start_workers(worker, 1, env);
    }

    /// The same with several instances, as Lambda has for invocations at once.
    ///
    /// # Panics
    /// They cannot be started.
    pub fn start_workers(&self, worker: &str, count: usize, env: &[(&str, &str)]) {
        let (tables, lambda) = (self.apart.proxy.endpoint(), self.front.endpoint());
        let own = [
            ("AWS_ENDPOINT_URL_DYNAMODB", tables.as_str()),
            ("AWS_ENDPOINT_URL_LAMBDA", lambda.as_str()),
        ];
        let all = [&own, env].concat();
        let instance = self.inside.variant(worker, "flow", count, &all);
        self.front.alias(worker, instance.slot());
        lock(&self.workers).push((worker.to_owned(), instance));
    }

    /// The access key id of a worker's newest instances: what the proxy's rules know them by.
    ///
    /// # Panics
    /// It does not run.
    #[must_use]
    pub fn key(&self, worker: &str) -> String {
        let workers = lock(&self.workers);
        let mut found = workers.iter().rev().filter(|(name, _)| name == worker);
        found.next().unwrap().1.key.clone()
    }

    /// Kills every instance of a worker, in the middle of what they do.
    pub fn stop_worker(&self, worker: &str) {
        lock(&self.workers).retain(|(name, _)| name != worker);
        self.front.break_off(worker);
    }

    /// Kills every instance of a worker, and starts another in its place. No change is handed over in between: an instance
    /// that is gone would keep it for a minute.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn replace_worker(&self, worker: &str, env: &[(&str, &str)]) {
        lock(&self.workers).retain(|(name, _)| name != worker);
        self.start_worker(worker, env);
        self.front.break_off(worker);
    }

    /// Lets the changes flow, also those that were made before.
    ///
    /// # Panics
    /// The pump does not start.
    pub fn open(&self) {
        let file = self.apart.dynamo.file().unwrap();
        let lost = file.with_extension("lost");
        let pump = Pump::start(file, &lost, &self.inside.template, &self.front).unwrap();
        *lock(&self.pump) = Some(pump);
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
    pub fn close(&self) {
        *lock(&self.pump) = None;
    }

    /// The log so far of every worker.
    #[must_use]
    pub fn log(&self) -> String {
        let workers = lock(&self.workers);
        let logs = workers.iter().map(|(_, instance)| instance.log());
        logs.collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
