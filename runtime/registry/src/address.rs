//! At which addresses registries are looked for.
//!
//! Who names a registry makes this process connect to it. So a name may not lead to what is reachable for this machine
//! only: its own addresses, and the link-local ones, where clouds have their metadata services. Private networks are
//! allowed: registries of clusters are there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why no registry is looked for at this address; none when it may be used.
pub(crate) fn refused(address: IpAddr, loopback: bool) -> Option<&'static str> {
    let address = inner(address);
    let refused = if address.is_loopback() {
        (!loopback).then_some("this machine's own address")
    } else if address.is_unspecified() {
        Some("no address")
    } else if address.is_multicast() {
        Some("a multicast address")
    } else if link_local(address) {
        Some("a link-local address")
    } else if metadata(address) {
        Some("a cloud's metadata service")
    } else {
        None
    };
    if refused.is_some() {
        return refused;
    }
    match address {
        IpAddr::V4(v4) if v4.is_broadcast() || v4.octets().first() == Some(&0) => {
            Some("no host's address")
        }
        _ => None,
    }
}

/// The IPv4 address that an IPv6 address stands for (mapped, compatible, NAT64 or 6to4), or the address itself.
fn inner(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => v4(g, h),
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0] if g != 0 || h > 1 => v4(g, h),
        [0x2002, high, low, ..] => v4(high, low),
        _ => address,
    }
}

fn link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// Metadata services at other than link-local addresses.
fn metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => matches!(v4.octets(), [100, 100, 100, 200] | [192, 0, 0, 192]),
        IpAddr::V6(v6) => v6 == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_of_networks_are_reached() {
        for text in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "0.0.0.0",
            "::",
            "0.1.2.3",
            "255.255.255.255",
            "224.0.0.1",
            "ff02::1",
            "::ffff:0.0.0.0",
        ] {
            assert!(refused(text.parse().unwrap(), true).is_some(), "{text}");
        }
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
        ] {
            assert!(refused(text.parse().unwrap(), false).is_some(), "{text}");
            assert!(refused(text.parse().unwrap(), true).is_none(), "{text}");
        }
        for text in [
            "10.0.0.1",
            "192.168.1.1",
            "172.16.0.1",
            "fd00::1",
            "93.184.216.34",
            "2606:2800::1",
            "100.64.0.1",
        ] {
            assert!(refused(text.parse().unwrap(), false).is_none(), "{text}");
        }
    }
}
