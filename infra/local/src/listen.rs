//! A runtime and a listener for a server in this process.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use tokio::runtime::{Builder, Runtime};

/// A runtime of its own for a server in this process.
pub(crate) fn runtime() -> Result<Runtime, String> {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("Cannot start a runtime: {error}"))
}

/// A listener on a port of the loopback interface.
pub(crate) fn listen(port: u16) -> Result<TcpListener, String> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("Port {port} is taken: stop what listens there or choose another one")
            }
            _ => format!("Cannot listen on port {port}: {error}"),
        })?;
    listener
        .set_nonblocking(true)
        .map_err(|error| error.to_string())?;
    Ok(listener)
}
