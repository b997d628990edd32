//! Networks in CIDR form, for `allow_private`.

use std::net::IpAddr;

/// One network. Host bits are zero; the prefix fits the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    base: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// `None` when the text is no network, or has bits set after the prefix (then one of the two numbers is a slip).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.trim().split_once('/')?;
        let base: IpAddr = address.parse().ok()?;
        if prefix.is_empty() || !prefix.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let prefix: u8 = prefix.parse().ok()?;
        let cidr = Self { base, prefix };
        (prefix <= width(base) && masked(base, prefix) == bits(base)).then_some(cidr)
    }
    /// Is the address inside? Never across families.
    pub(crate) fn contains(self, ip: IpAddr) -> bool {
        self.base.is_ipv4() == ip.is_ipv4() && masked(ip, self.prefix) == bits(self.base)
    }
}

fn width(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

/// The address as a number aligned to the top of 128 bits.
fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn masked(ip: IpAddr, prefix: u8) -> u128 {
    bits(ip) & u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_first_and_last_address_and_no_other() {
        for (net, first, last, outside) in [
            ("127.0.0.0/8", "127.0.0.0", "127.255.255.255", "128.0.0.0"),
            ("10.1.2.3/32", "10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("0.0.0.0/0", "0.0.0.0", "255.255.255.255", "::"),
            ("fd00::/8", "fd00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::"),
            ("::/0", "::", "ffff::", "1.2.3.4"),
            ("::1/128", "::1", "::1", "::2"),
        ] {
            let cidr = Cidr::parse(net).expect("a network");
            let inside = |ip: &str| cidr.contains(ip.parse().expect("an address"));
            assert!(inside(first) && inside(last) && !inside(outside), "{net}");
        }
    }

    #[test]
    fn slips_are_no_networks() {
        for bad in ["", "/", "127.0.0.1", "127.0.0.0/", "127.0.0.0/+8", "127.0.0.0/33", "127.0.0.1/8", "::1/64", "::/129", "a/8", "1.2.3/8"]
        {
            assert_eq!(Cidr::parse(bad), None, "{bad}");
        }
    }
}
