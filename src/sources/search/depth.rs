//! How deep the elements of a page nest, counted without building its tree. Building the tree of a page that nests
//! without end takes time by the square of the depth; no result page nests even a hundredth as deep as is refused here.

use std::collections::HashMap;

/// A page with more elements open at once is not read.
const MAX_OPEN: usize = 1_500;
/// Elements that never hold others, or end by themselves where the next one begins.
const NO_END: [&[u8]; 28] = [
    b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"param", b"source", b"track", b"wbr", b"p",
    b"li", b"dd", b"dt", b"td", b"th", b"tr", b"thead", b"tbody", b"tfoot", b"option", b"html", b"head", b"body",
];

/// Does the page nest beyond measure? An end tag counts only for an element that is open.
pub(super) fn too_deep(page: &[u8]) -> bool {
    let mut open: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut depth = 0_usize;
    for at in memchr::memchr_iter(b'<', page) {
        let rest = &page[at + 1..];
        let (ends, rest) = rest.strip_prefix(b"/").map_or((false, rest), |r| (true, r));
        let length = rest.iter().take(64).position(|b| !b.is_ascii_alphanumeric() && *b != b'-').unwrap_or(rest.len().min(64));
        let name = rest[..length].to_ascii_lowercase();
        if !name.first().is_some_and(u8::is_ascii_alphabetic) || NO_END.contains(&name.as_slice()) {
            continue;
        }
        let count = open.entry(name).or_default();
        if !ends {
            *count += 1;
            depth += 1;
        } else if *count > 0 {
            *count -= 1;
            depth -= 1;
        }
        if depth > MAX_OPEN {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_open_counts() {
        assert!(too_deep("<div>".repeat(5_000).as_bytes()));
        assert!(too_deep("<div></x>".repeat(5_000).as_bytes()), "an end tag of nothing closes nothing");
        assert!(!too_deep("<div><img><p>x<br></div>".repeat(50_000).as_bytes()));
        assert!(!too_deep("<li>x<p>1 < 2".repeat(50_000).as_bytes()));
        assert!(!too_deep(b"<"));
    }
}
