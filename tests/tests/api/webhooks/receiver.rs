//! A receiver on loopback that answers as a test wants.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How a receiver answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// With these bytes.
    With(&'static str),
    /// Byte by byte, and never to the end of the head.
    ByteByByte,
    /// Not at all.
    Never,
}

/// A receiver, and the requests that it got.
pub(crate) struct Receiver {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

pub(crate) const OK: Manner = Manner::With("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");

impl Receiver {
    pub(crate) fn new(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook?key=1", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                thread::spawn(move || serve(stream, manner, &kept));
            }
        });
        Self { url, requests }
    }

    /// The requests so far, each with head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, manner: Manner, kept: &Mutex<Vec<String>>) {
    let Some(request) = read(&mut stream) else {
        return;
    };
    kept.lock().unwrap().push(request);
    match manner {
        Manner::With(bytes) => {
            let _ = stream.write_all(bytes.as_bytes());
        }
        Manner::ByteByByte => {
            for byte in b"HTTP/1.1 200 OK\r\nx-slow: "
                .iter()
                .chain([b'x'].iter().cycle())
            {
                if stream.write_all(&[*byte]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(50));
            }
        }
        Manner::Never => thread::sleep(Duration::from_secs(30)),
    }
}

/// Reads a request whose body has a length.
fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut next = [0; 4096];
        let count = stream.read(&mut next).ok().filter(|count| *count > 0)?;
        bytes.extend(&next[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = header(head, "content-length").and_then(|length| length.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(text);
        }
    }
}

/// The value of a header in a request.
pub(crate) fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let head = request.split("\r\n\r\n").next()?;
    head.lines().skip(1).find_map(|line| {
        let (own, value) = line.split_once(':')?;
        own.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
