//! A host laid out for matching: its letters as the eye sees them, without separators, and where the separators were.

use super::{
    name,
    skeleton::{self, Disguise},
};

/// What stands before a letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sep {
    /// The letter before it.
    #[default]
    None,
    /// A hyphen or underscore.
    Hyphen,
    /// A dot: a new label.
    Dot,
}

/// One letter of the name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letter {
    pub(super) sep: Sep,
    pub(super) disguise: Disguise,
    /// Byte offset in [`Layout::unicode`] where its written form begins.
    pub(super) at: u32,
}

/// Most letters that are laid out.
const MAX_LETTERS: usize = 512;

/// The host, laid out.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    /// Letters as they look.
    pub(super) chars: Vec<char>,
    /// The same length.
    pub(super) letters: Vec<Letter>,
    /// First letter of the public suffix; the length where there is none.
    pub(super) suffix_from: usize,
    /// First letter of the registrable label.
    pub(super) root_from: usize,
    /// The suffix as ASCII (`com.cn`).
    pub(super) suffix: String,
    /// The registrable name as ASCII. Empty for none.
    pub(super) registrable: String,
    /// Is the suffix from the list's private part?
    pub(super) private: bool,
    /// The host with its xn-- labels decoded.
    pub(super) unicode: String,
    /// The host in ASCII form, labels that have none left as written.
    pub(super) ascii: String,
}

impl Layout {
    /// Lays out a lower-case host.
    pub(super) fn of(host: &str, dynamic: &[&str]) -> Self {
        let ascii = if host.is_ascii() { host.to_owned() } else { host.split('.').map(to_ascii).collect::<Vec<_>>().join(".") };
        let mut layout = Self { unicode: host.split('.').map(to_unicode).collect::<Vec<_>>().join("."), ..Self::default() };
        let own =
            dynamic.iter().find(|zone| ascii.len() > zone.len() && name::under(&ascii, zone)).map(|zone| (ascii.len() - zone.len(), true));
        let (suffix_at, private) = own.or_else(|| name::suffix_at(&ascii)).unwrap_or((ascii.len(), false));
        let suffix_labels = if suffix_at < ascii.len() { ascii[suffix_at..].split('.').count() } else { 0 };
        ascii[suffix_at..].clone_into(&mut layout.suffix);
        let root_at = ascii[..suffix_at].trim_end_matches('.').rfind('.').map_or(0, |dot| dot + 1);
        if suffix_labels > 0 {
            ascii[root_at..].clone_into(&mut layout.registrable);
        }
        layout.private = private;
        layout.ascii = ascii;
        layout.place(suffix_labels);
        layout
    }
    fn place(&mut self, suffix_labels: usize) {
        let labels = self.unicode.split('.').count();
        let mut label = 0;
        let mut sep = Sep::None;
        (self.suffix_from, self.root_from) = (usize::MAX, usize::MAX);
        for (at, c) in self.unicode.char_indices() {
            if self.chars.len() >= MAX_LETTERS {
                break;
            }
            match c {
                '.' => {
                    label += 1;
                    sep = Sep::Dot;
                    continue;
                }
                c if is_separator(c) => {
                    sep = if sep == Sep::Dot { sep } else { Sep::Hyphen };
                    continue;
                }
                c if is_unseen(c) => continue,
                _ => {}
            }
            let from = self.chars.len();
            if suffix_labels > 0 && label + suffix_labels == labels {
                self.suffix_from = self.suffix_from.min(from);
            }
            if label + suffix_labels + 1 == labels {
                self.root_from = self.root_from.min(from);
            }
            let disguise = skeleton::push(c, &mut self.chars);
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            while self.letters.len() < self.chars.len() {
                self.letters.push(Letter { sep, disguise, at });
                sep = Sep::None;
            }
        }
        self.suffix_from = self.suffix_from.min(self.chars.len());
        self.root_from = self.root_from.min(self.suffix_from);
    }
    /// The name as written that letters `from..to` stand for.
    pub(super) fn written(&self, from: usize, to: usize) -> &str {
        let start = self.letters.get(from).map_or(0, |l| l.at as usize);
        let mut end = self.letters.get(to).map_or(self.unicode.len(), |l| l.at as usize);
        while end > start && self.unicode[..end].ends_with(['.', '-', '_']) {
            end -= 1;
        }
        &self.unicode[start..end]
    }
}

/// Does it stand between letters, without being one?
pub(super) fn is_separator(c: char) -> bool {
    matches!(c, '-' | '_' | '–' | '‐' | '‑' | '·' | '・')
}

/// Does it leave no trace on the screen?
pub(super) fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}')
}

/// A label with its xn-- form decoded, if it is one that decodes.
pub(super) fn to_unicode(label: &str) -> String {
    match label.strip_prefix("xn--") {
        Some(coded) if coded.len() <= 63 => match idna::punycode::decode_to_string(coded) {
            Some(text) if !text.is_empty() => text.to_lowercase().replace('.', ""),
            _ => label.to_owned(),
        },
        _ => label.to_owned(),
    }
}

fn to_ascii(label: &str) -> String {
    if label.is_ascii() || label.len() > 255 {
        return label.to_owned();
    }
    idna::punycode::encode_str(label).map_or_else(|| label.to_owned(), |coded| format!("xn--{coded}"))
}
