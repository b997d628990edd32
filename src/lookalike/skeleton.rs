//! What a character looks like: the plain letter behind an accented, Cyrillic, Greek or otherwise borrowed one, the
//! simplified form behind a traditional or variant Han one. Names are compared by what the eye sees.

use super::han;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// How a character was dressed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Disguise {
    /// As written.
    #[default]
    None,
    /// A Latin letter with a mark, or a Latin letter of another shape.
    Accent,
    /// Cyrillic.
    Cyrillic,
    /// Greek.
    Greek,
    /// Any other script or symbol.
    Other,
    /// A traditional or variant Han character.
    Variant,
}

/// Single characters whose shape is one or two ASCII letters; what decomposition alone does not give.
const LOOKS: &[(&str, &str)] = &[
    ("а", "a"),
    ("в", "b"),
    ("ь", "b"),
    ("б", "b"),
    ("с", "c"),
    ("ԁ", "d"),
    ("е", "e"),
    ("є", "e"),
    ("э", "e"),
    ("з", "3"),
    ("ԍ", "g"),
    ("һ", "h"),
    ("н", "h"),
    ("і", "i"),
    ("ї", "i"),
    ("ј", "j"),
    ("к", "k"),
    ("ӏ", "l"),
    ("м", "m"),
    ("п", "n"),
    ("и", "n"),
    ("о", "o"),
    ("р", "p"),
    ("ԛ", "q"),
    ("г", "r"),
    ("ѕ", "s"),
    ("т", "t"),
    ("ц", "u"),
    ("ѵ", "v"),
    ("ԝ", "w"),
    ("ш", "w"),
    ("щ", "w"),
    ("х", "x"),
    ("ҳ", "x"),
    ("у", "y"),
    ("ү", "y"),
    ("ғ", "f"),
    ("ё", "e"),
    ("ѐ", "e"),
    ("ѓ", "r"),
    ("ґ", "r"),
    ("ѡ", "w"),
    ("ո", "n"),
    ("ս", "u"),
    ("օ", "o"),
    ("հ", "h"),
    ("ց", "g"),
    ("զ", "q"),
    ("ա", "w"),
    ("ռ", "n"),
    ("ք", "f"),
    ("α", "a"),
    ("β", "b"),
    ("γ", "y"),
    ("ε", "e"),
    ("ζ", "z"),
    ("η", "n"),
    ("ι", "i"),
    ("κ", "k"),
    ("μ", "m"),
    ("ν", "v"),
    ("ο", "o"),
    ("π", "n"),
    ("ρ", "p"),
    ("σ", "o"),
    ("ς", "c"),
    ("τ", "t"),
    ("υ", "u"),
    ("χ", "x"),
    ("ω", "w"),
    ("ɡ", "g"),
    ("ɢ", "g"),
    ("ɑ", "a"),
    ("ə", "e"),
    ("ɛ", "e"),
    ("ı", "i"),
    ("ɩ", "i"),
    ("ɪ", "i"),
    ("ł", "l"),
    ("ɫ", "l"),
    ("ᴍ", "m"),
    ("ɱ", "m"),
    ("ŋ", "n"),
    ("ꞑ", "n"),
    ("ɴ", "n"),
    ("ø", "o"),
    ("ᴏ", "o"),
    ("ɵ", "o"),
    ("đ", "d"),
    ("ɖ", "d"),
    ("ɗ", "d"),
    ("ħ", "h"),
    ("ɦ", "h"),
    ("ŧ", "t"),
    ("ᴄ", "c"),
    ("ƈ", "c"),
    ("ɓ", "b"),
    ("ʙ", "b"),
    ("ƅ", "b"),
    ("ƒ", "f"),
    ("ĸ", "k"),
    ("ᴋ", "k"),
    ("ʀ", "r"),
    ("ɍ", "r"),
    ("ɾ", "r"),
    ("ɽ", "r"),
    ("ɼ", "r"),
    ("ꜱ", "s"),
    ("ʂ", "s"),
    ("ᴜ", "u"),
    ("ʉ", "u"),
    ("ᴠ", "v"),
    ("ʋ", "v"),
    ("ᶌ", "v"),
    ("ᴡ", "w"),
    ("ⱳ", "w"),
    ("ʏ", "y"),
    ("ɏ", "y"),
    ("ƴ", "y"),
    ("ᴢ", "z"),
    ("ʐ", "z"),
    ("ƶ", "z"),
    ("ⱬ", "z"),
    ("ǥ", "g"),
    ("ɉ", "j"),
    ("ʝ", "j"),
    ("ɨ", "i"),
    ("ɇ", "e"),
    ("ß", "b"),
    ("æ", "ae"),
    ("œ", "oe"),
    ("ð", "d"),
    ("þ", "p"),
    ("ƿ", "p"),
    ("ƥ", "p"),
    ("ʠ", "q"),
    ("ƫ", "t"),
    ("ⱪ", "k"),
    ("ⱨ", "h"),
    ("ⱴ", "v"),
    ("ⱱ", "v"),
    ("ꭓ", "x"),
    ("ⲟ", "o"),
    ("ꮯ", "c"),
    ("ꮇ", "m"),
    ("ꭼ", "e"),
    ("ⅿ", "m"),
    ("ⅽ", "c"),
    ("ⅹ", "x"),
    ("ⅴ", "v"),
];

/// What the characters of the scripts that most labels are written in look like.
static SEEN: LazyLock<Vec<(Vec<char>, Disguise)>> = LazyLock::new(|| {
    ('\u{80}'..'\u{2000}')
        .map(|c| {
            let mut letters = Vec::new();
            let disguise = read(c, &mut letters);
            (letters, disguise)
        })
        .collect()
});

/// Pushes what `c` looks like onto `out` and says how it was dressed. `c` is lower case.
pub(super) fn push(c: char, out: &mut Vec<char>) -> Disguise {
    if c.is_ascii() {
        out.push(c);
        return Disguise::None;
    }
    match SEEN.get(c as usize - 0x80) {
        Some((letters, disguise)) => {
            out.extend_from_slice(letters);
            *disguise
        }
        None => read(c, out),
    }
}

fn read(c: char, out: &mut Vec<char>) -> Disguise {
    if han::is_han(c) {
        let plain = han::simplified(c);
        out.push(plain);
        return if plain == c { Disguise::None } else { Disguise::Variant };
    }
    let before = out.len();
    let mut buffer = [0u8; 4];
    let text: &str = c.encode_utf8(&mut buffer);
    if let Some((_, looks)) = LOOKS.iter().find(|(from, _)| *from == text) {
        out.extend(looks.chars());
        return script_of(c);
    }
    for part in c.nfkd().flat_map(char::to_lowercase) {
        if part.is_ascii() {
            out.push(part);
        } else if let Some((_, looks)) = LOOKS.iter().find(|(from, _)| from.starts_with(part)) {
            out.extend(looks.chars());
        }
    }
    if out.len() == before {
        out.push(prototype(c));
    }
    script_of(c)
}

/// The Unicode confusables table's letter for `c`, where it is one ASCII letter or digit; else `c`.
fn prototype(c: char) -> char {
    let mut buffer = [0u8; 4];
    let mut looks = unicode_security::skeleton(c.encode_utf8(&mut buffer));
    match (looks.next(), looks.next()) {
        (Some(one), None) if one.is_ascii_alphanumeric() => one.to_ascii_lowercase(),
        _ => c,
    }
}

fn script_of(c: char) -> Disguise {
    match c {
        '\u{400}'..='\u{52f}' => Disguise::Cyrillic,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Disguise::Greek,
        '\u{80}'..='\u{2af}' | '\u{1d00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}' => Disguise::Accent,
        _ => Disguise::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> String {
        let mut out = Vec::new();
        for c in text.chars() {
            push(c, &mut out);
        }
        out.into_iter().collect()
    }

    #[test]
    fn borrowed_letters_are_read_as_the_eye_reads_them() {
        for (written, read) in [
            ("мем", "mem"),
            ("mẹm", "mem"),
            ("gον", "gov"),
            ("ｍem", "mem"),
            ("cх", "cx"),
            ("應急管理", "应急管理"),
            ("証書査詢", "证书查询"),
        ] {
            assert_eq!(seen(written), read, "{written}");
        }
    }
}
