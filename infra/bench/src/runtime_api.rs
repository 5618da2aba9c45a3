//! Lambda's Runtime API for one function process: hands out events, and notes when they are asked for and answered.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a function may take for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running Runtime API; dropping it ends it.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    events: Sender<String>,
    moments: Receiver<Moment>,
    stop: Arc<AtomicBool>,
}

/// An action of the function.
enum Moment {
    /// It asked for an event.
    Polled(Instant),
    /// It was handed an event.
    Handed(Instant),
    /// It answered, with this body.
    Answered(Instant, Vec<u8>),
    /// It did something else, such as reporting an error.
    Unexpected(String),
}

/// An answered request.
pub(crate) struct Answer {
    /// From handing out the event to the end of the answer.
    pub(crate) time: Duration,
    /// The status within the answer.
    pub(crate) status: u16,
}

impl RuntimeApi {
    /// Starts on a free port.
    ///
    /// # Errors
    /// One line: no port.
    pub(crate) fn start() -> Result<Self, String> {
        let no_port = |error: std::io::Error| format!("The Runtime API has no port: {error}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(no_port)?;
        let address = listener.local_addr().map_err(no_port)?;
        let (event_sender, events) = channel();
        let (sender, moments) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, events) = (Arc::clone(&stop), Arc::new(Mutex::new(events)));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let (events, sender) = (Arc::clone(&events), sender.clone());
                thread::spawn(move || serve(&stream, &events, &sender));
            }
        });
        Ok(Self {
            address,
            events: event_sender,
            moments,
            stop,
        })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits until the function asks for an event.
    ///
    /// # Errors
    /// One line: it does not ask, or does something else.
    pub(crate) fn polled(&self) -> Result<Instant, String> {
        loop {
            match self.next()? {
                Moment::Polled(at) => return Ok(at),
                Moment::Unexpected(what) => return Err(what),
                Moment::Handed(_) | Moment::Answered(..) => {}
            }
        }
    }

    /// Hands out `event` and waits for the answer. The function must have asked.
    ///
    /// # Errors
    /// One line: it does not answer, or its answer is not an HTTP reply.
    pub(crate) fn ask(&self, event: &Value) -> Result<Answer, String> {
        self.events
            .send(event.to_string())
            .map_err(|_| "no longer asks".to_owned())?;
        let mut handed = None;
        loop {
            match self.next()? {
                Moment::Handed(at) => handed = Some(at),
                Moment::Answered(at, body) => {
                    let reply: Value = serde_json::from_slice(&body)
                        .map_err(|error| format!("answers {error}"))?;
                    let status = reply["statusCode"]
                        .as_u64()
                        .and_then(|status| u16::try_from(status).ok());
                    let status =
                        status.ok_or_else(|| format!("answers without a status: {reply}"))?;
                    return Ok(Answer {
                        time: handed.map_or(Duration::ZERO, |handed| at - handed),
                        status,
                    });
                }
                Moment::Unexpected(what) => return Err(what),
                Moment::Polled(_) => {}
            }
        }
    }

    fn next(&self) -> Result<Moment, String> {
        self.moments
            .recv_timeout(PATIENCE)
            .map_err(|_| format!("did nothing for {} s", PATIENCE.as_secs()))
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers the requests of one connection until it ends.
fn serve(stream: &TcpStream, events: &Mutex<Receiver<String>>, moments: &Sender<Moment>) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some((line, body)) = request(&mut reader) {
        let now = Instant::now();
        let mut words = line.split(' ');
        let reply = match (
            words.next(),
            words.next().and_then(|path| path.rsplit('/').next()),
        ) {
            (Some("GET"), Some("next")) => {
                let _ = moments.send(Moment::Polled(now));
                let Ok(event) = events.lock().unwrap_or_else(PoisonError::into_inner).recv() else {
                    return;
                };
                let _ = moments.send(Moment::Handed(Instant::now()));
                handout(&event)
            }
            (Some("POST"), Some("response")) => {
                let _ = moments.send(Moment::Answered(now, body));
                accepted()
            }
            _ => {
                let what = format!("says {line}: {}", String::from_utf8_lossy(&body));
                let _ = moments.send(Moment::Unexpected(what));
                accepted()
            }
        };
        if writer.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

fn handout(event: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nlambda-runtime-aws-request-id: cold\r\n\
         lambda-runtime-deadline-ms: 9999999999999\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:000000000000:function:cold\r\n\
         content-length: {}\r\n\r\n{event}",
        event.len()
    )
}

fn accepted() -> String {
    "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned()
}

/// The first line and the body of the next request; `None` at the end.
fn request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let line = header_line(reader)?;
    let (mut length, mut chunked) = (0, false);
    loop {
        let header = header_line(reader)?.to_ascii_lowercase();
        match header.split_once(':') {
            None => break,
            Some(("content-length", value)) => length = value.trim().parse().ok()?,
            Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    if chunked {
        loop {
            let size =
                usize::from_str_radix(header_line(reader)?.split(';').next()?.trim(), 16).ok()?;
            let at = body.len();
            body.resize(at + size, 0);
            reader.read_exact(&mut body[at..]).ok()?;
            header_line(reader)?;
            if size == 0 {
                break;
            }
        }
    } else {
        reader.read_exact(&mut body).ok()?;
    }
    Some((line, body))
}

fn header_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let length = reader.take(16 * 1024).read_line(&mut line).ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_come_by_length_and_in_chunks() {
        let mut bytes: &[u8] = b"POST /a/response HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi\
            POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\nGET /c HTTP/1.1\r\n\r\n";
        assert_eq!(
            request(&mut bytes),
            Some(("POST /a/response HTTP/1.1".to_owned(), b"hi".to_vec()))
        );
        assert_eq!(
            request(&mut bytes),
            Some(("POST /b HTTP/1.1".to_owned(), b"hi!".to_vec()))
        );
        assert_eq!(
            request(&mut bytes),
            Some(("GET /c HTTP/1.1".to_owned(), Vec::new()))
        );
        assert_eq!(request(&mut bytes), None);
    }

    #[test]
    fn an_event_is_handed_out_and_answered() {
        let api = RuntimeApi::start().unwrap();
        let address = api.address;
        let function = thread::spawn(move || {
            let stream = TcpStream::connect(address).unwrap();
            let mut reader = BufReader::new(&stream);
            (&stream)
                .write_all(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n")
                .unwrap();
            let (line, event) = request(&mut reader).unwrap();
            assert_eq!(
                (line.as_str(), event.as_slice()),
                ("HTTP/1.1 200 OK", br#"{"a":1}"#.as_slice())
            );
            let reply = "{\"statusCode\":204}";
            let post = format!(
                "POST /x/response HTTP/1.1\r\ncontent-length: {}\r\n\r\n{reply}",
                reply.len()
            );
            (&stream).write_all(post.as_bytes()).unwrap();
            request(&mut reader).unwrap();
        });
        api.polled().unwrap();
        assert_eq!(api.ask(&serde_json::json!({ "a": 1 })).unwrap().status, 204);
        function.join().unwrap();
    }
}
