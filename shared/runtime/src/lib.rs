//! The doorways. [`serve`] runs one endpoint on Lambda: it decodes the request, asks the guard, encodes the reply, writes
//! the log. [`consume`] runs one worker.
//!
//! The only shared crate that reads the clock, the environment and the random source, and that names `lambda_http`. It
//! knows no tables.

mod answer;
mod boot;
mod call;
mod consume;
mod cookie;
mod cors;
mod event;
mod hash;
mod key;
mod log;
mod reply;

use std::process::ExitCode;

use api::Error;
use api::endpoints::Endpoint;
use auth::{Backing, Fresh, Opening};

pub use boot::Boot;
pub use call::Call;
pub use call::arrival::{Anonymous, Arrival};
pub use call::transport::{Presented, Transport};
pub use consume::{Done, Task, consume};
pub use log::note;
pub use reply::Reply;

use answer::{Asked, Handling};
use reply::Sent;

/// Runs an endpoint until Lambda stops it. The state that every request shares is opened during init; `handler` answers
/// a request.
///
/// Only this function and [`handle`] know the types of the endpoint. The compiler makes them anew for every binary, so
/// all else is in [`answer::run`], which is compiled once.
pub fn serve<E, S>(
    _: E,
    handler: impl AsyncFn(&'static S, Call<E>) -> Result<Reply<E>, Error> + 'static,
) -> ExitCode
where
    E: Endpoint<Guard: Arrival>,
    S: Backing + 'static,
{
    let open = async move |boot: &'static Boot| {
        let state = S::open(Opening {
            deployment: &boot.deployment,
            secret: boot.secret(),
            tokens: boot.tokens(),
            now: boot.now(),
            reads_keys: true,
            // The right to write to `_settings` is the right to keep the keys that are missing.
            keeps_first_secret: E::ENTRY.keeps_first_secret(),
            fresh: Fresh {
                signing: boot.random()?,
                sealing: boot.random()?,
            },
        })
        .await?;
        // Both live as long as the process.
        let (state, handler) = (&*Box::leak(Box::new(state)), &*Box::leak(Box::new(handler)));
        let handling: Handling =
            Box::new(move |asked| Box::pin(handle(boot, state, handler, asked)));
        Ok(handling)
    };
    answer::run(E::ENTRY, Box::new(move |boot| Box::pin(open(boot))))
}

/// Decodes the request, calls the handler and encodes its reply. An early refusal, before the handler checked the API
/// key, does not hide a bad key. A key that was checked is not read again.
async fn handle<E: Endpoint<Guard: Arrival>, S: Backing + 'static>(
    boot: &'static Boot,
    state: &'static S,
    handler: &impl AsyncFn(&'static S, Call<E>) -> Result<Reply<E>, Error>,
    asked: Asked,
) -> Result<Sent, Error> {
    let Asked {
        event,
        request_id,
        key,
        identified_as,
    } = asked;
    let answer = async {
        match Call::<E>::decode(boot, event, &request_id, key.clone(), identified_as) {
            Ok(call) => handler(state, call).await,
            Err(error) => Err(error),
        }
    };
    let (result, ()) = tokio::join!(answer, state.look_again(boot.now()));
    match (key.filter(|key| !key.is_judged()), result) {
        (Some(key), Err(error)) if error.code.status() < 500 => {
            state.judge(Some(&key), boot.now()).await?;
            Err(error)
        }
        (_, result) => result?.send(),
    }
}
