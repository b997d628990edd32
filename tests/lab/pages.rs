//! From a page file to the bytes on the wire: placeholders, replacements, disguises, charset.
//! The disguises are those seen in the wild: Traditional, garbled `統(tǒng)一`, toned pinyin, zero-width, spaced, Kangxi radicals, padding.

use super::World;
use super::sites::{Route, Site};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::OnceLock;

/// Reads one file of `tests/pages/`.
///
/// # Errors
/// One line with the path.
pub(crate) fn read(path: &str) -> Result<Vec<u8>, String> {
    let full = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pages").join(path);
    std::fs::read(&full).map_err(|e| format!("tests/pages/{path}: {e}"))
}

/// The body of a route before gzip and chunks.
///
/// # Errors
/// One line: a missing file, an unknown disguise or charset.
pub(crate) fn build(route: &Route, site: &Site, world: &World) -> Result<Vec<u8>, String> {
    let mut html = match (&route.body, &route.file) {
        (Some(body), _) => body.clone(),
        (None, Some(file)) => String::from_utf8(read(file)?).map_err(|e| format!("tests/pages/{file}: {e}"))?,
        (None, None) => String::new(),
    };
    let [a, b, c] = world.block;
    html = html.replace("{{host}}", &site.host).replace("{{block}}", &format!("{a}.{b}.{c}"));
    for (from, to) in &route.replace {
        if !html.contains(from.as_str()) {
            return Err(format!("tests/pages/sites.toml: {}: nothing to replace: `{from}`", site.host));
        }
        html = html.replace(from.as_str(), to);
    }
    for make in &route.make {
        html = disguise(make, &html)?;
    }
    encode(&html, route.charset.as_deref().unwrap_or("utf-8"))
}

pub(crate) fn encode(html: &str, label: &str) -> Result<Vec<u8>, String> {
    let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).ok_or_else(|| format!("no charset `{label}`"))?;
    Ok(encoding.encode(html).0.into_owned())
}

pub(crate) fn disguise(make: &str, html: &str) -> Result<String, String> {
    Ok(match make {
        "traditional" => html.chars().map(traditional).collect(),
        "garbled" => in_text(html, garbled),
        "toned" => in_text(html, toned),
        "zero_width" => in_text(html, |t| between(t, &["\u{200b}", "\u{200c}", "\u{2060}", "\u{feff}"], 3)),
        "spaced" => in_text(html, |t| between(t, &[" ", "·", "丨", "\u{3000}"], 2)),
        "kangxi" => in_text(html, |t| t.chars().map(radical).collect()),
        "full_width" => in_text(html, |t| t.chars().map(full_width).collect()),
        "foreign_padding" => html.replace("</body>", &format!("{}</body>", String::from_utf8_lossy(&read("tables/foreign.html")?))),
        other => return Err(format!("tests/pages/sites.toml: no disguise `{other}`")),
    })
}

/// Applies `f` to what stands between tags, but not inside scripts and style sheets.
fn in_text(html: &str, f: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(html.len() * 2);
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        out.push_str(&f(&rest[..open]));
        let tag = rest[open..].to_ascii_lowercase();
        let end = ["script", "style"].iter().find(|n| tag[1..].starts_with(**n)).and_then(|n| tag.find(&format!("</{n}")));
        let close = tag[end.unwrap_or(0)..].find('>').map_or(tag.len(), |c| c + end.unwrap_or(0) + 1);
        out.push_str(&rest[open..open + close]);
        rest = &rest[open + close..];
    }
    out + &f(rest)
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
}

/// Every sixth Han character as Traditional with its reading behind it, the others as they are: `統(tǒng)一`.
fn garbled(text: &str) -> String {
    let mut out = String::new();
    for (n, c) in text.chars().enumerate() {
        out.push(traditional(c));
        let changed = traditional(c) != c;
        if let Some(reading) = pinyin(c).filter(|_| changed || n % 9 == 4) {
            out.push_str(&format!("({reading})"));
        }
    }
    out
}

/// A reading behind every third pair of Han characters: `开展(kāizhǎn)`.
fn toned(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    for (n, c) in chars.iter().enumerate() {
        out.push(*c);
        let (Some(before), Some(here)) = (n.checked_sub(1).and_then(|p| pinyin(chars[p])), pinyin(*c)) else { continue };
        if n % 6 == 3 {
            out.push_str(&format!("({before}{here})"));
        }
    }
    out
}

/// A separator after every `step`-th Han character that another one follows.
fn between(text: &str, separators: &[&str], step: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    for (n, c) in chars.iter().enumerate() {
        out.push(*c);
        if n % step == 1 && is_han(*c) && chars.get(n + 1).is_some_and(|d| is_han(*d)) {
            out.push_str(separators[(n / step) % separators.len()]);
        }
    }
    out
}

fn full_width(c: char) -> char {
    match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

fn table(file: &'static str, cell: &'static OnceLock<HashMap<char, String>>) -> &'static HashMap<char, String> {
    cell.get_or_init(|| {
        let text = read(file).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        text.lines().filter_map(|l| l.split_once('\t')).filter_map(|(k, v)| Some((k.chars().next()?, v.to_owned()))).collect()
    })
}

fn traditional(c: char) -> char {
    static CELL: OnceLock<HashMap<char, String>> = OnceLock::new();
    table("tables/traditional.tsv", &CELL).get(&c).and_then(|t| t.chars().next()).unwrap_or(c)
}

fn radical(c: char) -> char {
    static CELL: OnceLock<HashMap<char, String>> = OnceLock::new();
    table("tables/radicals.tsv", &CELL).get(&c).and_then(|t| t.chars().next()).unwrap_or(c)
}

fn pinyin(c: char) -> Option<&'static str> {
    static CELL: OnceLock<HashMap<char, String>> = OnceLock::new();
    table("tables/pinyin.tsv", &CELL).get(&c).map(String::as_str)
}
