//! An app in a browser: a page, and the API under the same origin. The browser's own requests reach the functions.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use api::endpoints::{PAGE, Route, route};

use super::*;

/// The app, with the addresses that the browser has asked for.
pub(super) struct App {
    pub(super) stage: Stage<'static>,
    asked: Mutex<Vec<String>>,
}

impl App {
    /// Serves the app on this machine; its origin.
    pub(super) fn serve(inside: &'static Inside) -> (Arc<Self>, String) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let own = [("BAKEND_CORS_ALLOWED_ORIGINS", origin.as_str())];
        let app = Arc::new(Self {
            stage: Stage::at_origin(inside, &origin, &own),
            asked: Mutex::default(),
        });
        let serving = Arc::clone(&app);
        // It ends with the process.
        let _server = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = Arc::clone(&serving);
                let _answering = thread::spawn(move || serving.answer(&stream));
            }
        });
        (app, origin)
    }

    /// The addresses that the browser has asked for so far.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn answer(&self, mut stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            let _ = reader.read_line(&mut line).ok()?;
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
        reader.read_exact(&mut body).ok()?;
        let mut words = head.first()?.split(' ');
        let (method, address) = (words.next()?, words.next()?);
        self.asked.lock().unwrap().push(address.to_owned());
        let path = address.split('?').next()?;
        let Route::To(function) = route(PAGE, method, path, |_| true) else {
            let page = "<!doctype html><title>An app</title>";
            let head = "200 OK\r\ncontent-type: text/html";
            return send(&mut stream, head, page);
        };
        let mut event = Event::new(method, address);
        for name in [
            "content-type",
            "authorization",
            "origin",
            "x-refresh-token-mode",
        ] {
            if let Some(value) = header(name) {
                event = event.header(name, value);
            }
        }
        for pair in header("cookie").into_iter().flat_map(|all| all.split("; ")) {
            event = event.cookie(pair);
        }
        if !body.is_empty() {
            event = event.text(std::str::from_utf8(&body).unwrap());
        }
        let reply = self.stage.world.reply(function, &event);
        let mut head = format!("{} OK", reply.status);
        for (name, value) in &reply.headers {
            if name != "content-length" {
                head = format!("{head}\r\n{name}: {value}");
            }
        }
        send(&mut stream, &head, &reply.text())
    }
}

fn send(stream: &mut &TcpStream, head: &str, text: &str) -> Option<()> {
    let length = text.len();
    let reply =
        format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}");
    stream.write_all(reply.as_bytes()).ok()
}
