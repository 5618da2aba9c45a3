//! Certificates: of an authority that is trusted, and for the name that was asked.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::server::{Saying, call};
use crate::{Client, Fault, Reach, Target};

/// A server with a certificate for `a.example`; returns its port and what trusts it.
async fn server() -> (u16, RootCertStore) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["a.example".to_owned()]).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).expect("a root");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a config");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let acceptor = TlsAcceptor::from(Arc::new(config.clone()));
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut bytes = [0; 1024];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
            let _ = stream.shutdown().await;
        }
    });
    (port, roots)
}

#[tokio::test]
async fn a_certificate_is_trusted_for_its_name_by_its_authority() {
    let (port, roots) = server().await;
    let says = Saying::new(&[&["127.0.0.1"]]);
    let ask = async |name: &str, roots: Option<RootCertStore>| {
        let target = Target::parse(&format!("https://{name}:{port}/"), Reach::Anywhere);
        let client = Client::with_resolver(&says, Reach::Anywhere);
        let client = match roots {
            Some(roots) => client.trusting(roots),
            None => client,
        };
        let sent = client.send(&target.expect("a target"), call()).await;
        sent.map(|reply| reply.status)
    };
    assert_eq!(ask("a.example", Some(roots.clone())).await, Ok(204));
    let untrusted = Err(Fault::Untrusted);
    assert_eq!(ask("b.example", Some(roots.clone())).await, untrusted);
    assert_eq!(ask("127.0.0.1", Some(roots)).await, untrusted);
    assert_eq!(
        ask("a.example", None).await,
        untrusted,
        "public authorities"
    );
}

#[tokio::test]
async fn a_server_without_tls_is_not_trusted() {
    let (port, _server) = super::server::answering(b"HTTP/1.1 200 OK\r\n\r\n").await;
    let target = Target::parse(&format!("https://127.0.0.1:{port}/"), Reach::Anywhere);
    let sent = Client::new(Reach::Anywhere)
        .send(&target.expect("a target"), call())
        .await;
    assert!(matches!(
        sent,
        Err(Fault::Untrusted | Fault::ConnectTimeout)
    ));
}
