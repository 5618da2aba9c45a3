//! Faults on demand: those that a test wants, for which requests and how often.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::request::Request;

/// The kind of a fault.
#[derive(Clone, Debug)]
pub enum Fault {
    /// `ProvisionedThroughputExceededException`, nothing done.
    Throttle,
    /// `InternalServerError`, nothing done.
    Internal,
    /// The connection is closed without a reply, nothing done.
    Close,
    /// No reply ever comes, nothing done.
    Hang,
    /// The request is done, then the connection is closed without a reply.
    LoseReply,
    /// The request is done, the reply comes this much later.
    Delay(Duration),
    /// Another transaction is at the same items, nothing done.
    Conflict,
    /// A `BatchGetItem` reads nothing and hands every key back.
    Unprocessed,
    /// The request waits until it is released, then goes on.
    Hold(Held),
}

/// A fault with the requests that it concerns; made by [`Rule::new`], narrowed by the other functions.
#[derive(Clone, Debug)]
pub struct Rule {
    fault: Fault,
    key: Option<String>,
    action: Option<String>,
    table: Option<String>,
    skip: usize,
    left: usize,
}

impl Rule {
    /// `fault` for every request, without end.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            key: None,
            action: None,
            table: None,
            skip: 0,
            left: usize::MAX,
        }
    }

    /// Only for requests signed with this access key id.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..self
        }
    }

    /// Only for this operation (`TransactWriteItems`) or a request that needs this action (`PutItem`).
    #[must_use]
    pub fn action(self, action: &str) -> Self {
        Self {
            action: Some(action.to_owned()),
            ..self
        }
    }

    /// Only for requests on this table, named in full (`local-_users`) or without its prefix (`_users`).
    #[must_use]
    pub fn table(self, table: &str) -> Self {
        Self {
            table: Some(table.to_owned()),
            ..self
        }
    }

    /// Only for so many requests.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self {
            left: times,
            ..self
        }
    }

    /// Only after so many matching requests have passed.
    #[must_use]
    pub fn after(self, skip: usize) -> Self {
        Self { skip, ..self }
    }

    fn matches(&self, request: &Request) -> bool {
        let is_named = |wanted: &str, name: &str| {
            name == wanted || name.strip_prefix(crate::TABLE_PREFIX) == Some(wanted)
        };
        self.key.as_ref().is_none_or(|key| *key == request.key)
            && self.action.as_ref().is_none_or(|action| {
                *action == request.operation
                    || request.access.iter().any(|access| access.action == *action)
            })
            && self.table.as_ref().is_none_or(|table| {
                request
                    .access
                    .iter()
                    .any(|access| is_named(table, &access.table))
            })
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct Rules(Vec<Rule>);

impl Rules {
    pub(crate) fn add(&mut self, rule: Rule) {
        self.0.push(rule);
    }

    pub(crate) fn clear(&mut self, key: &str) {
        self.0.retain(|rule| rule.key.as_deref() != Some(key));
    }

    /// The fault for `request`, counted off; the oldest rule goes first.
    pub(crate) fn take(&mut self, request: &Request) -> Option<Fault> {
        for rule in self
            .0
            .iter_mut()
            .filter(|rule| rule.left > 0 && rule.matches(request))
        {
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            rule.left = rule.left.saturating_sub(1);
            let fault = rule.fault.clone();
            self.0.retain(|rule| rule.left > 0);
            return Some(fault);
        }
        None
    }
}

/// Requests held before they reach DynamoDB; released by [`release`](Held::release), or when the test's own handle is
/// dropped (see [`Proxy::hold`](super::Proxy::hold)).
#[derive(Clone, Debug, Default)]
pub struct Held(Arc<Gate>);

#[derive(Debug, Default)]
struct Gate {
    state: Mutex<State>,
    arrived: Condvar,
    opened: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: usize,
    open: bool,
}

impl Held {
    /// Waits until `count` requests are held; false when that takes longer than `limit`.
    #[must_use]
    pub fn wait_for(&self, count: usize, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.state();
        while state.waiting < count {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self
                .0
                .arrived
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    /// Lets every held request go on, and every later one pass.
    pub fn release(&self) {
        self.state().open = true;
        self.0.opened.notify_waiters();
    }

    pub(crate) async fn pass(&self) {
        let opened = self.0.opened.notified();
        tokio::pin!(opened);
        opened.as_mut().enable();
        {
            let mut state = self.state();
            state.waiting += 1;
            self.0.arrived.notify_all();
            if state.open {
                return;
            }
        }
        opened.await;
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::HeaderMap;
    use serde_json::json;

    fn request(key: &str, operation: &str, table: &str) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={key}/x")
                .parse()
                .unwrap(),
        );
        headers.insert(
            "x-amz-target",
            format!("DynamoDB_20120810.{operation}").parse().unwrap(),
        );
        Request::read(
            &headers,
            json!({ "TableName": table }).to_string().as_bytes(),
        )
    }

    #[test]
    fn a_rule_concerns_its_key_action_and_table_only() {
        let mut rules = Rules::default();
        rules.add(
            Rule::new(Fault::Throttle)
                .key("login")
                .action("GetItem")
                .table("_users"),
        );
        assert!(
            rules
                .take(&request("refresh", "GetItem", "local-_users"))
                .is_none()
        );
        assert!(
            rules
                .take(&request("login", "PutItem", "local-_users"))
                .is_none()
        );
        assert!(
            rules
                .take(&request("login", "GetItem", "local-_sessions"))
                .is_none()
        );
        assert!(matches!(
            rules.take(&request("login", "GetItem", "local-_users")),
            Some(Fault::Throttle)
        ));
        rules.clear("login");
        assert!(
            rules
                .take(&request("login", "GetItem", "local-_users"))
                .is_none()
        );
    }

    #[test]
    fn a_rule_is_counted_off_after_what_it_skips() {
        let mut rules = Rules::default();
        rules.add(Rule::new(Fault::Internal).after(1).times(2));
        let seen: Vec<bool> = (0..5)
            .map(|_| rules.take(&request("a", "GetItem", "t")).is_some())
            .collect();
        assert_eq!(seen, [false, true, true, false, false]);
    }

    #[test]
    fn held_requests_wait_for_the_release() {
        let held = Held::default();
        let waiting = held.clone();
        let request = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap()
                .block_on(waiting.pass());
        });
        assert!(held.wait_for(1, Duration::from_secs(5)));
        assert!(!request.is_finished());
        assert!(!held.wait_for(2, Duration::from_millis(5)));
        held.release();
        request.join().unwrap();
    }
}
