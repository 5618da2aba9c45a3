//! An app in a browser: a page, and the API under the same origin.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use api::endpoints::{PAGE, Route, route};

use super::*;

/// The app, with the requests that have come to its API, oldest first: path and body.
pub(super) struct App {
    stage: Stage<'static>,
    asked: Mutex<Vec<(String, Value)>>,
}

impl App {
    /// Serves the app on this machine; its origin.
    pub(super) fn serve(stage: Stage<'static>) -> (Arc<Self>, String) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let app = Arc::new(Self {
            stage,
            asked: Mutex::default(),
        });
        let serving = Arc::clone(&app);
        // It ends with the process.
        let _server = thread::spawn(move || {
            for stream in listener.incoming() {
                serving.answer(&stream.unwrap());
            }
        });
        (app, origin)
    }

    pub(super) fn stage(&self) -> &Stage<'static> {
        &self.stage
    }

    /// The body of the last request to a path.
    pub(super) fn last(&self, path: &str) -> Value {
        let asked = self.asked.lock().unwrap();
        let mut of_path = asked.iter().rev().filter(|(asked, _)| asked == path);
        of_path.next().unwrap().1.clone()
    }

    fn answer(&self, mut stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            let _ = reader.read_line(&mut line).unwrap();
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let header = |name: &str| {
            let mut found = head.iter().filter_map(|line| line.split_once(": "));
            let found = found.find(|(there, _)| there.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value)
        };
        let length = header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let mut words = head.first().map_or("", String::as_str).split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap_or_default());
        let (status, kind, text) = if let Route::To(function) = route(PAGE, method, path, |_| true)
        {
            let body: Value = serde_json::from_slice(&body).unwrap();
            self.asked
                .lock()
                .unwrap()
                .push((path.to_owned(), body.clone()));
            let mut event = Event::new(method, path).json(&body);
            if let Some((_, token)) = header("authorization").and_then(|it| it.split_once(' ')) {
                event = event.token(token);
            }
            let reply = self.stage.world.reply(function, &event);
            (reply.status, "application/json", reply.text())
        } else {
            let page = "<!doctype html><title>An app</title>";
            (200, "text/html", page.to_owned())
        };
        let length = text.len();
        let reply = format!(
            "HTTP/1.1 {status} OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
        );
        stream.write_all(reply.as_bytes()).unwrap();
    }
}
