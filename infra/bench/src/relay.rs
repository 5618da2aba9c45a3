//! A relay in front of the embedded DynamoDB that notes when it is connected to, asked and answered.

use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Instant;

use crate::http::message;
use crate::settled::Settled;

/// A running relay; it ends with this process.
pub(crate) struct Relay {
    address: SocketAddr,
    moments: Receiver<(Instant, Moment)>,
}

/// An event that the relay saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Connected,
    Asked,
    AskedAgain,
    Answered,
}

/// The events until some instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// When the first connection was accepted.
    pub(crate) connected: Option<Instant>,
}

/// A count of events.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    /// How many connections there were.
    pub(crate) connected: usize,
    /// Whether a question came a second time.
    pub(crate) again: bool,
}

impl Relay {
    /// Starts on a free port, in front of the server at `upstream`. Replies wait until `settled` allows.
    ///
    /// # Errors
    /// One line: no port.
    pub(crate) fn start(upstream: SocketAddr, settled: &Settled) -> Result<Self, String> {
        let no_port = |error: std::io::Error| format!("The relay has no port: {error}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(no_port)?;
        let address = listener.local_addr().map_err(no_port)?;
        let (sender, moments) = channel();
        let settled = settled.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let _ = sender.send((Instant::now(), Moment::Connected));
                let Ok(server) = TcpStream::connect(upstream) else {
                    continue;
                };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let (Ok(from_client), Ok(from_server)) = (client.try_clone(), server.try_clone())
                else {
                    continue;
                };
                ask(from_client, server, sender.clone());
                answer(from_server, client, sender.clone(), settled.clone());
            }
        });
        Ok(Self { address, moments })
    }

    /// Where it listens, such as `http://127.0.0.1:45123`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Forgets the events so far.
    pub(crate) fn forget(&self) {
        self.moments.try_iter().for_each(drop);
    }

    /// The connections since the last call, and whether the SDK asked a question a second time.
    pub(crate) fn counted(&self) -> Counted {
        let mut counted = Counted::default();
        for (_, moment) in self.moments.try_iter() {
            counted.connected += usize::from(moment == Moment::Connected);
            counted.again |= moment == Moment::AskedAgain;
        }
        counted
    }

    /// The events since the last call, until `end`.
    pub(crate) fn seen(&self, end: Instant) -> Seen {
        seen(self.moments.try_iter().filter(|(at, _)| *at <= end))
    }
}

fn seen(mut moments: impl Iterator<Item = (Instant, Moment)>) -> Seen {
    let first = moments.find(|(_, moment)| *moment == Moment::Connected);
    Seen {
        connected: first.map(|(at, _)| at),
    }
}

/// Copies the questions until they end, and notes each piece.
fn ask(mut from: TcpStream, mut to: TcpStream, sender: Sender<(Instant, Moment)>) {
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let moment = if is_again(&buffer[..length]) {
                Moment::AskedAgain
            } else {
                Moment::Asked
            };
            let _ = sender.send((Instant::now(), moment));
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}

/// Whether the head of a request says that an attempt went before: `amz-sdk-request: attempt=2; max=3`.
fn is_again(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let attempt = head.lines().find_map(|line| {
        line.strip_prefix("amz-sdk-request:")?
            .split_once("attempt=")
    });
    attempt.is_some_and(|(_, attempt)| !attempt.starts_with("1;"))
}

/// Copies the answers until they end, each in one piece, and notes them.
fn answer(from: TcpStream, mut to: TcpStream, sender: Sender<(Instant, Moment)>, settled: Settled) {
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        while let Some(answer) = message(&mut from) {
            let _ = sender.send((Instant::now(), Moment::Answered));
            settled.wait();
            if to.write_all(&answer.raw).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_attempt_is_noticed() {
        for (head, again) in [
            (
                "POST / HTTP/1.1\r\namz-sdk-request: attempt=1; max=3\r\n\r\n{}",
                false,
            ),
            (
                "POST / HTTP/1.1\r\nAmz-Sdk-Request: attempt=2; max=3\r\n\r\n{}",
                true,
            ),
            (
                "POST / HTTP/1.1\r\namz-sdk-request: ttl=1; attempt=2; max=3\r\n\r\n{}",
                true,
            ),
            ("{\"more\":1}", false),
        ] {
            assert_eq!(is_again(head.as_bytes()), again, "{head}");
        }
    }

    #[test]
    fn what_is_said_arrives() {
        let echo = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let relay = Relay::start(echo.local_addr().unwrap(), &Settled::default()).unwrap();
        let mut client = TcpStream::connect(relay.address).unwrap();
        client.write_all(b"hello").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let (mut server, mut heard) = (echo.accept().unwrap().0, String::new());
        server.read_to_string(&mut heard).unwrap();
        write!(
            server,
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{heard}"
        )
        .unwrap();
        drop(server);
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
        assert!(relay.seen(Instant::now()).connected.is_some());
    }
}
