//! UUID version 5 (RFC 9562): the name's SHA-1 under a name space. SHA-1 is what the format asks for; nothing rests on its strength.

/// Name space of STIX observables (STIX 2.1, 2.9).
pub(super) const STIX: &str = "00abedb4-aa42-466c-9c01-fed23315a9b7";
/// Name space of our own objects.
pub(super) const OURS: &str = "8b6f7f2e-3c5a-4f39-9d1e-6a2f7c1b9e40";

/// The id of `name` in `space`.
pub(super) fn v5(space: &str, name: &str) -> String {
    let digits: Vec<u8> = space.bytes().filter(|b| *b != b'-').collect();
    let mut bytes: Vec<u8> =
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or("0"), 16).unwrap_or(0)).collect();
    bytes.extend_from_slice(name.as_bytes());
    written(&sha1(&bytes), 5)
}

/// An id that looks like version 4, made from `name`, for formats that want one; the same name gives the same id.
pub(super) fn v4_like(name: &str) -> String {
    written(&sha1(format!("{OURS}{name}").as_bytes()), 4)
}

fn written(hash: &[u8; 20], version: u8) -> String {
    let mut id: Vec<u8> = hash[..16].to_vec();
    id[6] = (id[6] & 0x0f) | (version << 4);
    id[8] = (id[8] & 0x3f) | 0x80;
    let hex: String = id.iter().map(|b| format!("{b:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn sha1(message: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        let mut w = [0u32; 80];
        for (slot, four) in w.iter_mut().zip(block.chunks_exact(4)) {
            *slot = u32::from_be_bytes([four[0], four[1], four[2], four[3]]);
        }
        for i in 16..80 {
            w[i] = (w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (i, word) in w.iter().enumerate() {
            let (f, k) = match i / 20 {
                0 => ((b & c) | (!b & d), 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6u32),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (slot, value) in state.iter_mut().zip([a, b, c, d, e]) {
            *slot = slot.wrapping_add(value);
        }
    }
    let mut out = [0; 20];
    for (four, word) in out.chunks_exact_mut(4).zip(state) {
        four.copy_from_slice(&word.to_be_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors_hold() {
        let hex = |t: &str| sha1(t.as_bytes()).iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(hex(&"a".repeat(119)).len(), 40);
        assert_eq!(v5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
        assert_eq!(v4_like("x").as_bytes()[14], b'4');
    }
}
