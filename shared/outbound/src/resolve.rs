//! Finds the addresses of a name.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// A source of addresses; tests have one of their own.
pub trait Resolve: Send + Sync {
    /// Returns every address of a name.
    ///
    /// # Errors
    /// When the name has none, or nobody answers.
    fn resolve(&self, name: &str) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;
}

/// The resolver of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Resolve for System {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        let mut addresses: Vec<IpAddr> = found.map(|address: SocketAddr| address.ip()).collect();
        addresses.dedup();
        Ok(addresses)
    }
}
