//! Lambda's Invoke API in front of cargo-lambda's emulator, as AWS answers. An asynchronous invocation is accepted at once
//! and waits in a queue. A function's error is a success with a header, and a function that hangs has a limit.

use std::collections::BTreeMap;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, broadcast};
use tokio::time::{sleep, timeout};

use crate::listen::{listen, runtime};
use crate::template::{Template, function_arn};
use crate::{STACK, proxy};

/// The most bytes of a payload that is answered, and of one that is not.
const MAX_ANSWERED: usize = 6 * 1024 * 1024;
const MAX_QUEUED: usize = 1024 * 1024;

/// How often an invocation looks whether its function is served by now.
const LOOK: Duration = Duration::from_millis(20);

/// How many queued invocations run at the same time, as in a new account.
const AT_ONCE: usize = 10;

/// The path of an invocation, around the function's name.
const PATH: (&str, &str) = ("/2015-03-31/functions/", "/invocations");

/// The header that asks for an asynchronous invocation, and the one that tells of a function's error.
const KIND: &str = "x-amz-invocation-type";
const ERROR: &str = "x-amz-function-error";

type Body = Full<Bytes>;

/// A running front; dropping it stops it and forgets what is queued.
#[derive(Debug)]
pub struct Front {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

#[derive(Debug)]
struct Shared {
    emulator: String,
    /// How long each function may take, by its name in the stack.
    limits: BTreeMap<String, Duration>,
    /// Other names that the emulator knows functions by.
    aliases: Mutex<BTreeMap<String, String>>,
    policies: proxy::Policies,
    client: Client<HttpConnector, Body>,
    running: Semaphore,
    /// Whether functions without another name get nothing.
    needs_alias: AtomicBool,
    /// Tells the names of functions whose processes have died.
    died: broadcast::Sender<String>,
}

/// The outcome of an invocation that was let run.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The function's reply.
    Reply(Value),
    /// The function failed, died or took too long: the error.
    Failed(String),
}

impl Front {
    /// Starts on a free port before the emulator at `emulator`, such as `http://127.0.0.1:8080`, with the functions and
    /// the policies of the template.
    ///
    /// # Errors
    /// One line: a policy that is not understood, or no port.
    pub fn start(emulator: &str, template: &Template) -> Result<Self, String> {
        let runtime = runtime()?;
        let listener = listen(0)?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let shared = Arc::new(Shared {
            emulator: emulator.to_owned(),
            limits: template.timeouts(),
            aliases: Mutex::default(),
            policies: proxy::Policies::new(template.policies()?),
            client: Client::builder(TokioExecutor::new()).build(connector),
            running: Semaphore::new(AT_ONCE),
            needs_alias: AtomicBool::new(false),
            died: broadcast::Sender::new(64),
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

    /// Lets the emulator know a function by another name.
    pub fn alias(&self, function: &str, name: &str) {
        let mut aliases = self
            .shared
            .aliases
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        aliases.insert(function.to_owned(), name.to_owned());
    }

    /// From now on an invocation waits here until its function has another name. The emulator keeps what nobody fetches,
    /// and stands still for all functions when one has a hundred of them.
    pub fn need_alias(&self) {
        self.shared.needs_alias.store(true, Ordering::Relaxed);
    }

    /// Ends what a function does as its failure: its process has died, which the emulator does not notice.
    pub fn break_off(&self, function: &str) {
        let _ = self.shared.died.send(function.to_owned());
    }

    /// Invokes a function and waits for its reply; not for asynchronous code.
    ///
    /// # Errors
    /// The function failed, died or took too long.
    pub fn invoke(&self, function: &str, payload: &Value) -> Result<Value, String> {
        let runtime = self.runtime.as_ref().ok_or("the front is stopped")?;
        match runtime.block_on(self.caller().invoke(function, payload)) {
            Outcome::Reply(reply) => Ok(reply),
            Outcome::Failed(reason) => Err(reason),
        }
    }

    /// A handle for invocations from this process.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller(Arc::clone(&self.shared))
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Invokes functions from this process.
#[derive(Clone, Debug)]
pub struct Caller(Arc<Shared>);

impl Caller {
    /// Invokes a function and waits for its reply.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Outcome {
        run(&self.0, function, payload.to_string().into()).await
    }
}

async fn accept(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| answer(Arc::clone(&shared), request));
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service),
        );
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, hyper::Error> {
    let (head, body) = request.into_parts();
    let header = |name: &str| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let body = body.collect().await?.to_bytes();
    let path = head.uri.path();
    let name = path
        .strip_prefix(PATH.0)
        .and_then(|rest| rest.strip_suffix(PATH.1));
    let deployed = name.map(|name| name.rsplit(':').next().unwrap_or(name));
    let known = deployed
        .and_then(|name| name.strip_prefix(STACK)?.strip_prefix('-'))
        .filter(|name| shared.limits.contains_key(*name));
    let Some(function) = known else {
        let message = format!("Function not found: {}", name.unwrap_or(path));
        return Ok(refusal(404, "ResourceNotFoundException", &message));
    };
    let key = proxy::key_of(&header("authorization"));
    let arn = function_arn(function);
    if !shared.policies.permits(&key, "lambda:InvokeFunction", &arn) {
        let message = format!(
            "User: {key} is not authorized to perform: lambda:InvokeFunction on resource: {arn}"
        );
        return Ok(refusal(403, "AccessDeniedException", &message));
    }
    let queued = header(KIND) == "Event";
    let most = if queued { MAX_QUEUED } else { MAX_ANSWERED };
    if body.len() > most {
        let message =
            format!("Request must be smaller than {most} bytes for the InvokeFunction operation");
        return Ok(refusal(413, "RequestTooLargeException", &message));
    }
    if serde_json::from_slice::<Value>(&body).is_err() {
        let message = "Could not parse request body into json";
        return Ok(refusal(400, "InvalidRequestContentException", message));
    }
    if queued {
        let function = function.to_owned();
        tokio::spawn(async move {
            // A permit is refused by a semaphore that was closed, and nothing closes this one.
            let _permit = shared.running.acquire().await;
            if let Outcome::Failed(reason) = run(&shared, &function, body).await {
                eprintln!("{function}: {reason}");
            }
        });
        return Ok(respond(202, &[], Bytes::new()));
    }
    Ok(match run(&shared, function, body).await {
        Outcome::Reply(reply) => respond(200, &[], reply.to_string().into()),
        Outcome::Failed(reason) => {
            let error = json!({ "errorMessage": reason }).to_string();
            respond(200, &[(ERROR, "Unhandled")], error.into())
        }
    })
}

/// Runs a function on a payload. The emulator leaves whoever invokes a function that dies without an answer.
async fn run(shared: &Shared, function: &str, payload: Bytes) -> Outcome {
    let limit = shared.limits.get(function).copied().unwrap_or_default();
    let sent = async {
        let name = served_as(shared, function).await;
        let url = format!("{}{}{name}{}", shared.emulator, PATH.0, PATH.1);
        let request = Request::post(url)
            .header("content-type", "application/json")
            .body(Full::from(payload));
        let request = request.map_err(|error| error.to_string())?;
        let reply = shared.client.request(request).await;
        let reply = reply.map_err(|error| format!("the emulator is away: {error}"))?;
        let status = reply.status();
        let body = reply.into_body().collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        if status != StatusCode::OK {
            return Err(String::from_utf8_lossy(&body).into_owned());
        }
        serde_json::from_slice(&body).map_err(|error| error.to_string())
    };
    let mut died = shared.died.subscribe();
    let death = async {
        loop {
            match died.recv().await {
                Ok(name) if name == function => return,
                Err(RecvError::Closed) => pending().await,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
            }
        }
    };
    let sent = async {
        tokio::select! {
            reply = sent => reply,
            () = death => Err("Runtime exited".to_owned()),
        }
    };
    match timeout(limit, sent).await {
        Ok(Ok(reply)) => Outcome::Reply(reply),
        Ok(Err(reason)) => Outcome::Failed(reason),
        Err(_) => Outcome::Failed(format!(
            "Task timed out after {}.00 seconds",
            limit.as_secs()
        )),
    }
}

/// The name that the emulator knows a function by, as soon as it has one.
async fn served_as(shared: &Shared, function: &str) -> String {
    loop {
        let alias = {
            let aliases = shared.aliases.lock();
            let aliases = aliases.unwrap_or_else(PoisonError::into_inner);
            aliases.get(function).cloned()
        };
        match alias {
            Some(alias) => return alias,
            None if !shared.needs_alias.load(Ordering::Relaxed) => return function.to_owned(),
            None => sleep(LOOK).await,
        }
    }
}

fn refusal(status: u16, kind: &str, message: &str) -> Response<Body> {
    let body = json!({ "Type": "User", "Message": message, "message": message }).to_string();
    respond(status, &[("x-amzn-errortype", kind)], body.into())
}

fn respond(status: u16, headers: &[(&'static str, &str)], body: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(*name, value);
        }
    }
    response
}
