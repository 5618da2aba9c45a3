//! Replies that are no help: redirects, endless ones, slow ones, cut ones, bombs.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::server::{answering, call, server, target};
use crate::{Call, Client, End, Fault, Method, Reach, Reply};

async fn ask(port: u16) -> Result<Reply, Fault> {
    let client = Client::new(Reach::Anywhere);
    client.send(&target("127.0.0.1", port), call()).await
}

#[tokio::test]
async fn a_reply_comes_back_with_status_headers_and_body() {
    let bytes =
        b"HTTP/1.1 429 Slow Down\r\nretry-after: 7\r\nx: a\r\nx: b\r\ncontent-length: 2\r\n\r\nno";
    let (port, server) = answering(bytes).await;
    let client = Client::new(Reach::Anywhere);
    let headers = [("content-type", "application/json"), ("webhook-id", "1")];
    let call = Call {
        headers: &headers,
        ..call()
    };
    let reply = client.send(&target("127.0.0.1", port), call).await;
    let reply = reply.expect("a reply");
    assert_eq!((reply.status, reply.end), (429, End::Whole));
    assert_eq!(reply.body, b"no");
    assert_eq!(reply.header("Retry-After"), Some("7"));
    assert_eq!(reply.header("x"), None, "twice");
    let head = &server.await.expect("served")[0];
    assert!(head.starts_with("POST /hook HTTP/1.1\r\n"), "{head}");
    for line in [
        format!("host: 127.0.0.1:{port}"),
        "accept-encoding: identity".to_owned(),
        "content-type: application/json".to_owned(),
        "webhook-id: 1".to_owned(),
        "content-length: 2".to_owned(),
    ] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line}\n{head}");
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let bytes = format!(
            "HTTP/1.1 {status}\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n"
        );
        let (port, _server) = answering(bytes.leak().as_bytes()).await;
        let reply = ask(port).await.expect("a reply");
        assert!((300..400).contains(&reply.status));
        assert_eq!(reply.header("location"), Some("http://169.254.169.254/"));
    }
}

#[tokio::test]
async fn an_endless_reply_is_read_to_the_limit() {
    for head in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\n",
    ] {
        let (port, server) = server(move |mut stream: TcpStream| async move {
            stream.write_all(head).await.expect("a head");
            while stream.write_all(&[b'x'; 1024]).await.is_ok() {}
        })
        .await;
        let reply = ask(port).await.expect("a reply");
        assert_eq!((reply.status, reply.end), (200, End::Limit));
        assert_eq!(reply.body, [b'x'; 4096]);
        // The server's write fails: the connection is closed, not drained.
        let served = tokio::time::timeout(Duration::from_secs(5), server).await;
        assert!(served.is_ok(), "the connection stays open");
    }
}

#[tokio::test]
async fn a_reply_byte_by_byte_ends_with_the_time() {
    let slow = |bytes: &'static [u8]| {
        server(move |mut stream: TcpStream| async move {
            for byte in bytes.iter().chain(std::iter::repeat(&b'x')) {
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    };
    let (port, _server) = slow(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\nx-long: ").await;
    let begun = tokio::time::Instant::now();
    assert_eq!(ask(port).await.err(), Some(Fault::Timeout));
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );

    // Its head came in time: the status counts, and reading stops with the time.
    let (port, _server) = slow(b"HTTP/1.1 200\r\n\r\n").await;
    let reply = ask(port).await.expect("a reply");
    assert_eq!((reply.status, reply.end), (200, End::Late));
}

#[tokio::test]
async fn a_cut_reply_is_broken_before_its_head_and_cut_after() {
    for bytes in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
    ] {
        let (port, _server) = answering(bytes).await;
        let sent = ask(port).await;
        assert_eq!(sent.err(), Some(Fault::Broken), "{}", bytes.escape_ascii());
    }
    let (port, _server) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    let reply = ask(port).await.expect("a reply");
    assert_eq!((reply.end, &reply.body[..]), (End::Cut, &b"half"[..]));
}

#[tokio::test]
async fn a_server_that_never_answers_is_left_in_time() {
    let (port, _server) = server(|stream: TcpStream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    assert_eq!(ask(port).await.err(), Some(Fault::Timeout));
}

#[tokio::test]
async fn a_head_has_bounds() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(101));
    let long = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(20_000));
    let endless = format!("HTTP/1.1 200 OK\r\na: {}", "x".repeat(1_000_000));
    for bytes in [many, long, endless] {
        let (port, _server) = answering(bytes.leak().as_bytes()).await;
        assert_eq!(ask(port).await.err(), Some(Fault::Broken));
    }
}

#[tokio::test]
async fn an_endless_row_of_interim_replies_ends_with_the_time() {
    let (port, _server) = server(|mut stream: TcpStream| async move {
        while stream
            .write_all(b"HTTP/1.1 102 Processing\r\n\r\n")
            .await
            .is_ok()
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    assert_eq!(ask(port).await.err(), Some(Fault::Timeout));
}

#[tokio::test]
async fn what_is_packed_stays_packed() {
    // The first bytes of a gzip stream of zeros.
    let bomb = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 12\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\x02\x03\xed\xc1";
    let (port, _server) = answering(bomb).await;
    let reply = ask(port).await.expect("a reply");
    assert_eq!(reply.body, b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xed\xc1");
}

#[tokio::test]
async fn a_header_that_would_begin_another_is_not_sent() {
    let client = Client::new(Reach::Anywhere);
    for (name, value) in [
        ("a", "b\r\nc: d"),
        ("a", "b\nc"),
        ("a\r\nb", "c"),
        ("a b", "c"),
    ] {
        let call = Call {
            headers: &[(name, value)],
            ..call()
        };
        let sent = client.send(&target("127.0.0.1", 1024), call).await;
        assert_eq!(sent.err(), Some(Fault::Unsendable), "{name:?} {value:?}");
    }
}

#[tokio::test]
async fn a_get_has_no_body() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("it");
    let port = listener.local_addr().expect("an address").port();
    let call = Call {
        method: Method::GET,
        body: Vec::new(),
        ..call()
    };
    let (client, target) = (Client::new(Reach::Anywhere), target("127.0.0.1", port));
    let served = async {
        use tokio::io::AsyncReadExt;
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut bytes = [0; 1024];
        let count = stream.read(&mut bytes).await.expect("a request");
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .await
            .expect("sent");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    let (reply, head) = tokio::join!(client.send(&target, call), served);
    let reply = reply.expect("a reply");
    assert_eq!((reply.status, reply.end), (204, End::Whole));
    assert!(
        head.starts_with("GET /hook HTTP/1.1\r\n") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    assert!(!head.contains("content-length"), "{head}");
}
