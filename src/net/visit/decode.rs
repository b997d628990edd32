//! Content decoding with a cap: gzip and deflate, at most so many bytes out, stopped the moment there is one more.
//! In: a payload and the codings it was sent with. Out: the body, and whether it is whole. Unknown codings leave the payload as it is.

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::io::Read;

/// Codings undone at most: more than two is a bomb, not a page.
const MAX_CODINGS: usize = 4;
/// Bytes decoded between two looks at the cap.
const STEP: usize = 32 << 10;

/// A body after decoding.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) bytes: Vec<u8>,
    /// Was the cap reached?
    pub(crate) over: bool,
    /// Did the coding break before its end? What it gave until then is kept.
    pub(crate) broken: bool,
}

/// Undoes `codings` (in the order they were applied). What cannot be decoded at all is given as it came, as servers mislabel plain pages.
pub(crate) fn decode(payload: &[u8], codings: &[String], cap: usize) -> Decoded {
    let codings: Vec<&String> = codings.iter().filter(|c| *c != "identity" && *c != "chunked").collect();
    let mut so_far: Option<Decoded> = None;
    for coding in codings.into_iter().rev().take(MAX_CODINGS) {
        let Some(next) = undo(so_far.as_ref().map_or(payload, |body| &body.bytes), coding, cap) else {
            tracing::debug!(coding, "a body is not coded as its head says, or in a way that we do not know: kept as it came");
            break;
        };
        let (over, broken) = so_far.map_or((false, false), |body| (body.over, body.broken));
        so_far = Some(Decoded { over: next.over || over, broken: next.broken || broken, bytes: next.bytes });
    }
    so_far.unwrap_or_else(|| Decoded { bytes: payload[..payload.len().min(cap)].to_vec(), over: payload.len() > cap, broken: false })
}

/// `None`: unknown coding, or not so coded.
fn undo(bytes: &[u8], coding: &str, cap: usize) -> Option<Decoded> {
    if bytes.is_empty() {
        return Some(Decoded { bytes: Vec::new(), over: false, broken: false });
    }
    let decoded = match coding {
        "gzip" | "x-gzip" => pour(MultiGzDecoder::new(bytes), cap),
        // The standard says zlib; many servers send raw deflate, and browsers take both.
        "deflate" if is_zlib(bytes) => pour(ZlibDecoder::new(bytes), cap),
        "deflate" => pour(DeflateDecoder::new(bytes), cap),
        _ => return None,
    };
    (!decoded.bytes.is_empty() || !decoded.broken).then_some(decoded)
}

fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [a, b, ..] if a & 0x0f == 8 && (u16::from(*a) << 8 | u16::from(*b)) % 31 == 0)
}

fn pour(mut from: impl Read, cap: usize) -> Decoded {
    let mut body = Decoded { bytes: Vec::new(), over: false, broken: false };
    let mut step = vec![0; STEP.min(cap + 1)];
    loop {
        match from.read(&mut step) {
            Ok(0) => return body,
            Ok(n) => {
                let room = cap - body.bytes.len();
                body.bytes.extend_from_slice(&step[..n.min(room)]);
                if n > room {
                    body.over = true;
                    return body;
                }
            }
            Err(_) => {
                body.broken = true;
                return body;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }
    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }
    fn raw(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }
    fn undone(payload: &[u8], codings: &[&str], cap: usize) -> (String, bool, bool) {
        let codings: Vec<String> = codings.iter().map(ToString::to_string).collect();
        let body = decode(payload, &codings, cap);
        (String::from_utf8_lossy(&body.bytes).into_owned(), body.over, body.broken)
    }

    #[test]
    fn every_coding_that_we_offer_is_undone() {
        let page = "查询平台".repeat(100);
        for (payload, codings) in [
            (page.clone().into_bytes(), vec![]),
            (page.clone().into_bytes(), vec!["identity"]),
            (gzip(page.as_bytes()), vec!["gzip"]),
            (gzip(page.as_bytes()), vec!["x-gzip"]),
            (zlib(page.as_bytes()), vec!["deflate"]),
            (raw(page.as_bytes()), vec!["deflate"]),
            (zlib(&gzip(page.as_bytes())), vec!["gzip", "deflate"]),
            (gzip(page.as_bytes()), vec!["gzip", "chunked"]),
        ] {
            assert_eq!(undone(&payload, &codings, 1 << 20), (page.clone(), false, false), "{codings:?}");
        }
        let deep = (0..6).fold(b"x".to_vec(), |inner, _| gzip(&inner));
        assert_eq!(decode(&deep, &vec!["gzip".to_owned(); 6], 1_000).bytes, gzip(&gzip(b"x")));
        assert_eq!(undone(&[gzip(b"one "), gzip(b"two")].concat(), &["gzip"], 100), ("one two".into(), false, false));
    }

    #[test]
    fn mislabelled_and_unknown_bodies_stay_as_they_came() {
        assert_eq!(undone(b"<html>", &["gzip"], 100), ("<html>".into(), false, false));
        assert_eq!(undone(b"<html>", &["br"], 100), ("<html>".into(), false, false));
        assert_eq!(undone(b"", &["gzip"], 100), (String::new(), false, false));
    }

    #[test]
    fn a_coding_that_breaks_keeps_what_it_gave() {
        let random: Vec<u8> = (0..40_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8 & 0x3f | 0x40).collect();
        let whole = gzip(&random);
        let (text, over, broken) = undone(&whole[..whole.len() / 2], &["gzip"], 1 << 20);
        assert!(!over && broken && !text.is_empty() && random.starts_with(text.as_bytes()));
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let bomb = gzip(&vec![0; 64 << 20]);
        let body = decode(&bomb, &["gzip".into()], 100_000);
        assert!(body.over && body.bytes.len() == 100_000 && body.bytes.capacity() < 300_000);
        let nested = gzip(&bomb);
        let body = decode(&nested, &["gzip".into(), "gzip".into()], 100_000);
        assert!(body.over && body.bytes.len() == 100_000);
        assert_eq!(undone(&gzip(&[b'x'; 10]), &["gzip"], 10), ("x".repeat(10), false, false));
        assert_eq!(undone(&[b'x'; 11], &[], 10), ("x".repeat(10), true, false));
    }
}
