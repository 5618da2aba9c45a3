//! HTTP/1.1 over TLS for the SDK. Its own connector also speaks HTTP/2, which DynamoDB does not, knows proxies and decodes
//! its roots at every start. docs/performance.md has what that costs.

use std::error::Error;
use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::{
    CaptureConnection, HttpConnector as Tcp, capture_connection,
};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// Amazon's own roots: DynamoDB uses no other, and loading the system's takes milliseconds.
const ROOTS: &[&[u8]] = include!(concat!(env!("OUT_DIR"), "/roots.rs"));

/// Connections of their own, for calls to other services of AWS.
#[must_use]
pub fn connector() -> SharedHttpConnector {
    SharedHttpConnector::new(Connector::new())
}

/// The SDK's client, with one connector for every call.
pub(crate) fn new() -> SharedHttpClient {
    let connector = connector();
    http_client_fn(move |_, _| connector.clone())
}

/// The connections of this process.
#[derive(Debug)]
struct Connector(Result<Client<HttpsConnector<Tcp>, SdkBody>, rustls::Error>);

impl Connector {
    fn new() -> Self {
        let mut tcp = Tcp::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let client = |config| {
            let tls = HttpsConnectorBuilder::new()
                .with_tls_config(config)
                .https_or_http()
                .enable_http1()
                .wrap_connector(tcp);
            let mut client = Client::builder(TokioExecutor::new());
            client.pool_timer(TokioTimer::new()).build(tls)
        };
        Self(config().map(client))
    }
}

/// TLS that trusts the roots alone.
fn config() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    for root in ROOTS {
        roots.add(CertificateDer::from(*root))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map(|config| config.with_root_certificates(roots).with_no_client_auth())
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let refuse = |error: BoxError| HttpConnectorFuture::ready(Err(ConnectorError::user(error)));
        let client = match &self.0 {
            Ok(client) => client,
            Err(error) => return refuse(error.clone().into()),
        };
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return refuse(error.into()),
        };
        let connection = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || poisonable(&connection));
        }
        let sent = client.request(request);
        HttpConnectorFuture::new(async move {
            let reply = sent.await.map_err(fault)?;
            HttpResponse::try_from(reply.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Lets the SDK give up a connection on which a call failed.
fn poisonable(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    let _ = connection.connection_metadata().as_ref()?;
    let connection = connection.clone();
    let poison = move || {
        if let Some(connection) = connection.connection_metadata().as_ref() {
            connection.poison();
        }
    };
    Some(
        ConnectionMetadata::builder()
            .proxied(false)
            .poison_fn(poison)
            .build(),
    )
}

/// The kind of a fault, by which the SDK decides whether it tries again.
fn fault(error: legacy::Error) -> ConnectorError {
    let (lost, hyper) = (
        error.is_connect() || cause::<std::io::Error>(&error).is_some(),
        cause::<hyper::Error>(&error),
    );
    let kind = |is: fn(&hyper::Error) -> bool| hyper.is_some_and(is);
    if kind(hyper::Error::is_timeout) {
        ConnectorError::timeout(error.into())
    } else if kind(hyper::Error::is_user) {
        ConnectorError::user(error.into())
    } else if lost || kind(hyper::Error::is_closed) || kind(hyper::Error::is_canceled) {
        ConnectorError::io(error.into())
    } else {
        let cut = kind(hyper::Error::is_incomplete_message);
        ConnectorError::other(error.into(), cut.then_some(ErrorKind::TransientError))
    }
}

/// The first cause of a type, the error itself included.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    causes.find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests {
    use ring::digest::{SHA256, digest};

    use super::*;

    #[test]
    fn the_roots_are_those_whose_hashes_stand_beside_them() {
        let hash = |root: &&[u8]| {
            let bytes = digest(&SHA256, root);
            let hex: Vec<String> = bytes
                .as_ref()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            hex.join(":")
        };
        let written = include_str!("amazon-roots.pem").lines();
        let written: Vec<&str> = written
            .filter_map(|line| line.strip_prefix("# SHA-256 "))
            .collect();
        assert_eq!(ROOTS.iter().map(hash).collect::<Vec<_>>(), written);
        assert!(config().is_ok());
    }
}
