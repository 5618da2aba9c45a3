//! A proxy in front of the embedded DynamoDB: it enforces the template's IAM policies, keeps the ledger, and makes
//! faults. The access key id alone identifies the caller: `login` is the function, `login~slow` a variant of it.

mod fault;
mod ledger;
mod policy;
mod request;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::tables::{AUDIT, SETTINGS};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Response, StatusCode, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

pub use fault::{Fault, Held, Rule};
pub use ledger::{Call, Part, hops};
pub use policy::{OPERATOR, Policies, Use, function_of};
pub use request::{Access, Request, key_of};

use crate::listen::{listen, runtime};
use crate::template::Template;

/// How many calls the ledger holds before it forgets the oldest.
const LEDGER: usize = 50_000;

type Reply = Response<Full<Bytes>>;

/// A running proxy; dropping it stops it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    client: Client<HttpConnector, Full<Bytes>>,
    policies: Mutex<Policies>,
    rules: Mutex<fault::Rules>,
    delays: Mutex<BTreeMap<String, Duration>>,
    calls: Mutex<Vec<Call>>,
}

/// The connection is closed without a reply.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed on purpose")
    }
}

impl std::error::Error for Closed {}

impl Proxy {
    /// Starts on a free port in front of the DynamoDB at `upstream`, with the policies of `template`.
    ///
    /// # Errors
    /// One line: a policy that is not understood, or no port.
    pub fn start(upstream: &str, template: &Template) -> Result<Self, String> {
        let runtime = runtime()?;
        let listener = listen(0)?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let shared = Arc::new(Shared {
            upstream: format!("{upstream}/"),
            client: Client::builder(TokioExecutor::new()).build(connector),
            policies: Mutex::new(Policies::new(template.policies()?)),
            rules: Mutex::default(),
            delays: Mutex::default(),
            calls: Mutex::default(),
        });
        let guard = runtime.enter();
        let listener =
            tokio::net::TcpListener::from_std(listener).map_err(|error| error.to_string())?;
        drop(guard);
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            runtime: Some(runtime),
        })
    }

    /// Where it listens, such as `http://127.0.0.1:45123`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes the calls signed with `key` out of the ledger, in the order of their arrival.
    #[must_use]
    pub fn drain(&self, key: &str) -> Vec<Call> {
        let mut calls = lock(&self.shared.calls);
        let (mut taken, kept): (Vec<Call>, Vec<Call>) =
            calls.drain(..).partition(|call| call.key == key);
        *calls = kept;
        taken.sort_by_key(|call| call.start);
        taken
    }

    /// Holds back every reply to `key` for so long, so that [`hops`] tells parallel from sequential.
    pub fn delay(&self, key: &str, delay: Duration) {
        lock(&self.shared.delays).insert(key.to_owned(), delay);
    }

    /// Puts a fault in force.
    pub fn fault(&self, rule: Rule) {
        lock(&self.shared.rules).add(rule);
    }

    /// Holds the requests that `narrow` selects until the returned handle releases them or is dropped:
    /// `proxy.hold(|rule| rule.key("refresh~race").times(2))`.
    pub fn hold(&self, narrow: impl FnOnce(Rule) -> Rule) -> Hold {
        let held = Held::default();
        self.fault(narrow(Rule::new(Fault::Hold(held.clone()))));
        Hold(held)
    }

    /// Ends the faults of `key`.
    pub fn clear(&self, key: &str) {
        lock(&self.shared.rules).clear(key);
        lock(&self.shared.delays).remove(key);
    }

    /// Every grant of the template that no request has used so far: function, action and ARN.
    #[must_use]
    pub fn unused_grants(&self) -> Vec<String> {
        lock(&self.shared.policies).unused()
    }

    /// Every access that was allowed so far.
    #[must_use]
    pub fn used(&self) -> Vec<Use> {
        lock(&self.shared.policies).used()
    }

    /// Every access that was denied so far.
    #[must_use]
    pub fn denied(&self) -> Vec<Use> {
        lock(&self.shared.policies).denied()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A test's handle on held requests; dropping it releases them.
#[derive(Debug)]
pub struct Hold(Held);

impl std::ops::Deref for Hold {
    type Target = Held;

    fn deref(&self) -> &Held {
        &self.0
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.release();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| {
            // A task of its own, so that a client that gives up does not stop a request that DynamoDB would complete.
            let answer = tokio::spawn(answer(Arc::clone(&shared), request));
            async move { answer.await.unwrap_or(Err(Closed)) }
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service),
        );
    }
}

async fn answer(shared: Arc<Shared>, request: hyper::Request<Incoming>) -> Result<Reply, Closed> {
    let start = Instant::now();
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let request = Request::read(&head.headers, &body);
    let refused = lock(&shared.policies)
        .check(&request.key, &request.access)
        .err()
        .or_else(|| {
            let forbidden = request.overwrites(SETTINGS.name);
            let forbidden = forbidden.or_else(|| request.deletes_in_batch(AUDIT.name));
            forbidden.filter(|_| function_of(&request.key) != OPERATOR)
        });
    let fault = if refused.is_some() {
        None
    } else {
        lock(&shared.rules).take(&request)
    };
    let mut outcome = match (refused, &fault) {
        (Some(access), _) => Ok(denied(&request, &access)),
        (None, Some(Fault::Throttle)) => Ok(error(
            StatusCode::BAD_REQUEST,
            "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded.",
        )),
        (None, Some(Fault::Internal)) => Ok(error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "com.amazonaws.dynamodb.v20120810#InternalServerError",
            "The request processing has failed because of an unknown error.",
        )),
        (None, Some(Fault::Conflict)) => Ok(conflict(&request)),
        (None, Some(Fault::Unprocessed)) => {
            let body = json!({ "Responses": {}, "UnprocessedKeys": request.body["RequestItems"] });
            Ok(made_up(StatusCode::OK, body))
        }
        (None, Some(Fault::Close)) => Err(Closed),
        (None, Some(Fault::Hang)) => {
            note(&shared, &request, start, &Err(Closed));
            std::future::pending().await
        }
        (None, Some(Fault::Hold(held))) => {
            held.pass().await;
            forward(&shared, &head.headers, &request).await
        }
        (None, _) => forward(&shared, &head.headers, &request).await,
    };
    let delay = lock(&shared.delays).get(&request.key).copied();
    let extra = if let Some(Fault::Delay(extra)) = fault {
        Some(extra)
    } else {
        None
    };
    if let Some(delay) = delay.into_iter().chain(extra).reduce(|a, b| a + b) {
        tokio::time::sleep(delay).await;
    }
    note(&shared, &request, start, &outcome);
    if matches!(fault, Some(Fault::LoseReply)) {
        outcome = Err(Closed);
    }
    outcome.map(|answer| answer.reply)
}

/// A reply, with its body as JSON for the ledger.
struct Answer {
    reply: Reply,
    body: Value,
}

/// Adds the call to the ledger.
fn note(shared: &Shared, request: &Request, start: Instant, outcome: &Result<Answer, Closed>) {
    let nothing = Value::Null;
    let (status, body) = match outcome {
        Ok(answer) => (answer.reply.status().as_u16(), &answer.body),
        Err(Closed) => (0, &nothing),
    };
    let parts = ledger::parts(request, body);
    let mut calls = lock(&shared.calls);
    if calls.len() >= LEDGER {
        calls.drain(..LEDGER / 2);
    }
    calls.push(Call {
        key: request.key.clone(),
        operation: request.operation.clone(),
        access: request.access.clone(),
        read: parts.iter().fold(0.0, |sum, part| sum + part.read),
        write: parts.iter().fold(0.0, |sum, part| sum + part.write),
        parts,
        start,
        end: Instant::now(),
        status,
        error: ledger::error_name(body),
    });
}

async fn forward(
    shared: &Shared,
    headers: &HeaderMap,
    request: &Request,
) -> Result<Answer, Closed> {
    let mut onward = hyper::Request::post(&shared.upstream);
    for (name, value) in headers {
        if ![header::CONTENT_LENGTH, header::HOST, header::CONNECTION].contains(name) {
            onward = onward.header(name, value);
        }
    }
    let onward = onward
        .body(Full::from(request.asking_for_capacity()))
        .map_err(|_| Closed)?;
    let reply = shared.client.request(onward).await.map_err(|_| Closed)?;
    let (head, body) = reply.into_parts();
    let bytes = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Ok(Answer {
        reply: Response::from_parts(head, Full::from(bytes)),
        body,
    })
}

fn denied(request: &Request, access: &Access) -> Answer {
    let message = format!(
        "User: arn:aws:sts::000000000000:assumed-role/{} is not authorized to perform: dynamodb:{} on resource: {} \
         because no identity-based policy allows the dynamodb:{} action",
        request.key,
        access.action,
        access.arn(),
        access.action
    );
    error(
        StatusCode::BAD_REQUEST,
        "com.amazon.coral.service#AccessDeniedException",
        &message,
    )
}

/// The reply to a request that conflicts with a transaction: for a transaction, under the first item's reason.
fn conflict(request: &Request) -> Answer {
    let message = "Transaction is ongoing for the item";
    if request.operation != "TransactWriteItems" {
        let kind = "com.amazonaws.dynamodb.v20120810#TransactionConflictException";
        return error(StatusCode::BAD_REQUEST, kind, message);
    }
    let reasons: Vec<Value> = request::transaction(&request.body)
        .enumerate()
        .map(|(at, _)| match at {
            0 => json!({ "Code": "TransactionConflict", "Message": message }),
            _ => json!({ "Code": "None" }),
        })
        .collect();
    let body = json!({ "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
        "CancellationReasons": reasons });
    made_up(StatusCode::BAD_REQUEST, body)
}

fn error(status: StatusCode, kind: &str, message: &str) -> Answer {
    made_up(
        status,
        json!({ "__type": kind, "message": message, "Message": message }),
    )
}

/// An answer that DynamoDB has not given.
fn made_up(status: StatusCode, body: Value) -> Answer {
    let mut reply = Response::new(Full::from(body.to_string()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    Answer { reply, body }
}

#[cfg(test)]
mod tests;
