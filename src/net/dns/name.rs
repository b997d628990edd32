//! Names as bytes. In: presentation form, any bytes, `\DDD` and `\X` escapes. Out: labels as they go on the wire.
//! No label is refused for its content: a deceiver can put any byte into his own zone, and what we do not ask we do not see.

/// Longest name on the wire, lengths and the root's zero included (RFC 1035, 2.3.4).
pub(crate) const MAX_WIRE: usize = 255;
const MAX_LABEL: usize = 63;

/// A name on the wire. Case is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wire {
    bytes: [u8; MAX_WIRE],
    length: u8,
}

impl Wire {
    /// `Err`: why this cannot be put on the wire. The dot at the end may be missing; the root itself is no name to ask for.
    pub(crate) fn parse(name: &[u8]) -> Result<Self, &'static str> {
        let (mut wire, mut label, mut at) = (Self { bytes: [0; MAX_WIRE], length: 0 }, 0, 1);
        let mut rest = name;
        while let Some((byte, after)) = next(rest)? {
            rest = after;
            match byte {
                Piece::Dot => {
                    wire.close(label, at)?;
                    (label, at) = (at, at + 1);
                }
                Piece::Byte(byte) => {
                    // One place stays free for the root's zero.
                    *wire.bytes[..MAX_WIRE - 1].get_mut(at).ok_or("longer than 253 bytes")? = byte;
                    at += 1;
                }
            }
        }
        if at > label + 1 || label == 0 {
            wire.close(label, at)?;
            label = at;
        }
        wire.length = u8::try_from(label + 1).map_err(|_| "longer than 253 bytes")?;
        Ok(wire)
    }
    fn close(&mut self, label: usize, at: usize) -> Result<(), &'static str> {
        let length = at - label - 1;
        if !(1..=MAX_LABEL).contains(&length) {
            return Err("a label is empty or longer than 63 bytes");
        }
        *self.bytes.get_mut(label).ok_or("longer than 253 bytes")? = u8::try_from(length).unwrap_or_default();
        Ok(())
    }
    /// From bytes that [`Wire::bytes`] gave.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut wire = Self { bytes: [0; MAX_WIRE], length: 0 };
        let length = bytes.len().min(MAX_WIRE);
        wire.bytes[..length].copy_from_slice(&bytes[..length]);
        wire.length = u8::try_from(length).unwrap_or(u8::MAX);
        wire
    }
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
    /// The labels, root not included.
    pub(crate) fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes();
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first().filter(|(length, _)| **length > 0)?;
            let (label, after) = after.split_at(usize::from(*length));
            rest = after;
            Some(label)
        })
    }
}

enum Piece {
    Dot,
    Byte(u8),
}

/// The first byte or dot, escapes undone, and what follows it.
fn next(text: &[u8]) -> Result<Option<(Piece, &[u8])>, &'static str> {
    let Some((first, rest)) = text.split_first() else { return Ok(None) };
    match (first, rest) {
        (b'.', _) => Ok(Some((Piece::Dot, rest))),
        (b'\\', [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', after @ ..]) => {
            let value = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
            let byte = u8::try_from(value).map_err(|_| "an escape is larger than \\255")?;
            Ok(Some((Piece::Byte(byte), after)))
        }
        (b'\\', [b'0'..=b'9', ..] | []) => Err("an escape is not whole"),
        (b'\\', [byte, after @ ..]) => Ok(Some((Piece::Byte(*byte), after))),
        (byte, _) => Ok(Some((Piece::Byte(*byte), rest))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wire(name: &[u8]) -> Vec<u8> {
        Wire::parse(name).map(|w| w.bytes().to_vec()).unwrap_or_default()
    }

    #[test]
    fn any_bytes_make_labels_and_escapes_are_undone() {
        assert_eq!(wire(b"a.bc"), b"\x01a\x02bc\0");
        assert_eq!(wire(b"a.bc."), b"\x01a\x02bc\0");
        assert_eq!(wire(b"\xff\xfe.\x00x"), b"\x02\xff\xfe\x02\x00x\0");
        assert_eq!(wire(br"a\.b.\255\\\0321"), b"\x03a.b\x04\xff\\ 1\0");
        assert_eq!(wire("证书.公司".as_bytes())[0], 6);
    }

    #[test]
    fn what_cannot_be_put_on_the_wire_says_why() {
        let why = |name: &[u8]| Wire::parse(name).err().unwrap_or("fine");
        for name in [&b""[..], b".", b"..", b"a..b", b".a", b"a..", &[b'a'; 64]] {
            assert_eq!(why(name), "a label is empty or longer than 63 bytes", "{name:?}");
        }
        let longest = [[b'a'; 63], [b'b'; 63], [b'c'; 63]].map(|l| l.to_vec()).join(&b'.');
        let name = |last: usize| [longest.clone(), vec![b'd'; last]].join(&b'.');
        assert_eq!((name(61).len(), why(&name(61)), wire(&name(61)).len()), (253, "fine", MAX_WIRE));
        assert_eq!(why(&[name(61), b".".to_vec()].concat()), "fine");
        assert_eq!(why(&name(62)), "longer than 253 bytes");
        assert_eq!(why(&b"a.".repeat(128)), "longer than 253 bytes");
        assert_eq!(why(br"a\256"), r"an escape is larger than \255");
        assert_eq!((why(br"a\"), why(br"a\1x")), ("an escape is not whole", "an escape is not whole"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_labels_add_up(name in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Ok(wire) = Wire::parse(&name) {
                let lengths: usize = wire.labels().map(|l| l.len() + 1).sum();
                prop_assert_eq!(lengths + 1, wire.bytes().len());
                prop_assert!(wire.bytes().len() <= MAX_WIRE && wire.labels().all(|l| (1..=MAX_LABEL).contains(&l.len())));
            }
        }
    }
}
