//! The few bytes of DER (X.690) that a log reader needs: tag, length, content. Nothing is copied.
//! In: bytes. Out: elements, until one is not whole. Indefinite lengths and tags of several bytes are not DER here: no certificate has them.

/// Elements one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Der<'a>(pub(super) &'a [u8]);

impl<'a> Der<'a> {
    /// The next element's tag and content. `None`: the end, or not a whole element.
    pub(super) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (digits.iter().fold(0, |n, d| n << 8 | usize::from(*d)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (tag & 0x1f != 0x1f).then_some((tag, content))
    }
    /// The next element, which must have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(t, _)| *t == tag).map(|(_, content)| content)
    }
    /// The next element where it has this tag; otherwise nothing is taken.
    pub(super) fn optional(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.0.first() == Some(&tag) { self.expect(tag) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_whole_is_nothing() {
        assert_eq!(Der(&[0x04, 2, 7, 8]).next(), Some((4, &[7_u8, 8][..])));
        assert_eq!(Der(&[0x04, 0x81, 1, 9]).next(), Some((4, &[9_u8][..])));
        for bad in
            [&[][..], &[4], &[4, 2, 1], &[4, 0x80, 0, 0], &[4, 0x85, 0, 0, 0, 0, 0], &[4, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x1f, 1, 0]]
        {
            assert_eq!(Der(bad).next(), None, "{bad:?}");
        }
    }
}
