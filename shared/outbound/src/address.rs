//! Judges addresses: a call leaves for the public internet, and for nowhere else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ranges of IPv4 that are not public, as network and length of its prefix (IANA, special-purpose address registry).
const RESERVED_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// Ranges of the global unicast space of IPv6 that are not public: protocol assignments with Teredo, benchmarking and
/// ORCHID, then documentation.
const RESERVED_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Prefixes of IPv6 addresses that lead to an IPv4 address, with the byte at which that begins. They are mapped (RFC 4291,
/// section 2.5.5.2), NAT64 (RFC 6052, section 2.1) and 6to4 (RFC 3056, section 2).
const EMBEDDING: &[(Ipv6Addr, u32, usize)] = &[
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 12),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, 12),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 2),
];

/// The global unicast space (RFC 4291, section 2.4): all else in IPv6 is for some network of its own, or for nobody.
const GLOBAL_UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Whether an address is one of the public internet. An IPv6 address that embeds an IPv4 address is judged by that one.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |network: [u8; 4], length: u32| {
        let differing = address.to_bits() ^ Ipv4Addr::from(network).to_bits();
        differing.leading_zeros() >= length
    };
    !RESERVED_V4
        .iter()
        .any(|&(network, length)| within(network, length))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let within = |network: Ipv6Addr, length: u32| {
        (address.to_bits() ^ network.to_bits()).leading_zeros() >= length
    };
    let bytes = address.octets();
    for &(network, length, at) in EMBEDDING {
        if within(network, length) {
            let embedded = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
            return embedded.is_some_and(|embedded| is_public_v4(Ipv4Addr::from(*embedded)));
        }
    }
    within(GLOBAL_UNICAST.0, GLOBAL_UNICAST.1)
        && !RESERVED_V6
            .iter()
            .any(|&(network, length)| within(network, length))
}
