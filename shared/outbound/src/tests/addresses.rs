//! Which addresses are public.

use std::net::IpAddr;

use crate::is_public;

/// Addresses of every range that is refused, at both ends where a range has neighbours.
const REFUSED: &[&str] = &[
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    // Unspecified, loopback, IPv4-compatible, translated.
    "::",
    "::1",
    "::7f00:1",
    "::808:808",
    "::ffff:0:808:808",
    // Mapped.
    "::ffff:127.0.0.1",
    "::ffff:10.1.2.3",
    "::ffff:169.254.169.254",
    "::ffff:192.0.2.1",
    // NAT64, and its prefix for networks of their own.
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    // 6to4.
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::",
    "2002:c0a8:101::1",
    "2002:a00:1:808:808::",
    // Discard, Teredo, benchmarking, ORCHID, documentation.
    "100::1",
    "2001::1",
    "2001:0:808:808::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1ff:ffff::1",
    "2001:db8::1",
    "2001:db8:ffff::1",
    "3fff::1",
    "3fff:fff::1",
    // Segment routing, ULA with the metadata service of EC2, link-local, site-local, multicast.
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff:ffff::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
];

/// Public addresses, among them the neighbours of refused ranges.
const PUBLIC: &[&str] = &[
    "1.0.0.0",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2000::1",
    "2001:200::1",
    "2001:db7::1",
    "2001:db9::1",
    "2606:4700::1111",
    "2a00:1450:4001::200e",
    "3ffe::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
];

#[test]
fn an_address_is_public_or_refused() {
    let judged = |text: &str| is_public(text.parse::<IpAddr>().expect(text));
    for text in REFUSED {
        assert!(!judged(text), "{text}");
    }
    for text in PUBLIC {
        assert!(judged(text), "{text}");
    }
}

#[test]
fn an_embedded_address_is_judged_as_the_address_itself() {
    for text in REFUSED.iter().chain(PUBLIC) {
        let Ok(IpAddr::V4(address)) = text.parse() else {
            continue;
        };
        let [a, b, c, d] = address.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        for form in [
            format!("::ffff:{address}"),
            format!("64:ff9b::{address}"),
            format!("2002:{high:x}:{low:x}::1"),
        ] {
            let form: IpAddr = form.parse().expect("an address");
            assert_eq!(is_public(form), is_public(IpAddr::V4(address)), "{form}");
        }
    }
}
