//! The mailbox, as the functions send to it and as tests and developers read it.

use std::io::{Read, Write};
use std::net::TcpStream;

use api::Timestamp;
use api::deployment::Aws;
use api::mail::Kind;
use invoke::{Letter, SendFault, Services};
use serde_json::Value;

use super::*;

fn letter<'a>(to: &'a str, text: &'a str, html: Option<&'a str>) -> Letter<'a> {
    Letter {
        kind: Kind::VerifyEmail,
        from: "hello@example.com",
        from_name: Some("Shop"),
        reply_to: None,
        to,
        subject: "A <b> & \"c\"",
        text,
        html,
        configuration_set: None,
    }
}

/// Sends as a function does.
fn send(mailbox: &Mailbox, letter: &Letter<'_>) -> Result<(), SendFault> {
    let aws = Aws {
        region: crate::REGION.to_owned(),
        access_key_id: crate::LOCAL_KEY.to_owned(),
        secret_access_key: "local".to_owned(),
        session_token: None,
        endpoint: None,
        lambda: None,
        event_bridge: None,
        ses: Some(mailbox.endpoint()),
    };
    let services = Services::new(&aws, store::connector());
    let runtime = runtime().expect("a runtime");
    runtime.block_on(services.send_mail(letter, Timestamp::from_millis(1_790_000_000_000)))
}

/// Sends a request by hand; the answer with its head.
fn ask(mailbox: &Mailbox, line: &str, host: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(mailbox.address).expect("connects");
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("read");
    answer
}

fn json(mailbox: &Mailbox, path: &str) -> Value {
    let answer = ask(mailbox, &format!("GET {path}"), "localhost:8081", "");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    serde_json::from_str(body).expect("JSON")
}

#[test]
fn a_mail_is_taken_as_ses_does_and_read_as_json() {
    let mailbox = Mailbox::start(0).expect("starts");
    let text = "Hi,\n\n12345678\n\nhttps://x.io/a?token=b\n";
    assert_eq!(
        send(&mailbox, &letter("ada@x.io", text, Some("<p>"))),
        Ok(())
    );
    assert_eq!(send(&mailbox, &letter("bob+a@x.io", "-", None)), Ok(()));
    let items = json(&mailbox, "/messages")["items"].clone();
    let to = |at: usize| items[at]["to"].as_str().map(str::to_owned);
    assert_eq!(
        (to(0).as_deref(), to(1).as_deref()),
        (Some("bob+a@x.io"), Some("ada@x.io"))
    );
    let mut first = items[1].clone();
    assert!(
        first["at"]
            .as_str()
            .is_some_and(|at| at.starts_with("20") && at.ends_with('Z'))
    );
    first["at"] = Value::Null;
    let expected = serde_json::json!({
        "id": "1", "at": null, "kind": "verify-email", "to": "ada@x.io", "subject": "A <b> & \"c\"",
        "text": text, "html": "<p>", "code": "12345678", "link": "https://x.io/a?token=b",
    });
    assert_eq!(first, expected);
    for name in ["html", "code", "link"] {
        assert!(items[0].get(name).is_some_and(Value::is_null), "{name}");
    }
    let found = json(&mailbox, "/messages?to=BOB%2Ba%40x.io");
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(mailbox.messages_to("ada@x.io").len(), 1);
    assert_eq!(
        json(&mailbox, "/messages?to=eve@x.io")["items"],
        serde_json::json!([])
    );
    let gone = ask(&mailbox, "DELETE /messages", "127.0.0.1:1", "");
    assert!(gone.starts_with("HTTP/1.1 204"), "{gone}");
    assert!(mailbox.messages().is_empty());
    assert_eq!(send(&mailbox, &letter("ada@x.io", text, None)), Ok(()));
    assert_eq!(mailbox.messages()[0].id, "3");
}

#[test]
fn the_newest_500_are_kept() {
    let kept = Kept::default();
    let body = serde_json::json!({
        "FromEmailAddress": "a@x.io", "Destination": { "ToAddresses": ["b@x.io"] },
        "Content": { "Simple": { "Subject": { "Data": "-" }, "Body": { "Text": { "Data": "-" } } } },
    });
    for _ in 0..502 {
        let read = message::SendEmail::read(body.to_string().as_bytes()).expect("valid");
        kept.take(|id| read.message(id, Timestamp::from_millis(0)))
            .expect("taken");
    }
    let messages = kept.messages(None);
    let ids = [messages.first(), messages.last()].map(|it| it.map(|it| it.id.as_str()));
    assert_eq!((messages.len(), ids), (500, [Some("502"), Some("3")]));
}

#[test]
fn it_refuses_when_told_and_takes_the_next() {
    let mailbox = Mailbox::start(0).expect("starts");
    let mail = letter("ada@x.io", "-", None);
    mailbox.fail_next(2, 429, "TooManyRequestsException");
    for _ in 0..2 {
        assert!(matches!(send(&mailbox, &mail), Err(SendFault::Later(_))));
    }
    assert_eq!(send(&mailbox, &mail), Ok(()));
    mailbox.fail_next(9, 400, "MessageRejected");
    let fault = send(&mailbox, &mail);
    assert!(
        matches!(&fault, Err(SendFault::Never(reason)) if reason.contains("MessageRejected")),
        "{fault:?}"
    );
    mailbox.fail_next(0, 400, "");
    assert_eq!(send(&mailbox, &mail), Ok(()));
    assert_eq!(mailbox.messages().len(), 2);
}

#[test]
fn a_request_that_is_none_is_refused() {
    let mailbox = Mailbox::start(0).expect("starts");
    for (line, host, body, status) in [
        ("POST /v2/email/outbound-emails", "127.0.0.1", "{}", 400),
        ("POST /v2/email/outbound-emails", "127.0.0.1", "a", 400),
        ("PUT /messages", "localhost", "", 405),
        ("HEAD /", "localhost", "", 405),
        ("GET /other", "localhost", "", 404),
        ("GET /messages", "evil.example:8081", "", 403),
        ("POST /v2/email/outbound-emails", "evil.example", "{}", 403),
    ] {
        let answer = ask(&mailbox, line, host, body);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{line} {answer}"
        );
    }
    assert!(mailbox.messages().is_empty());
}

#[test]
fn the_page_shows_everything_and_runs_nothing() {
    let mailbox = Mailbox::start(0).expect("starts");
    let evil = "</pre><script>alert(1)</script> javascript:/token=1\n12345678\nhttps://x.io/?token=\"><img>";
    let html = "\"></iframe><script>alert(2)</script><b style='color:red'>";
    assert_eq!(
        send(&mailbox, &letter("ada@x.io", evil, Some(html))),
        Ok(())
    );
    assert_eq!(send(&mailbox, &letter("bob@x.io", "-", None)), Ok(()));
    let page = ask(&mailbox, "GET /", "localhost:8081", "");
    let (head, body) = page.split_once("\r\n\r\n").expect("a body");
    assert!(
        head.contains("content-security-policy: default-src 'none';"),
        "{head}"
    );
    assert!(!body.contains("<script") && !body.contains("<img") && !body.contains("<b>"));
    assert!(!body.contains("href=\"javascript"), "{body}");
    assert_eq!(body.matches("</iframe>").count(), 1);
    assert!(body.contains("sandbox=\"allow-popups allow-popups-to-escape-sandbox\""));
    assert!(
        body.contains("srcdoc=\"&lt;base target=&quot;_blank&quot;&gt;&quot;&gt;&lt;/iframe&gt;")
    );
    assert!(body.contains("<code>12345678</code>"));
    assert!(body.contains("href=\"https://x.io/?token=&quot;&gt;&lt;img&gt;\""));
    let (first, second) = (body.find("bob@x.io"), body.find("ada@x.io"));
    assert!(first < second && first.is_some());
}
