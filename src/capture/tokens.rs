//! HTML to tokens in one linear pass, without building a tree.
//! A tree builder is quadratic in nesting, in attributes of one tag and in open formatting elements, and a hostile page can
//! use each of these to hang whoever reads it. Here every byte is looked at a bounded number of times, whatever it says.

use crate::model::text::entities::decode_entities;
use memchr::{memchr, memmem};
use std::borrow::Cow;

/// Most attributes read of one tag; browsers read all, honest pages have fewer than twenty.
pub(super) const MAX_ATTRIBUTES: usize = 64;
/// Longest tag name read, in bytes.
const MAX_NAME: usize = 64;

/// Elements whose content is text until their own end tag (scripting on, as a visitor has it).
const RAW: [&str; 9] = ["script", "style", "textarea", "title", "xmp", "noscript", "iframe", "noembed", "noframes"];

/// One token.
#[derive(Debug)]
pub(super) enum Token<'a> {
    /// Text as written, references not decoded.
    Text(&'a str),
    /// A start tag.
    Start(Tag<'a>),
    /// A raw element whole: its start tag, then its content as written.
    Raw(Tag<'a>, &'a str),
    /// An end tag, name in lower case.
    End(Cow<'a, str>),
    /// What stands in a comment.
    Comment(&'a str),
}

/// A start tag.
#[derive(Debug)]
pub(super) struct Tag<'a> {
    /// Name in lower case.
    pub(super) name: Cow<'a, str>,
    /// Attributes as written, first of each name counts, at most [`MAX_ATTRIBUTES`].
    attributes: Vec<(&'a str, &'a str)>,
    /// Were there more?
    pub(super) cut: bool,
}

impl<'a> Tag<'a> {
    /// Value of an attribute (lower-case name), references decoded. Empty where it has no value.
    pub(super) fn attr(&self, name: &str) -> Option<Cow<'a, str>> {
        self.attributes.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| decode_entities(value))
    }
    /// The same, empty where there is none, trimmed.
    pub(super) fn value(&self, name: &str) -> String {
        self.attr(name).map(|v| v.trim().to_owned()).unwrap_or_default()
    }
    /// Is the attribute there?
    pub(super) fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }
}

/// The tokens of a document.
pub(super) struct Tokens<'a> {
    html: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(html: &'a str) -> Self {
        Self { html, at: 0 }
    }

    /// `<!--` to `-->` or `--!>`; an unclosed one runs to the end.
    fn comment(&mut self, rest: &'a str) -> Token<'a> {
        let body = &rest[4..];
        for (short, len) in [(">", 1), ("->", 2)] {
            if body.starts_with(short) {
                self.at += 4 + len;
                return Token::Comment("");
            }
        }
        let (end, len) = comment_len(body.as_bytes());
        self.at += 4 + len;
        Token::Comment(&body[..end])
    }

    fn start(&mut self, rest: &'a str) -> Token<'a> {
        let (name, name_end) = tag_name(&rest[1..]);
        let mut attributes = Vec::new();
        let mut cut = false;
        let end = walk_attributes(rest, 1 + name_end, &mut |name, value| {
            if attributes.len() < MAX_ATTRIBUTES {
                attributes.push((name, value));
            } else {
                cut = true;
            }
        });
        self.at += end;
        let tag = Tag { name, attributes, cut };
        if !RAW.contains(&&*tag.name) {
            return Token::Start(tag);
        }
        let content = &self.html[self.at..];
        let (len, closing) = raw_len(content, &tag.name);
        self.at += len + closing;
        Token::Raw(tag, &content[..len])
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = &self.html[self.at..];
            let bytes = rest.as_bytes();
            if bytes.is_empty() {
                return None;
            }
            let text = text_len(bytes);
            if text > 0 {
                self.at += text;
                return Some(Token::Text(&rest[..text]));
            }
            match bytes[1] {
                b'!' if rest.starts_with("<!--") => return Some(self.comment(rest)),
                b'/' if bytes.get(2).is_some_and(u8::is_ascii_alphabetic) => {
                    let (name, name_end) = tag_name(&rest[2..]);
                    self.at += walk_attributes(rest, 2 + name_end, &mut |_, _| {});
                    return Some(Token::End(name));
                }
                b'!' | b'?' | b'/' => self.at += memchr(b'>', bytes).map_or(bytes.len(), |n| n + 1),
                _ => return Some(self.start(rest)),
            }
        }
    }
}

/// Bytes of a comment, and with its end. Both ends are looked for in one go: looking for each to the end of the page, a million
/// comments that end the other way would be read a million times.
fn comment_len(body: &[u8]) -> (usize, usize) {
    let mut from = 0;
    while let Some(found) = memmem::find(&body[from..], b"--") {
        let at = from + found;
        match (body.get(at + 2), body.get(at + 3)) {
            (Some(b'>'), _) => return (at, at + 3),
            (Some(b'!'), Some(b'>')) => return (at, at + 4),
            _ => from = at + 1,
        }
    }
    (body.len(), body.len())
}

/// Bytes of text before the next thing that is a tag, comment or declaration. A `<` before anything else is text.
fn text_len(bytes: &[u8]) -> usize {
    let mut from = 0;
    while let Some(found) = memchr(b'<', &bytes[from..]) {
        let at = from + found;
        if bytes.get(at + 1).is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'!' | b'?' | b'/')) {
            return at;
        }
        from = at + 1;
    }
    bytes.len()
}

/// The name at the start, lower case, cut to [`MAX_NAME`] bytes; and where it ends.
fn tag_name(rest: &str) -> (Cow<'_, str>, usize) {
    let len = rest.bytes().position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>')).unwrap_or(rest.len());
    let mut cut = len.min(MAX_NAME);
    while !rest.is_char_boundary(cut) {
        cut -= 1;
    }
    let name = &rest[..cut];
    let name = if name.bytes().any(|b| b.is_ascii_uppercase()) { Cow::Owned(name.to_ascii_lowercase()) } else { Cow::Borrowed(name) };
    (name, len)
}

/// Reads attributes from `at` to the `>`; returns the index after it. A quote that is never closed ends the tag at the next `>`
/// instead: a browser would swallow the rest of the page, and so would hide it from us too.
fn walk_attributes<'a>(tag: &'a str, at: usize, each: &mut dyn FnMut(&'a str, &'a str)) -> usize {
    let bytes = tag.as_bytes();
    let skip = |from: usize, while_: &dyn Fn(u8) -> bool| {
        bytes[from.min(bytes.len())..].iter().position(|b| !while_(*b)).map_or(bytes.len(), |n| from + n)
    };
    let mut at = at;
    loop {
        at = skip(at, &|b| b.is_ascii_whitespace() || b == b'/');
        match bytes.get(at) {
            None => return bytes.len(),
            Some(b'>') => return at + 1,
            _ => {}
        }
        // A leading `=` belongs to the name. Bytes of characters outside ASCII never end a name, so borders are character borders.
        let name_end = skip(at + 1, &|b| !b.is_ascii_whitespace() && !matches!(b, b'=' | b'>' | b'/'));
        let name = tag.get(at..name_end).unwrap_or_default();
        let equals = skip(name_end, &|b| b.is_ascii_whitespace());
        if bytes.get(equals) != Some(&b'=') {
            each(name, "");
            at = name_end;
            continue;
        }
        let value = skip(equals + 1, &|b| b.is_ascii_whitespace());
        let (from, to, next) = match bytes.get(value) {
            Some(quote @ (b'"' | b'\'')) => match memchr(*quote, &bytes[value + 1..]) {
                Some(n) => (value + 1, value + 1 + n, value + 2 + n),
                None => {
                    let end = skip(value + 1, &|b| b != b'>');
                    (value + 1, end, end)
                }
            },
            _ => {
                let end = skip(value, &|b| !b.is_ascii_whitespace() && b != b'>');
                (value, end, end)
            }
        };
        each(name, tag.get(from..to).unwrap_or_default());
        at = next;
    }
}

/// Bytes of raw text, and bytes of the end tag after it (0: it is never closed).
fn raw_len(content: &str, name: &str) -> (usize, usize) {
    let bytes = content.as_bytes();
    let mut from = 0;
    while let Some(found) = memmem::find(&bytes[from..], b"</") {
        let at = from + found;
        let after = &bytes[at + 2..];
        let same = after.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()));
        if same && after.get(name.len()).is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/')) {
            let end = memchr(b'>', &bytes[at..]).map_or(bytes.len() - at, |n| n + 1);
            return (at, end);
        }
        from = at + 2;
    }
    (bytes.len(), 0)
}
