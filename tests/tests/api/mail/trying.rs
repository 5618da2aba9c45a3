//! The lines of `docs/mail.md` that try every mail, by `curl` and a shell.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use api::endpoints::{PAGE, Route, route};
use blackbox::{Event, stack};

use crate::proofs::world::MailWorld;
use crate::quick_start::{judge, script};

/// How long all lines may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// Waits for one mail more than the last time, in place of a second.
const WAIT: &str = r#"mails_there=$((mails_there+1))
until [ "$(curl --silent "$mails" | grep -o '"id":' | wc -l)" -ge $mails_there ]; do sleep 0.1; done
"#;

#[test]
fn the_lines_about_mails_are_answered_as_they_say() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let settings = [
        ("BAKEND_AUTH_MAGIC_LINK", "signIn"),
        ("BAKEND_AUTH_INVITATIONS_BY", "authenticated"),
    ];
    let world = MailWorld::new(inside, &settings);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let guide = include_str!("../../../../docs/mail.md");
    let section = guide.split("\n## Ten lines to try\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let (script, expected) = script(section, |lines| {
        let api = format!("http://{}", listener.local_addr().unwrap());
        let lines = lines.replace("http://localhost:8080", &api);
        let lines = lines.replace("http://127.0.0.1:8081", &world.mailbox.endpoint());
        assert_eq!(lines.matches("sleep 1\n").count(), 5, "one for each mail");
        lines.replace("sleep 1\n", WAIT)
    });
    let mut run = Command::new("sh")
        .args(["-e", "-c", &script])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    serve(&world, &listener, &mut run);
    judge(&run.wait_with_output().unwrap(), &expected);
}

/// Answers requests one after the other until the shell has ended.
fn serve(world: &MailWorld<'_>, listener: &TcpListener, shell: &mut Child) {
    let started = Instant::now();
    listener.set_nonblocking(true).unwrap();
    while shell.try_wait().unwrap().is_none() {
        match listener.accept() {
            Ok((stream, _)) => answer(world, stream),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => panic!("{error}"),
        }
        if started.elapsed() > PATIENCE {
            shell.kill().unwrap();
            panic!("a mail has not come: {}", world.flow.log());
        }
    }
}

/// Hands one request to its function, as API Gateway does.
fn answer(world: &MailWorld<'_>, stream: TcpStream) {
    stream.set_nonblocking(false).unwrap();
    let mut request = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        let _ = request.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let first = line();
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let (mut event, mut length) = (Event::new(method, path), 0);
    loop {
        let header = line();
        let Some((name, value)) = header.split_once(": ") else {
            break;
        };
        let name = name.to_ascii_lowercase();
        if name == "content-length" {
            length = value.parse().unwrap();
        }
        event = event.header(&name, value);
    }
    let mut body = vec![0; length];
    request.read_exact(&mut body).unwrap();
    if length > 0 {
        event = event.text(std::str::from_utf8(&body).unwrap());
    }
    let Route::To(function) = route(PAGE, method, path, |_| false) else {
        panic!("no endpoint has {method} {path}");
    };
    let reply = world.reply(function, &event);
    let mut stream = request.into_inner();
    let head = format!(
        "HTTP/1.1 {} -\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        reply.status,
        reply.body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&reply.body).unwrap();
}
