//! A name is resolved once, all its addresses are judged, and the call goes to what was judged.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use super::server::{Saying, answering, call, target};
use crate::{Call, Client, Fault, Reach, Resolve, System, Target};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_name_with_one_address_that_is_not_public_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let target = Target::parse(&format!("https://a.example:{port}/"), Reach::Public);
    let target = target.expect("a target");
    for addresses in [
        &["127.0.0.1"][..],
        &["8.8.8.8", "127.0.0.1"],
        &["127.0.0.1", "8.8.8.8"],
        &["8.8.8.8", "::1"],
        &["8.8.8.8", "2606:4700::1111", "fd00:ec2::254"],
        &["::ffff:169.254.169.254"],
        &["64:ff9b::a9fe:a9fe"],
        &["2002:7f00:1::1"],
    ] {
        let says = Saying::new(&[addresses]);
        let client = Client::with_resolver(&says, Reach::Public);
        let judged = client.judge(&target).await;
        assert_eq!(judged, Err(Fault::NotAllowed), "{addresses:?}");
        let sent = client.send(&target, call()).await;
        assert_eq!(sent.err(), Some(Fault::NotAllowed), "{addresses:?}");
        assert_eq!(says.asked(), 2, "{addresses:?}");
    }
    let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(nobody.is_err(), "nothing has connected");
}

#[tokio::test]
async fn literal_addresses_are_judged_in_every_spelling() {
    let client = Client::new(Reach::Public);
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "017700000001",
        "2130706433",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "\u{ff11}27.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:a9fe:a9fe]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
    ] {
        let target = Target::parse(&format!("https://{host}/"), Reach::Public).expect(host);
        assert_eq!(
            client.judge(&target).await,
            Err(Fault::NotAllowed),
            "{host}"
        );
        let sent = client.send(&target, call()).await;
        assert_eq!(sent.err(), Some(Fault::NotAllowed), "{host}");
    }
}

#[tokio::test]
async fn the_system_resolves_localhost_to_an_address_that_is_refused() {
    let target = Target::parse("https://localhost/", Reach::Public).expect("a target");
    let judged = Client::new(Reach::Public).judge(&target).await;
    assert_eq!(judged, Err(Fault::NotAllowed));
    assert!(!System.resolve("localhost").await.expect("it").is_empty());
}

#[tokio::test]
async fn a_name_that_changes_after_the_check_is_judged_again() {
    let says = Saying::new(&[&["8.8.8.8"], &["127.0.0.1"]]);
    let client = Client::with_resolver(&says, Reach::Public);
    let target = Target::parse("https://a.example/", Reach::Public).expect("a target");
    assert!(client.judge(&target).await.is_ok());
    let sent = client.send(&target, call()).await;
    assert_eq!(sent.err(), Some(Fault::NotAllowed));
}

#[tokio::test]
async fn the_connection_goes_to_the_address_that_was_judged() {
    let (port, server) = answering(OK).await;
    // Nobody listens at the second one: a second resolution would fail.
    let says = Saying::new(&[&["127.0.0.1"], &["127.0.0.77"]]);
    let client = Client::with_resolver(&says, Reach::Anywhere);
    let reply = client.send(&target("a.example", port), call()).await;
    assert_eq!(reply.expect("a reply").status, 200);
    assert_eq!(says.asked(), 1);
    let heads = server.await.expect("served");
    assert!(heads[0].contains(&format!("host: a.example:{port}\r\n")));
}

#[tokio::test]
async fn the_next_address_is_tried_where_one_does_not_answer() {
    let (port, _server) = answering(OK).await;
    let says = Saying::new(&[&["127.0.0.77", "127.0.0.1"]]);
    let client = Client::with_resolver(&says, Reach::Anywhere);
    let reply = client.send(&target("a.example", port), call()).await;
    assert_eq!(reply.expect("a reply").status, 200);
    let says = Saying::new(&[&["127.0.0.77"]]);
    let client = Client::with_resolver(&says, Reach::Anywhere);
    let reply = client.send(&target("a.example", port), call()).await;
    assert_eq!(reply.err(), Some(Fault::Unreachable));
}

#[tokio::test]
async fn a_name_without_addresses_is_no_target() {
    let says = Saying::new(&[&[]]);
    let client = Client::with_resolver(&says, Reach::Public);
    let target = Target::parse("https://a.example/", Reach::Public).expect("a target");
    assert_eq!(client.judge(&target).await, Err(Fault::Unresolved));
    let client = Client::with_resolver(Failing, Reach::Public);
    assert_eq!(client.judge(&target).await, Err(Fault::Unresolved));
}

#[tokio::test]
async fn a_resolver_that_never_answers_is_left_after_three_seconds() {
    let client = Client::with_resolver(Silent, Reach::Public);
    let target = Target::parse("https://a.example/", Reach::Public).expect("a target");
    let begun = tokio::time::Instant::now();
    let long = Call {
        timeout: Duration::from_secs(3600),
        ..call()
    };
    let sent = client.send(&target, long).await;
    assert_eq!(sent.err(), Some(Fault::ConnectTimeout));
    assert!(begun.elapsed() >= Duration::from_secs(3));
}

struct Failing;

impl Resolve for Failing {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Err(io::Error::other("no such name"))
    }
}

struct Silent;

impl Resolve for Silent {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        std::future::pending().await
    }
}
