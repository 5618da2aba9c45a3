//! A server on loopback that answers with given bytes, and resolvers that say what a test wants.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::{Call, Method, Reach, Resolve, Target};

/// A call without headers that reads at most 4 KiB within half a second.
pub(super) fn call() -> Call<'static> {
    Call {
        method: Method::POST,
        headers: &[],
        body: b"{}".to_vec(),
        timeout: Duration::from_millis(500),
        limit: 4096,
    }
}

/// A server whose every connection is served by `serve` once its request's head and body of two bytes have come.
pub(super) async fn server<F, S>(serve: S) -> (u16, JoinHandle<Vec<String>>)
where
    S: Fn(TcpStream) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let request = head(&mut stream).await;
        serve(stream).await;
        vec![request]
    });
    (port, task)
}

async fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n{}") {
        let mut next = [0; 1024];
        let count = stream.read(&mut next).await.expect("a request");
        assert_ne!(count, 0, "{}", String::from_utf8_lossy(&bytes));
        bytes.extend(&next[..count]);
    }
    String::from_utf8(bytes).expect("text")
}

/// A server that writes these bytes and closes.
pub(super) async fn answering(bytes: &'static [u8]) -> (u16, JoinHandle<Vec<String>>) {
    server(move |mut stream: TcpStream| async move {
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
    })
    .await
}

pub(super) fn target(name: &str, port: u16) -> Target {
    Target::parse(&format!("http://{name}:{port}/hook"), Reach::Anywhere).expect("a target")
}

/// A resolver that says one thing after the other, and the last of them for ever; it counts how often it is asked.
pub(super) struct Saying {
    says: Mutex<Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Saying {
    pub(super) fn new(says: &[&[&str]]) -> Self {
        let parse = |texts: &&[&str]| texts.iter().map(|text| text.parse().expect("ip")).collect();
        Self {
            says: Mutex::new(says.iter().map(parse).collect()),
            asked: AtomicUsize::new(0),
        }
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Resolve for &Saying {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut says = self.says.lock().expect("lock");
        Ok(if says.len() > 1 {
            says.remove(0)
        } else {
            says[0].clone()
        })
    }
}
