//! A relay to a DynamoDB that runs already: it signs every request with one access key.
//!
//! DynamoDB Local keeps a database of its own for each access key, and accepts only letters and digits in it. The
//! functions of a suite sign with names of their own, so that the proxy knows them: behind a relay they share tables.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::engine::authorization;
use crate::listen::{listen, runtime};

type Body = http_body_util::Full<Bytes>;

/// A running relay; dropping it stops it.
pub(crate) struct Relay {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

struct Onward {
    upstream: String,
    authorization: String,
    client: Client<HttpConnector, Body>,
}

impl Relay {
    /// Starts on a free port in front of the DynamoDB at `upstream`, to sign with `key`.
    pub(crate) fn start(upstream: &str, key: &str) -> Result<Self, String> {
        let runtime = runtime()?;
        let listener = listen(0)?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let onward = Arc::new(Onward {
            upstream: format!("{upstream}/"),
            authorization: authorization(key),
            client: Client::builder(TokioExecutor::new()).build(connector),
        });
        let guard = runtime.enter();
        let listener = TcpListener::from_std(listener).map_err(|error| error.to_string())?;
        drop(guard);
        runtime.spawn(accept(listener, onward));
        Ok(Self {
            address,
            runtime: Some(runtime),
        })
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, onward: Arc<Onward>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let onward = Arc::clone(&onward);
        let service = service_fn(move |request| pass(Arc::clone(&onward), request));
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service),
        );
    }
}

/// Hands a request on. A failure closes the connection, as the engine itself would.
async fn pass(
    onward: Arc<Onward>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>> {
    let (head, body) = request.into_parts();
    let mut changed = Request::post(&onward.upstream);
    for (name, value) in &head.headers {
        if ![
            header::AUTHORIZATION,
            header::CONNECTION,
            header::CONTENT_LENGTH,
            header::HOST,
        ]
        .contains(name)
        {
            changed = changed.header(name, value);
        }
    }
    let body = body.collect().await?.to_bytes();
    let changed = changed
        .header(header::AUTHORIZATION, &onward.authorization)
        .body(Body::from(body))?;
    let (mut head, body) = onward.client.request(changed).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    // The whole body is at hand: it is sent with its length.
    head.headers.remove(header::TRANSFER_ENCODING);
    head.headers.remove(header::CONNECTION);
    Ok(Response::from_parts(head, Body::from(body)))
}
