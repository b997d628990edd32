//! The guard: which addresses and ports may be spoken to. In: an address. Out: nothing, or the word for why not.
//! Public means globally reachable by the IANA special-purpose registries; what carries an IPv4 address inside is judged by it.
//! Pure, so that every boundary can be held by a table.

use crate::net::cidr::Cidr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The guard with the networks that the settings allow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    allow: Vec<Cidr>,
}

impl Guard {
    pub(crate) fn new(allow: Vec<Cidr>) -> Self {
        Self { allow }
    }
    /// Why this address is refused; `None`: it may be spoken to.
    pub(crate) fn refusal(&self, ip: IpAddr) -> Option<String> {
        let allowed = |ip: IpAddr| self.allow.iter().any(|cidr| cidr.contains(ip));
        if allowed(ip) || embedded(ip).is_some_and(|(_, inner)| inner.iter().all(|v4| allowed(IpAddr::V4(*v4)))) {
            return None;
        }
        not_public(ip)
    }
}

/// `bad_port` for the ports that no web page uses and every browser blocks (Fetch standard, "port blocking").
pub(crate) fn port_refusal(port: u16) -> Option<&'static str> {
    BAD_PORTS.binary_search(&port).is_ok().then_some("bad_port")
}

/// Sorted: it is searched by halves.
const BAD_PORTS: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115,
    117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601,
    636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
    10080,
];

/// Why an address is not public: `loopback`, `private`, ..., `ipv4_mapped_loopback`, `nat64_private`. `None`: it is.
pub(crate) fn not_public(ip: IpAddr) -> Option<String> {
    if let Some((form, inner)) = embedded(ip) {
        return inner.iter().find_map(|v4| v4_refusal(*v4)).map(|why| format!("{form}_{why}"));
    }
    match ip {
        IpAddr::V4(v4) => v4_refusal(v4),
        IpAddr::V6(v6) => v6_refusal(v6),
    }
    .map(str::to_owned)
}

/// The IPv4 addresses that an IPv6 address carries, with the name of the form.
fn embedded(ip: IpAddr) -> Option<(&'static str, Vec<Ipv4Addr>)> {
    let IpAddr::V6(v6) = ip else { return None };
    let bits = v6.to_bits();
    let at = |shift: u32| Ipv4Addr::from_bits(u32::try_from((bits >> shift) & 0xffff_ffff).unwrap_or_default());
    if in_v6(v6, "::ffff:0:0", 96) {
        return Some(("ipv4_mapped", vec![at(0)]));
    }
    if in_v6(v6, "64:ff9b::", 96) {
        return Some(("nat64", vec![at(0)]));
    }
    if in_v6(v6, "2002::", 16) {
        return Some(("6to4", vec![at(80)]));
    }
    if in_v6(v6, "2001::", 32) {
        // Teredo: the server, and the client with its bits flipped (RFC 4380, 4).
        return Some(("teredo", vec![at(64), Ipv4Addr::from_bits(!at(0).to_bits())]));
    }
    if in_v6(v6, "::", 96) && bits > 1 {
        return Some(("ipv4_compatible", vec![at(0)]));
    }
    None
}

fn v4_refusal(ip: Ipv4Addr) -> Option<&'static str> {
    match ip.octets() {
        [0, 0, 0, 0] => Some("unspecified"),
        [0, ..] => Some("this_network"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some("private"),
        [100, 64..=127, ..] => Some("cgnat"),
        [127, ..] => Some("loopback"),
        [169, 254, ..] => Some("link_local"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some("documentation"),
        [192, 0, 0, _] | [192, 88, 99, _] => Some("reserved"),
        [198, 18..=19, ..] => Some("benchmark"),
        [224..=239, ..] => Some("multicast"),
        [255, 255, 255, 255] => Some("broadcast"),
        [240..=255, ..] => Some("reserved"),
        _ => None,
    }
}

/// First match wins. `2000::/3` is all that is handed out as global unicast, so the rest is refused without a list.
const V6: [(&str, u32, &str); 14] = [
    ("::", 128, "unspecified"),
    ("::1", 128, "loopback"),
    ("64:ff9b:1::", 48, "nat64_local"),
    ("100::", 64, "discard"),
    ("fc00::", 7, "unique_local"),
    ("fe80::", 10, "link_local"),
    ("fec0::", 10, "site_local"),
    ("ff00::", 8, "multicast"),
    ("2001:2::", 48, "benchmark"),
    ("2001:db8::", 32, "documentation"),
    ("3fff::", 20, "documentation"),
    ("2001:10::", 28, "orchid"),
    ("2001:20::", 28, "orchid"),
    ("2001::", 23, "reserved"),
];

fn v6_refusal(ip: Ipv6Addr) -> Option<&'static str> {
    let listed = V6.iter().find(|(base, prefix, _)| in_v6(ip, base, *prefix)).map(|(_, _, why)| *why);
    listed.or_else(|| (!in_v6(ip, "2000::", 3)).then_some("reserved"))
}

fn in_v6(ip: Ipv6Addr, base: &str, prefix: u32) -> bool {
    let base: Ipv6Addr = base.parse().expect("the tables above hold IPv6 addresses only");
    (ip.to_bits() ^ base.to_bits()).checked_shr(128 - prefix).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(ip: &str) -> String {
        not_public(ip.parse().expect("an address")).unwrap_or_else(|| "public".into())
    }

    #[test]
    fn every_special_ipv4_network_is_refused_up_to_its_boundaries() {
        for (first, last, why, before, after) in [
            ("0.0.0.1", "0.255.255.255", "this_network", None, Some("1.0.0.0")),
            ("10.0.0.0", "10.255.255.255", "private", Some("9.255.255.255"), Some("11.0.0.0")),
            ("100.64.0.0", "100.127.255.255", "cgnat", Some("100.63.255.255"), Some("100.128.0.0")),
            ("127.0.0.0", "127.255.255.255", "loopback", Some("126.255.255.255"), Some("128.0.0.0")),
            ("169.254.0.0", "169.254.255.255", "link_local", Some("169.253.255.255"), Some("169.255.0.0")),
            ("172.16.0.0", "172.31.255.255", "private", Some("172.15.255.255"), Some("172.32.0.0")),
            ("192.0.0.0", "192.0.0.255", "reserved", Some("191.255.255.255"), Some("192.0.1.0")),
            ("192.0.2.0", "192.0.2.255", "documentation", Some("192.0.1.255"), Some("192.0.3.0")),
            ("192.88.99.0", "192.88.99.255", "reserved", Some("192.88.98.255"), Some("192.88.100.0")),
            ("192.168.0.0", "192.168.255.255", "private", Some("192.167.255.255"), Some("192.169.0.0")),
            ("198.18.0.0", "198.19.255.255", "benchmark", Some("198.17.255.255"), Some("198.20.0.0")),
            ("198.51.100.0", "198.51.100.255", "documentation", Some("198.51.99.255"), Some("198.51.101.0")),
            ("203.0.113.0", "203.0.113.255", "documentation", Some("203.0.112.255"), Some("203.0.114.0")),
            ("224.0.0.0", "239.255.255.255", "multicast", Some("223.255.255.255"), None),
            ("240.0.0.0", "255.255.255.254", "reserved", None, None),
        ] {
            assert_eq!(word(first), why, "{first}");
            assert_eq!(word(last), why, "{last}");
            for outside in [before, after].into_iter().flatten() {
                assert_eq!(word(outside), "public", "{outside}");
            }
        }
        assert_eq!(word("0.0.0.0"), "unspecified");
        assert_eq!(word("255.255.255.255"), "broadcast");
        assert_eq!(word("169.254.169.254"), "link_local");
    }

    #[test]
    fn every_special_ipv6_network_is_refused_up_to_its_boundaries() {
        for (ip, why) in [
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("100::", "discard"),
            ("100::ffff:ffff:ffff:ffff", "discard"),
            ("100:0:0:1::", "reserved"),
            ("64:ff9b:1::", "nat64_local"),
            ("64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "nat64_local"),
            ("64:ff9b:2::", "reserved"),
            ("1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved"),
            ("2000::", "public"),
            ("3ffe:ffff::1", "public"),
            ("3fff::", "documentation"),
            ("3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
            ("3fff:1000::", "public"),
            ("4000::", "reserved"),
            ("5f00::1", "reserved"),
            ("2001:1:ffff::", "reserved"),
            ("2001:2::", "benchmark"),
            ("2001:2:0:ffff:ffff:ffff:ffff:ffff", "benchmark"),
            ("2001:2:1::", "reserved"),
            ("2001:10::", "orchid"),
            ("2001:2f:ffff::", "orchid"),
            ("2001:30::", "reserved"),
            ("2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved"),
            ("2001:200::", "public"),
            ("2001:db7:ffff::", "public"),
            ("2001:db8::", "documentation"),
            ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
            ("2001:db9::", "public"),
            ("fbff:ffff::", "reserved"),
            ("fc00::", "unique_local"),
            ("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unique_local"),
            ("fe00::", "reserved"),
            ("fe80::", "link_local"),
            ("febf:ffff::", "link_local"),
            ("fec0::", "site_local"),
            ("feff:ffff::", "site_local"),
            ("ff00::", "multicast"),
            ("ff02::1", "multicast"),
            ("2400:3200::1", "public"),
        ] {
            assert_eq!(word(ip), why, "{ip}");
        }
    }

    #[test]
    fn an_address_that_carries_another_is_judged_by_the_one_inside() {
        for (ip, why) in [
            ("::ffff:127.0.0.1", "ipv4_mapped_loopback"),
            ("::ffff:10.0.0.1", "ipv4_mapped_private"),
            ("::ffff:169.254.169.254", "ipv4_mapped_link_local"),
            ("::ffff:8.8.8.8", "public"),
            ("::127.0.0.1", "ipv4_compatible_loopback"),
            ("::2", "ipv4_compatible_this_network"),
            ("::8.8.8.8", "public"),
            ("64:ff9b::192.168.1.1", "nat64_private"),
            ("64:ff9b::8.8.8.8", "public"),
            ("64:ff9b:1::8.8.8.8", "nat64_local"),
            ("2002:7f00:1::", "6to4_loopback"),
            ("2002:a00:1::1", "6to4_private"),
            ("2002:808:808::1", "public"),
            ("2001:0:808:808:0:0:80ff:fffe", "teredo_loopback"),
            ("2001:0:a00:1:0:0:f7f7:f7f7", "teredo_private"),
            ("2001:0:808:808:0:0:f7f7:f7f7", "public"),
        ] {
            assert_eq!(word(ip), why, "{ip}");
        }
    }

    #[test]
    fn only_the_allowed_networks_are_let_through() {
        let guard = Guard::new(vec![Cidr::parse("127.0.0.0/8").expect("a network"), Cidr::parse("fd00::/16").expect("a network")]);
        let refusal = |ip: &str| guard.refusal(ip.parse().expect("an address"));
        for open in ["127.0.0.1", "127.255.0.1", "::ffff:127.0.0.1", "fd00:0::1", "8.8.8.8"] {
            assert_eq!(refusal(open), None, "{open}");
        }
        for (shut, why) in [("10.0.0.1", "private"), ("::1", "loopback"), ("fd01::1", "unique_local"), ("169.254.169.254", "link_local")] {
            assert_eq!(refusal(shut).as_deref(), Some(why), "{shut}");
        }
    }

    #[test]
    fn ports_that_browsers_block_are_refused() {
        assert!(BAD_PORTS.is_sorted());
        for port in [0, 1, 22, 23, 25, 110, 143, 6000, 6665, 6669, 6697, 10080] {
            assert_eq!(port_refusal(port), Some("bad_port"), "{port}");
        }
        for port in [80, 81, 443, 3000, 5000, 6670, 8000, 8080, 8443, 8888, 65535] {
            assert_eq!(port_refusal(port), None, "{port}");
        }
    }
}
