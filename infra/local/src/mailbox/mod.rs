//! The mailbox of a developer's machine: it takes mail as SES does, and shows it. Nothing leaves the machine.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::runtime::Runtime;

use crate::listen::{listen, runtime};

mod http;
mod message;
mod page;
#[cfg(test)]
mod tests;

pub use message::Message;

/// How many mails are kept.
const KEPT: usize = 500;

/// A running mailbox; dropping it stops it and forgets the mails.
#[derive(Debug)]
pub struct Mailbox {
    address: SocketAddr,
    kept: Arc<Kept>,
    runtime: Option<Runtime>,
}

/// A refusal that a test asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status, such as 400.
    pub status: u16,
    /// The name of the error, such as `MessageRejected`.
    pub error: String,
}

/// The mails and the refusals to come.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Content>);

#[derive(Debug, Default)]
struct Content {
    /// The newest first.
    messages: VecDeque<Message>,
    /// How many mails there have ever been.
    count: u64,
    refusals: VecDeque<Refusal>,
}

impl Mailbox {
    /// Starts on a port of the loopback interface; 0 is any free one.
    ///
    /// # Errors
    /// One line: no port.
    pub fn start(port: u16) -> Result<Self, String> {
        let runtime = runtime()?;
        let listener = listen(port)?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let guard = runtime.enter();
        let listener =
            tokio::net::TcpListener::from_std(listener).map_err(|error| error.to_string())?;
        drop(guard);
        let kept = Arc::new(Kept::default());
        runtime.spawn(accept(listener, Arc::clone(&kept)));
        Ok(Self {
            address,
            kept,
            runtime: Some(runtime),
        })
    }

    /// Where it listens, such as `http://127.0.0.1:8081`; the address of SES for the functions.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The mails, newest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.kept.messages(None)
    }

    /// The mails to an address, newest first.
    #[must_use]
    pub fn messages_to(&self, to: &str) -> Vec<Message> {
        self.kept.messages(Some(to))
    }

    /// Forgets every mail.
    pub fn empty(&self) {
        self.kept.empty();
    }

    /// Refuses the next `count` mails; 0 takes back what is left of earlier orders.
    pub fn fail_next(&self, count: usize, status: u16, error: &str) {
        let refusal = Refusal {
            status,
            error: error.to_owned(),
        };
        let mut content = self.kept.lock();
        content.refusals.clear();
        content.refusals.extend(std::iter::repeat_n(refusal, count));
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Kept {
    /// Keeps a mail, unless a refusal is due; returns its id.
    fn take(&self, message: impl FnOnce(String) -> Message) -> Result<String, Refusal> {
        let mut content = self.lock();
        if let Some(refusal) = content.refusals.pop_front() {
            return Err(refusal);
        }
        content.count += 1;
        let id = content.count.to_string();
        content.messages.push_front(message(id.clone()));
        content.messages.truncate(KEPT);
        Ok(id)
    }

    fn messages(&self, to: Option<&str>) -> Vec<Message> {
        let content = self.lock();
        let wanted = |message: &&Message| to.is_none_or(|to| message.to.eq_ignore_ascii_case(to));
        content.messages.iter().filter(wanted).cloned().collect()
    }

    fn empty(&self) {
        self.lock().messages.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: tokio::net::TcpListener, kept: Arc<Kept>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let kept = Arc::clone(&kept);
        let service = service_fn(move |request| http::answer(Arc::clone(&kept), request));
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service),
        );
    }
}
