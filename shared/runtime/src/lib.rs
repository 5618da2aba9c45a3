//! The doorway: runs one endpoint on Lambda. Decodes the request, asks the guard, encodes the reply, writes the log.
//!
//! The only shared crate that reads the clock, the environment and the random source, and that names `lambda_http`. It
//! knows no tables.

mod boot;
mod call;
mod cookie;
mod cors;
mod event;
mod hash;
mod key;
mod log;
mod reply;

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use api::endpoints::{self, Endpoint, Guard, PAGE, Route};
use api::{Code, Error, Id};
use auth::{Backing, Opening, PresentedKey};
use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::service_fn;
use tokio::time::timeout;

pub use boot::Boot;
pub use call::Call;
pub use call::arrival::{Anonymous, Arrival};
pub use call::transport::{Presented, Transport};
pub use reply::Reply;

use event::{Event, Response};
use log::Parties;

/// The longest a request may take: the template lets a function run for 10 s, and the caller must get an answer before
/// that.
const LONGEST: Duration = Duration::from_secs(8);

/// Runs an endpoint until Lambda stops it. The state that every request shares is opened during init; `handler` answers
/// a request.
pub fn serve<E, S>(
    _: E,
    handler: impl AsyncFn(&'static S, Call<E>) -> Result<Reply<E>, Error>,
) -> ExitCode
where
    E: Endpoint<Guard: Arrival>,
    S: Backing + 'static,
{
    let boot: &'static Boot = match Boot::read() {
        // Lives as long as the process, and so does the state.
        Ok(boot) => Box::leak(Box::new(boot)),
        Err(problem) => {
            log::start_failed(E::ENTRY.name, &problem);
            return ExitCode::FAILURE;
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            log::start_failed(E::ENTRY.name, &error.to_string());
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(async {
        let state: &'static S = Box::leak(Box::new(
            open::<E, S>(boot).await.map_err(|error| error.message)?,
        ));
        let answer = async |event: LambdaEvent<Event>| {
            let (event, id) = (event.payload, event.context.request_id);
            Ok::<_, lambda_runtime::Error>(answer::<E, S>(boot, state, &handler, event, id).await)
        };
        lambda_runtime::run(service_fn(answer)).await
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::start_failed(E::ENTRY.name, &error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Opens the state of an endpoint. The right to write to `_settings` is the right to keep the first signing secret.
async fn open<E: Endpoint, S: Backing>(boot: &Boot) -> Result<S, Error> {
    S::open(Opening {
        deployment: &boot.deployment,
        secret: boot.secret(),
        keeps_first_secret: E::ENTRY.keeps_first_secret(),
        random: boot.random()?,
    })
    .await
}

/// Answers one request: routes, calls the handler, adds the headers that every reply has, writes the log line.
async fn answer<E: Endpoint<Guard: Arrival>, S: Backing + 'static>(
    boot: &'static Boot,
    state: &'static S,
    handler: &impl AsyncFn(&'static S, Call<E>) -> Result<Reply<E>, Error>,
    event: Event,
    request_id: String,
) -> Response {
    #[expect(clippy::disallowed_methods, reason = "the one place that measures")]
    let started = Instant::now();
    let head = event.head();
    let mut response = match cors::preflight(boot, &head) {
        Some(response) => {
            let nobody = Parties::default();
            log::request(E::ENTRY.name, &head, &request_id, started, nobody, None);
            response
        }
        None => {
            let identified = event
                .header("authorization")
                .or(event.header(key::HEADER))
                .is_some();
            let key = admit::<E>(&event).and_then(|()| key::shown::<E>(boot, &event));
            let mut parties = Parties {
                key: key.as_ref().ok().and_then(Option::as_ref).map(|key| key.id),
                ..Parties::default()
            };
            let identified_as = Arc::default();
            let result = match key {
                Ok(key) => timeout(
                    LONGEST,
                    handle(
                        boot,
                        state,
                        handler,
                        event,
                        (&request_id, Arc::clone(&identified_as)),
                        key,
                    ),
                )
                .await
                .unwrap_or_else(|_| Err(Error::unavailable("the request took too long"))),
                Err(error) => Err(error),
            };
            parties.caller = identified_as.get().copied();
            let location = result.as_ref().ok().and_then(Reply::location);
            parties.target = target::<E>(&head.path, location);
            log::request(
                E::ENTRY.name,
                &head,
                &request_id,
                started,
                parties,
                result.as_ref().err(),
            );
            let forgets = result.as_ref().is_err_and(|error| error.forgets_cookie);
            let mut response = reply::encode(result, &head, &request_id, identified);
            response
                .cookies
                .extend(forgets.then(|| cookie::forget(boot)));
            response
        }
    };
    cors::allow(boot, &head, &mut response);
    response.header("x-request-id", request_id);
    response
}

/// Decodes the request and calls the handler. An early refusal, before the handler checked the API key, does not hide a
/// bad key. A key that was checked is not read again.
async fn handle<E: Endpoint<Guard: Arrival>, S: Backing + 'static>(
    boot: &'static Boot,
    state: &'static S,
    handler: &impl AsyncFn(&'static S, Call<E>) -> Result<Reply<E>, Error>,
    event: Event,
    (request_id, identified_as): (&str, Arc<OnceLock<(Id, Id)>>),
    key: Option<PresentedKey>,
) -> Result<Reply<E>, Error> {
    let result = match Call::<E>::decode(boot, event, request_id, key.clone(), identified_as) {
        Ok(call) => handler(state, call).await,
        Err(error) => Err(error),
    };
    match (key.filter(|key| !key.is_judged()), result) {
        (Some(key), Err(error)) if error.code.status() < 500 => {
            state.judge(Some(&key), boot.now()).await?;
            Err(error)
        }
        (_, result) => result,
    }
}

/// The user whom a request to an endpoint of users is about: by the path, or a new one by its location.
fn target<E: Endpoint>(path: &str, location: Option<&str>) -> Option<Id> {
    if !matches!(E::ENTRY.guard, Guard::Users(_)) {
        return None;
    }
    let named = call::segment(E::ENTRY, path, "{id}");
    let made = location.and_then(|location| location.rsplit('/').next());
    [Some(named), made]
        .into_iter()
        .flatten()
        .find_map(|id| id.parse().ok())
}

/// Whether the request is for this endpoint. API Gateway routes by method and path together, so a literal path with
/// another method arrives at a records function. It also decodes the path after routing, so `/api/posts%2Fid` arrives
/// at a list and reads as a record. Neither function serves such a request.
fn admit<E: Endpoint>(event: &Event) -> Result<(), Error> {
    if event.query().len() > call::MAX_QUERY {
        return Err(
            Error::new(Code::InvalidRequest).with_message("The query string is longer than 4 KiB.")
        );
    }
    match endpoints::route(PAGE, event.method(), event.path(), collections::exists) {
        Route::To(name) if name == E::ENTRY.name => Ok(()),
        Route::To(name) => Err(Error {
            cause: Some(format!("routed to {} instead of {name}", E::ENTRY.name)),
            ..Error::new(Code::NotFound)
        }),
        Route::MethodNotAllowed(allow) => Err(Error::method_not_allowed(allow)),
        Route::NotFound => Err(Code::NotFound.into()),
    }
}
