//! The half of the doorway that knows no types of an endpoint. It starts the process, routes a request, adds the headers
//! that every reply has, and writes the log line.

use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use api::endpoints::{self, Entry, Guard, PAGE, Route};
use api::{Code, Error, Id};
use auth::PresentedKey;
use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::service_fn;
use tokio::time::timeout;

use crate::boot::Boot;
use crate::call;
use crate::cookie;
use crate::cors;
use crate::event::{self, Event, Response};
use crate::key;
use crate::log::{self, Parties};
use crate::reply::{self, Sent};

/// The longest a request may take: the template lets a function run for 10 s, and the caller must get an answer before
/// that.
const LONGEST: Duration = Duration::from_secs(8);

/// A request that was routed to the endpoint, with the API key that it shows.
pub(crate) struct Asked {
    pub(crate) event: Event,
    pub(crate) request_id: String,
    pub(crate) key: Option<PresentedKey>,
    /// Takes the caller for the log, once the request is identified.
    pub(crate) identified_as: Arc<OnceLock<(Id, Id)>>,
}

/// A future without its type.
pub(crate) type Pending<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

/// The endpoint's own part of an answer.
pub(crate) type Handling = Box<dyn Fn(Asked) -> Pending<Sent>>;

/// Opens the state of an endpoint.
pub(crate) type Open = Box<dyn FnOnce(&'static Boot) -> Pending<Handling>>;

/// Runs an endpoint until Lambda stops it; `open` opens its state during init.
pub(crate) fn run(entry: &'static Entry, open: Open) -> ExitCode {
    let marks = collections::fingerprints();
    // Lives as long as the process.
    let started = Boot::read(marks.for_guard(entry.guard)).map(|boot| &*Box::leak(Box::new(boot)));
    match started.and_then(|boot| until_stopped(entry, boot, open(boot))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            log::start_failed(entry.name, &problem);
            ExitCode::FAILURE
        }
    }
}

fn until_stopped(
    entry: &'static Entry,
    boot: &'static Boot,
    open: Pending<Handling>,
) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let handling = open.await.map_err(|error| error.message)?;
        let service = async |event: LambdaEvent<Event>| {
            let (event, id) = (event.payload, event.context.request_id);
            Ok::<_, lambda_runtime::Error>(answer(entry, boot, &handling, event, id).await)
        };
        lambda_runtime::run(service_fn(service))
            .await
            .map_err(|error| error.to_string())
    })
}

/// Answers one request.
async fn answer(
    entry: &'static Entry,
    boot: &Boot,
    handling: &Handling,
    event: Event,
    request_id: String,
) -> Response {
    #[expect(clippy::disallowed_methods, reason = "the one place that measures")]
    let started = Instant::now();
    let head = event.head(boot.deployment.front.as_ref());
    let mut response = match cors::preflight(boot, &head) {
        Some(response) => {
            let nobody = Parties::default();
            log::request(entry.name, &head, &request_id, started, nobody, None);
            response
        }
        None => {
            let identified = event
                .header("authorization")
                .or(event.header(key::HEADER))
                .is_some();
            let key = admit(entry, boot, &event).and_then(|()| key::shown(entry, boot, &event));
            let mut parties = Parties {
                key: key.as_ref().ok().and_then(Option::as_ref).map(|key| key.id),
                ..Parties::default()
            };
            let identified_as = Arc::default();
            let result = match key {
                Ok(key) => {
                    let asked = Asked {
                        event,
                        request_id: request_id.clone(),
                        key,
                        identified_as: Arc::clone(&identified_as),
                    };
                    timeout(LONGEST, handling(asked))
                        .await
                        .unwrap_or_else(|_| Err(Error::unavailable("the request took too long")))
                }
                Err(error) => Err(error),
            };
            parties.caller = identified_as.get().copied();
            let location = result.as_ref().ok().and_then(Sent::location);
            parties.target = target(entry, &head.path, location);
            let told = result.as_ref().ok().and_then(Sent::refusal);
            let told = told.map(Error::new);
            let error = result.as_ref().err().or(told.as_ref());
            log::request(entry.name, &head, &request_id, started, parties, error);
            let forgets = error.is_some_and(|error| error.forgets_cookie);
            let mut response = reply::encode(entry, result, &head, &request_id, identified);
            response
                .cookies
                .extend(forgets.then(|| cookie::forget(boot)));
            response
        }
    };
    cors::allow(boot, &head, &mut response);
    if boot.deployment.has_domain {
        // Two years, as browsers' preload lists ask (ASVS 5.0, 3.4.1).
        response.header("strict-transport-security", "max-age=63072000");
    }
    response.header("x-request-id", request_id);
    response
}

/// The user whom a request to an endpoint of users is about: by the path, or a new one by its location.
fn target(entry: &Entry, path: &str, location: Option<&str>) -> Option<Id> {
    if !matches!(entry.guard, Guard::Users(_)) {
        return None;
    }
    let named = call::segment(entry, path, "{id}");
    let made = location.and_then(|location| location.rsplit('/').next());
    [Some(named), made]
        .into_iter()
        .flatten()
        .find_map(|id| id.parse().ok())
}

/// Whether the request is for this endpoint. API Gateway routes by method and path together, so a literal path with
/// another method arrives at a records function. It also decodes the path after routing, so `/api/posts%2Fid` arrives
/// at a list and reads as a record. Neither function serves such a request. With a distribution in front, nothing is
/// there for a request that goes around it.
fn admit(entry: &Entry, boot: &Boot, event: &Event) -> Result<(), Error> {
    if event.source(boot.deployment.front.as_ref()).is_none() {
        return Err(Error {
            cause: Some("the request has not come by way of the distribution in front".to_owned()),
            ..Error::new(Code::NotFound)
        });
    }
    if event.query().len() > event::MAX_QUERY {
        return Err(
            Error::new(Code::InvalidRequest).with_message("The query string is longer than 4 KiB.")
        );
    }
    match endpoints::route(PAGE, event.method(), event.path(), collections::exists) {
        Route::To(name) if name == entry.name => Ok(()),
        Route::To(name) => Err(Error {
            cause: Some(format!("routed to {} instead of {name}", entry.name)),
            ..Error::new(Code::NotFound)
        }),
        Route::MethodNotAllowed(allow) => Err(Error::method_not_allowed(allow)),
        Route::NotFound => Err(Code::NotFound.into()),
    }
}
