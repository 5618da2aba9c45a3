//! A receiver on loopback that answers as a test wants.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How a receiver answers.
#[derive(Clone, Copy, Debug)]
#[allow(
    dead_code,
    reason = "two binaries have it, and neither has every manner"
)]
pub(crate) enum Manner {
    /// With these bytes.
    With(&'static str),
    /// Byte by byte, and never to the end of the head.
    ByteByByte,
    /// With a success, after nine seconds.
    AfterNine,
    /// Not at all.
    Never,
}

/// How a receiver answers each request.
type Manners = Box<dyn Fn(&str) -> Manner + Send>;

/// A receiver, and the requests that it got.
pub(crate) struct Receiver {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
    manners: Arc<Mutex<Manners>>,
}

pub(crate) const OK: Manner = Manner::With("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");

impl Receiver {
    pub(crate) fn new(manner: Manner) -> Self {
        Self::answering(move |_| manner)
    }

    /// One whose answer depends on the request.
    pub(crate) fn answering(manners: impl Fn(&str) -> Manner + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook?key=1", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let manners: Arc<Mutex<Manners>> = Arc::new(Mutex::new(Box::new(manners)));
        let both = (Arc::clone(&requests), Arc::clone(&manners));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let both = both.clone();
                thread::spawn(move || serve(stream, &both.0, &both.1));
            }
        });
        Self {
            url,
            requests,
            manners,
        }
    }

    /// Answers in another way from now on.
    pub(crate) fn turn(&self, manner: Manner) {
        *self.manners.lock().unwrap() = Box::new(move |_| manner);
    }

    /// The requests so far, each with head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<String>>, manners: &Mutex<Manners>) {
    let Some(request) = read(&mut stream) else {
        return;
    };
    let manner = manners.lock().unwrap()(&request);
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
        Manner::AfterNine => {
            thread::sleep(Duration::from_secs(9));
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
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
