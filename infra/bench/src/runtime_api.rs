//! Lambda's Runtime API for one function process: hands out events, and notes when they are asked for and answered.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::io::{BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http::message;
use crate::settled::Settled;

/// How long a function may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

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
    /// The body within the answer; null if it is no JSON.
    pub(crate) body: Value,
}

impl RuntimeApi {
    /// Starts on a free port. Replies wait until `settled` allows.
    ///
    /// # Errors
    /// One line: no port.
    pub(crate) fn start(settled: &Settled) -> Result<Self, String> {
        let no_port = |error: std::io::Error| format!("The Runtime API has no port: {error}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(no_port)?;
        let address = listener.local_addr().map_err(no_port)?;
        let (event_sender, events) = channel();
        let (sender, moments) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, events) = (Arc::clone(&stop), Arc::new(Mutex::new(events)));
        let settled = settled.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let (events, sender) = (Arc::clone(&events), sender.clone());
                let settled = settled.clone();
                thread::spawn(move || serve(&stream, &events, &sender, &settled));
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
                        body: reply["body"]
                            .as_str()
                            .and_then(|body| serde_json::from_str(body).ok())
                            .unwrap_or_default(),
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
fn serve(
    stream: &TcpStream,
    events: &Mutex<Receiver<String>>,
    moments: &Sender<Moment>,
    settled: &Settled,
) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(request) = message(&mut reader) {
        let (now, line) = (Instant::now(), request.line);
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
                settled.wait();
                let _ = moments.send(Moment::Handed(Instant::now()));
                handout(&event)
            }
            (Some("POST"), Some("response")) => {
                settled.wait();
                let _ = moments.send(Moment::Answered(now, request.body));
                accepted()
            }
            _ => {
                let what = format!("says {line}: {}", String::from_utf8_lossy(&request.body));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_handed_out_and_answered() {
        let api = RuntimeApi::start(&Settled::default()).unwrap();
        let address = api.address;
        let function = thread::spawn(move || {
            let stream = TcpStream::connect(address).unwrap();
            let mut reader = BufReader::new(&stream);
            (&stream)
                .write_all(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n")
                .unwrap();
            let handed = message(&mut reader).unwrap();
            assert_eq!(
                (handed.line.as_str(), handed.body.as_slice()),
                ("HTTP/1.1 200 OK", br#"{"a":1}"#.as_slice())
            );
            let reply = r#"{"statusCode":200,"body":"{\"b\":2}"}"#;
            let post = format!(
                "POST /x/response HTTP/1.1\r\ncontent-length: {}\r\n\r\n{reply}",
                reply.len()
            );
            (&stream).write_all(post.as_bytes()).unwrap();
            message(&mut reader).unwrap();
        });
        api.polled().unwrap();
        let answer = api.ask(&serde_json::json!({ "a": 1 })).unwrap();
        assert_eq!((answer.status, &answer.body["b"]), (200, &Value::from(2)));
        function.join().unwrap();
    }
}
