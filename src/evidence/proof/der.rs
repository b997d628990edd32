//! A reader of DER, as much as a time-stamp needs: one element after the other, definite lengths only, nothing recursive.

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    /// The contents.
    pub(super) body: &'a [u8],
    /// Tag, length and contents.
    pub(super) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// Reads what is inside.
    pub(super) fn inside(&self) -> Reader<'a> {
        Reader(self.body)
    }
}

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next element. `None`: the end, or no DER.
    pub(super) fn next(&mut self) -> Option<Element<'a>> {
        let (tag, first) = (*self.0.first()?, usize::from(*self.0.get(1)?));
        let many = if first < 0x80 { 0 } else { first & 0x7f };
        if tag & 0x1f == 0x1f || first == 0x80 || many > 4 {
            return None;
        }
        let length = match many {
            0 => first,
            _ => self.0.get(2..2 + many)?.iter().fold(0usize, |n, b| (n << 8) | usize::from(*b)),
        };
        let from = 2 + many;
        let end = from.checked_add(length)?;
        let element = Element { tag, body: self.0.get(from..end)?, whole: &self.0[..end] };
        self.0 = &self.0[end..];
        Some(element)
    }
    /// The next element if it has this tag; else nothing is read.
    pub(super) fn take(&mut self, tag: u8) -> Option<Element<'a>> {
        let before = self.0;
        let element = self.next().filter(|e| e.tag == tag);
        if element.is_none() {
            self.0 = before;
        }
        element
    }
}

/// Tags.
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const TIME: u8 = 0x18;
pub(super) const ZERO: u8 = 0xa0;
pub(super) const ONE: u8 = 0xa1;

/// One element made of its contents.
pub(super) fn made(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut out = vec![tag];
    if length < 0x80 {
        out.push(u8::try_from(length).expect("below 128"));
    } else {
        let bytes = length.to_be_bytes();
        let bytes = &bytes[bytes.iter().position(|b| *b != 0).unwrap_or(0)..];
        out.push(0x80 | u8::try_from(bytes.len()).expect("at most 8"));
        out.extend_from_slice(bytes);
    }
    out.extend_from_slice(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_lie_and_endless_forms_give_nothing() {
        for bad in [
            &[][..],
            &[0x30],
            &[0x30, 0x05, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x85, 0, 0, 0, 0, 1, 1],
            &[0x1f, 1, 1],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(Reader(bad).next().is_none(), "{bad:x?}");
        }
        let long = made(OCTETS, &[7; 300]);
        let mut reader = Reader(&long);
        assert_eq!(reader.take(SEQUENCE).map(|e| e.tag), None);
        assert_eq!(reader.take(OCTETS).expect("there").body, [7; 300]);
        assert!(reader.next().is_none());
    }
}
