//! One call: judge, connect, send, and read a bounded reply.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT_ENCODING, HOST, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use url::Host;

use crate::address::is_public;
use crate::connect::{connect, public_roots};
use crate::fault::Fault;
use crate::resolve::{Resolve, System};
use crate::target::{Reach, Target};

/// The longest time from the resolution of a name to the end of the TLS handshake.
const CONNECT: Duration = Duration::from_secs(3);

/// The most header fields, and bytes of a head, that a reply may have.
const MAX_HEADERS: usize = 100;
const MAX_HEAD: usize = 16 * 1024;

/// A caller of foreign hosts. It keeps no connection: every call judges the addresses anew.
#[derive(Debug)]
pub struct Client<R = System> {
    resolver: R,
    reach: Reach,
    tls: Result<Arc<ClientConfig>, rustls::Error>,
}

/// The request of a call, and its bounds.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// `GET` or `POST`.
    pub method: Method,
    /// The header fields beside `Host`, `Accept-Encoding` and the body's length.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// The longest time of the whole call, connection and reply included.
    pub timeout: Duration,
    /// The most bytes of the reply's body that are read.
    pub limit: usize,
}

/// A reply, as far as it was read.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status, from 200 on.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The bytes of the body, never decoded, at most the call's limit.
    pub body: Vec<u8>,
    /// The reason why reading stopped.
    pub end: End,
}

/// The reason why reading of a reply's body stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The body is whole.
    Whole,
    /// The limit is reached.
    Limit,
    /// The connection ended before the body did.
    Cut,
    /// The time is over.
    Late,
}

impl Reply {
    /// The value of a header field, if it is there once and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }
}

impl Client {
    /// A client with the resolver of the operating system, which trusts the public authorities.
    #[must_use]
    pub fn new(reach: Reach) -> Self {
        Self::with_resolver(System, reach)
    }
}

impl<R: Resolve> Client<R> {
    /// A client with another resolver.
    #[must_use]
    pub fn with_resolver(resolver: R, reach: Reach) -> Self {
        Self {
            resolver,
            reach,
            tls: public_roots(),
        }
    }

    /// A client that trusts other authorities.
    #[cfg(test)]
    pub(crate) fn trusting(self, roots: rustls::RootCertStore) -> Self {
        let tls = crate::connect::trusting(roots);
        Self { tls, ..self }
    }

    /// The reach of the calls.
    #[must_use]
    pub const fn reach(&self) -> Reach {
        self.reach
    }

    /// Resolves a target's name once and judges all its addresses; returns them, IPv4 first.
    ///
    /// # Errors
    /// [`Fault::NotAllowed`] where one of them is not public, [`Fault::Unresolved`], [`Fault::ConnectTimeout`].
    pub async fn judge(&self, target: &Target) -> Result<Vec<SocketAddr>, Fault> {
        self.judge_until(target, Instant::now() + CONNECT).await
    }

    async fn judge_until(&self, target: &Target, until: Instant) -> Result<Vec<SocketAddr>, Fault> {
        let mut addresses = match target.host() {
            Some(Host::Ipv4(address)) => vec![IpAddr::V4(address)],
            Some(Host::Ipv6(address)) => vec![IpAddr::V6(address)],
            Some(Host::Domain(name)) => timeout_at(until, self.resolver.resolve(name))
                .await
                .map_err(|_| Fault::ConnectTimeout)?
                .map_err(|_| Fault::Unresolved)?,
            None => Vec::new(),
        };
        if addresses.is_empty() {
            return Err(Fault::Unresolved);
        }
        if self.reach == Reach::Public && !addresses.iter().all(|address| is_public(*address)) {
            return Err(Fault::NotAllowed);
        }
        // Lambda has no IPv6 outside of a VPC.
        addresses.sort_by_key(IpAddr::is_ipv6);
        let port = target.port();
        let addresses = addresses.into_iter();
        Ok(addresses
            .map(|address| SocketAddr::new(address, port))
            .collect())
    }

    /// Sends one request and reads its reply. A redirect is a reply as any other.
    ///
    /// # Errors
    /// The reason why there was no reply. A reply that ends early or late after its head is a [`Reply`].
    pub async fn send(&self, target: &Target, call: Call<'_>) -> Result<Reply, Fault> {
        let until = Instant::now() + call.timeout;
        let limit = call.limit;
        let request = request(target, call)?;
        let connected = until.min(Instant::now() + CONNECT);
        let addresses = self.judge_until(target, connected).await?;
        let tls = self.tls.as_ref().map_err(|_| Fault::Untrusted)?;
        let stream = connect(&addresses, target, tls, connected).await?;
        let handshake = http1::Builder::new()
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.map_err(|_| Fault::Broken)?;
        // Dropped at the end of this call, which closes the connection however much is still coming.
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let response = timeout_at(until, sender.send_request(request)).await;
        let response = response
            .map_err(|_| Fault::Timeout)?
            .map_err(|_| Fault::Broken)?;
        Ok(read(response, limit, until).await)
    }
}

/// Makes the request; a header that would begin another line is refused.
fn request(target: &Target, call: Call<'_>) -> Result<Request<Full<Bytes>>, Fault> {
    let mut request = Request::builder()
        .method(call.method)
        .uri(target.path())
        .header(HOST, target.authority())
        .header(ACCEPT_ENCODING, "identity");
    for (name, value) in call.headers {
        let value = HeaderValue::from_str(value).map_err(|_| Fault::Unsendable)?;
        request = request.header(*name, value);
    }
    request
        .body(Full::new(Bytes::from(call.body)))
        .map_err(|_| Fault::Unsendable)
}

/// Reads a reply until its end, the limit, or the end of the time.
async fn read(response: Response<Incoming>, limit: usize, until: Instant) -> Reply {
    let (head, mut incoming) = response.into_parts();
    let mut body = Vec::new();
    let end = loop {
        if body.len() >= limit {
            body.truncate(limit);
            break End::Limit;
        }
        match timeout_at(until, incoming.frame()).await {
            Ok(Some(Ok(frame))) => body.extend(frame.data_ref().into_iter().flatten()),
            Ok(Some(Err(_))) => break End::Cut,
            Ok(None) => break End::Whole,
            Err(_) => break End::Late,
        }
    };
    Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        body,
        end,
    }
}
