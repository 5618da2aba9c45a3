//! Connects to an address that was judged, and to no other.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use crate::fault::Fault;
use crate::target::Target;

/// The most addresses of a name that are tried.
const TRIED: usize = 4;

/// A connection, with TLS or without.
pub(crate) enum Stream {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

/// TLS that trusts the public authorities.
pub(crate) fn public_roots() -> Result<Arc<ClientConfig>, rustls::Error> {
    trusting(RootCertStore::from_iter(
        webpki_roots::TLS_SERVER_ROOTS.iter().cloned(),
    ))
}

/// TLS that trusts these authorities alone.
pub(crate) fn trusting(roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(
        config.with_root_certificates(roots).with_no_client_auth(),
    ))
}

/// Connects to the first of the addresses that answers; each gets its share of the time that is left.
pub(crate) async fn connect(
    addresses: &[SocketAddr],
    target: &Target,
    tls: &Arc<ClientConfig>,
    until: Instant,
) -> Result<Stream, Fault> {
    let tcp = reach(addresses, until).await?;
    if !target.is_secure() {
        return Ok(Stream::Plain(tcp));
    }
    let name = match target.host() {
        Some(Host::Domain(name)) => {
            ServerName::try_from(name.to_owned()).map_err(|_| Fault::Untrusted)?
        }
        Some(Host::Ipv4(address)) => ServerName::from(std::net::IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => ServerName::from(std::net::IpAddr::V6(address)),
        None => return Err(Fault::Untrusted),
    };
    let shaken = TlsConnector::from(Arc::clone(tls)).connect(name, tcp);
    match timeout_at(until, shaken).await {
        Ok(Ok(stream)) => Ok(Stream::Secure(Box::new(stream))),
        Ok(Err(_)) => Err(Fault::Untrusted),
        Err(_) => Err(Fault::ConnectTimeout),
    }
}

async fn reach(addresses: &[SocketAddr], until: Instant) -> Result<TcpStream, Fault> {
    let tried = addresses.get(..TRIED).unwrap_or(addresses);
    let (mut fault, mut left) = (Fault::Unreachable, tried.len());
    for address in tried {
        let rest = until.saturating_duration_since(Instant::now());
        let share = rest / u32::try_from(left).unwrap_or(1).max(1);
        left = left.saturating_sub(1);
        match tokio::time::timeout(
            share.max(Duration::from_millis(1)),
            TcpStream::connect(address),
        )
        .await
        {
            Ok(Ok(stream)) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(_)) => fault = Fault::Unreachable,
            Err(_) => fault = Fault::ConnectTimeout,
        }
    }
    Err(fault)
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Secure(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
