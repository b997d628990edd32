//! The host names of a certificate: its alternative names, and its common name where that is one.
//! In: a Certificate or a TBSCertificate (RFC 5280), as a log keeps it. Out: names, one a line, as they stand.
//! Made for speed and for hostile input: a certificate that is not DER is searched for its alternative names, and never stops a tile.

use crate::sources::ct::der::Der;

const SEQUENCE: u8 = 0x30;
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
/// Of one name; DNS carries 253, a deceiver may write more.
const MAX_NAME_BYTES: usize = 1_024;
/// Of one certificate. The longest seen in public have some thousands.
const MAX_NAMES: usize = 20_000;

/// Writes the names of one certificate. `false`: it is malformed, and what was found was found by searching.
pub(super) fn names_of(der: &[u8], precertificate: bool, out: &mut Vec<u8>) -> bool {
    let begin = out.len();
    let body = if precertificate { Der(der).expect(SEQUENCE) } else { Der(der).expect(SEQUENCE).and_then(|c| Der(c).expect(SEQUENCE)) };
    if body.and_then(|tbs| walk(tbs, out)).is_some() {
        return true;
    }
    out.truncate(begin);
    search(der, out);
    false
}

/// TBSCertificate: version, serial, algorithm, issuer, validity, subject, key, two ids, extensions.
fn walk(tbs: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut tbs = Der(tbs);
    tbs.optional(0xa0);
    tbs.expect(0x02)?;
    for _ in 0..3 {
        tbs.expect(SEQUENCE)?;
    }
    let subject = tbs.expect(SEQUENCE)?;
    tbs.expect(SEQUENCE)?;
    tbs.optional(0xa1).or_else(|| tbs.optional(0x81));
    tbs.optional(0xa2).or_else(|| tbs.optional(0x82));
    let begin = out.len();
    if let Some(wrapped) = tbs.optional(0xa3) {
        let mut extensions = Der(Der(wrapped).expect(SEQUENCE)?);
        while !extensions.0.is_empty() {
            let mut one = Der(extensions.expect(SEQUENCE)?);
            let id = one.expect(0x06)?;
            if id == ALTERNATIVE_NAMES {
                one.optional(0x01);
                general_names(Der(one.expect(0x04)?).expect(SEQUENCE)?, out)?;
            }
        }
    }
    common_name(subject, begin, out);
    Some(())
}

fn general_names(list: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut list = Der(list);
    let mut count = 0;
    while !list.0.is_empty() && count < MAX_NAMES {
        let (tag, value) = list.next()?;
        match tag {
            0x82 => push(value, out),
            0x86 => push(host_of(value), out),
            0x87 => address(value, out),
            _ => {}
        }
        count += 1;
    }
    Some(())
}

fn host_of(uri: &[u8]) -> &[u8] {
    let Some(at) = memchr::memmem::find(uri, b"://") else { return &[] };
    let rest = &uri[at + 3..];
    &rest[..rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#' | b':')).unwrap_or(rest.len())]
}

fn address(bytes: &[u8], out: &mut Vec<u8>) {
    let ip = match *bytes {
        [a, b, c, d] => std::net::IpAddr::from([a, b, c, d]),
        _ => match <[u8; 16]>::try_from(bytes) {
            Ok(v6) => std::net::IpAddr::from(v6),
            Err(_) => return,
        },
    };
    push(ip.to_string().as_bytes(), out);
}

/// The last common name, where it looks like a host and is not among the names from `begin` on.
fn common_name(subject: &[u8], begin: usize, out: &mut Vec<u8>) {
    let mut sets = Der(subject);
    while let Some((0x31, set)) = sets.next() {
        let mut pairs = Der(set);
        while let Some((SEQUENCE, pair)) = pairs.next() {
            let mut pair = Der(pair);
            if pair.expect(0x06) != Some(COMMON_NAME) {
                continue;
            }
            let Some((kind, value)) = pair.next() else { continue };
            let value = if kind == 0x1e { utf16(value).into_bytes() } else { value.to_vec() };
            let host_like = value.contains(&b'.') && !value.iter().any(u8::is_ascii_whitespace);
            if host_like && !out[begin..].split(|b| *b == b'\n').any(|line| line == value) {
                push(&value, out);
            }
        }
    }
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
}

/// Appends one name. Bytes that would end a line or a text are shown as U+FFFD: the rest of the name still says what it is near.
fn push(name: &[u8], out: &mut Vec<u8>) {
    let name = name.trim_ascii();
    if name.is_empty() {
        return;
    }
    let name = &name[..name.len().min(MAX_NAME_BYTES)];
    if name.iter().all(|b| *b >= 0x20) {
        out.extend_from_slice(name);
    } else {
        for byte in name {
            match byte {
                0..0x20 => out.extend_from_slice("\u{fffd}".as_bytes()),
                byte => out.push(*byte),
            }
        }
    }
    out.push(b'\n');
}

/// Looks for alternative names in what does not parse; what stands whole after their id is given.
fn search(bytes: &[u8], out: &mut Vec<u8>) {
    const ID: &[u8] = &[0x06, 3, 0x55, 0x1d, 0x11];
    for at in memchr::memmem::find_iter(bytes, ID).take(4) {
        let mut rest = Der(&bytes[at + ID.len()..]);
        rest.optional(0x01);
        let Some(value) = rest.expect(0x04).or_else(|| loose(rest.0)) else { continue };
        let list = Der(value).expect(SEQUENCE).or_else(|| loose(value)).unwrap_or_default();
        let _ = general_names(list, out);
    }
}

/// The content of an element whose length lies.
fn loose(bytes: &[u8]) -> Option<&[u8]> {
    let first = *bytes.get(1)?;
    let head = if first < 0x80 { 2 } else { 2 + usize::from(first & 0x7f) };
    bytes.get(head..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let head = if length < 0x80 { vec![tag, length as u8] } else { vec![tag, 0x82, (length >> 8) as u8, length as u8] };
        [head, content.to_vec()].concat()
    }
    fn certificate(subject: &[u8], names: &[(u8, &[u8])]) -> Vec<u8> {
        let list: Vec<u8> = names.iter().flat_map(|(tag, v)| tlv(*tag, v)).collect();
        let san = tlv(0x30, &[tlv(6, ALTERNATIVE_NAMES), tlv(4, &tlv(0x30, &list))].concat());
        let poison = tlv(0x30, &[tlv(6, &[0x2b, 6, 1]), tlv(1, &[0xff]), tlv(4, &[5, 0])].concat());
        let cn = tlv(0x31, &tlv(0x30, &[tlv(6, COMMON_NAME), tlv(0x0c, subject)].concat()));
        let fields = [
            tlv(0xa0, &tlv(2, &[2])),
            tlv(2, &[1]),
            tlv(0x30, &[]),
            tlv(0x30, &[]),
            tlv(0x30, &[]),
            tlv(0x30, &cn),
            tlv(0x30, &[]),
            tlv(0xa3, &tlv(0x30, &[poison, san].concat())),
        ];
        tlv(0x30, &[tlv(0x30, &fields.concat()), tlv(0x30, &[]), tlv(3, &[0])].concat())
    }
    fn read(der: &[u8]) -> (bool, String) {
        let mut out = Vec::new();
        let whole = names_of(der, false, &mut out);
        (whole, String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn names_addresses_and_the_common_name_come_out_once() {
        let der = certificate(
            b"cx-mem.top",
            &[(0x82, b"cx-mem.top"), (0x82, b"*.b.cn"), (0x81, b"a@b.c"), (0x87, &[1, 2, 3, 4]), (0x86, b"https://u.cn:8/x"), (0x82, b"")],
        );
        assert_eq!(read(&der), (true, "cx-mem.top\n*.b.cn\n1.2.3.4\nu.cn\n".into()));
        assert_eq!(read(&certificate(b"only-cn.top", &[])), (true, "only-cn.top\n".into()));
        assert_eq!(read(&certificate("应急 管理部.".as_bytes(), &[])), (true, String::new()), "words are no host");
    }

    #[test]
    fn names_that_no_dns_would_carry_are_kept() {
        let der =
            certificate(b"x", &[(0x82, b"a\nb.top"), (0x82, "证书.中国".as_bytes()), (0x82, b"nul\0.top"), (0x82, &[0xff, b'.', b'c'])]);
        let (whole, names) = read(&der);
        assert!(whole);
        assert_eq!(names, "a\u{fffd}b.top\n证书.中国\nnul\u{fffd}.top\n\u{fffd}.c\n");
    }

    #[test]
    fn a_certificate_that_is_cut_or_lies_still_gives_what_stands_in_it() {
        let der = certificate(b"x", &[(0x82, b"cx-mem.top"), (0x82, b"b.top")]);
        let (whole, names) = read(&der[..der.len() - 8]);
        assert!(!whole);
        assert!(names.contains("cx-mem.top\n"), "{names}");
        for n in 0..der.len() {
            let _ = read(&der[..n]);
            let mut bent = der.clone();
            bent[n] ^= 0xff;
            let _ = read(&bent);
        }
    }
}
