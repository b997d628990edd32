//! Who reads what: personal numbers are whole in the police package and masked everywhere else.
//! Knows citizens' ID numbers, mobile numbers, bank cards and mail addresses; finds them in any text, so that no writer has to think of it.

/// Who will read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// The police, in the sealed package: everything as it stands.
    Police,
    /// Everybody else: personal numbers masked.
    #[default]
    Partner,
}

impl Audience {
    /// `text` as this audience may read it.
    pub fn shows(self, text: &str) -> String {
        match self {
            Self::Police => text.to_owned(),
            Self::Partner => masked(text),
        }
    }
    /// An address as this audience may have it: one that carries a personal number loses its query, and its path where the number is there.
    pub fn address(self, url: &str) -> String {
        if self == Self::Police || masked(url) == url {
            return url.to_owned();
        }
        let bare = url.split(['?', '#']).next().unwrap_or_default();
        if masked(bare) == bare {
            return bare.to_owned();
        }
        let end = bare.find("://").map_or(0, |i| i + 3);
        let host = bare[end..].split('/').next().unwrap_or_default();
        format!("{}{host}/", &bare[..end])
    }
}

/// Masks the middle of every personal number in `text`.
pub(super) fn masked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while i < chars.len() {
        let run = chars[i..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
        let digits = chars[i..].iter().take_while(|c| c.is_ascii_digit()).count();
        if digits > 0 && chars.get(i.wrapping_sub(1)).is_none_or(|c| !c.is_ascii_digit()) {
            let ends_in_x = digits == 17 && chars.get(i + 17).is_some_and(|c| matches!(c, 'x' | 'X'));
            let length = digits + usize::from(ends_in_x);
            hide(&mut out, &chars[i..i + length]);
            i += length;
        } else if run > 0 && chars[i].is_ascii_alphabetic() {
            let letters = chars[i..].iter().take_while(|c| c.is_ascii_alphabetic()).count();
            out.extend(&chars[i..i + letters]);
            i += letters;
        } else {
            out.push(chars[i]);
            i += 1;
        }
    }
    mail(&out)
}

/// Writes one run of digits, masked where it is a personal number.
fn hide(out: &mut String, number: &[char]) {
    let (front, back) = match number.len() {
        11 if number[0] == '1' && number[1] >= '3' => (3, 4),
        15 | 18 if is_day(number) => (6, 4),
        13 if number[0] == '8' && number[1] == '6' && number[2] == '1' => (5, 4),
        16..=19 => (4, 4),
        _ => (number.len(), 0),
    };
    for (i, c) in number.iter().enumerate() {
        out.push(if i < front || i >= number.len() - back { *c } else { '*' });
    }
}

/// Does an ID number hold a possible month and day where it should? Otherwise it is a card or something else of that length.
fn is_day(number: &[char]) -> bool {
    let at = if number.len() == 18 { 10 } else { 8 };
    let two = |i: usize| number[i..i + 2].iter().collect::<String>().parse::<u8>().unwrap_or(0);
    (1..=12).contains(&two(at)) && (1..=31).contains(&two(at + 2))
}

/// Masks the local part of mail addresses but its first character.
fn mail(text: &str) -> String {
    let is_local = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '*');
    let mut out = String::with_capacity(text.len());
    for (i, part) in text.split('@').enumerate() {
        if i > 0 {
            let named = part.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
            let local = out.chars().rev().take_while(|c| is_local(*c)).count();
            if named && local > 0 {
                let keep = out.char_indices().rev().nth(local - 1).map_or(0, |(at, c)| at + c.len_utf8());
                out.truncate(keep);
                out.push_str("***");
            }
            out.push('@');
        }
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_numbers_are_masked_and_others_left() {
        for (given, want) in [
            ("电话13812345678微信同号", "电话138****5678微信同号"),
            ("+8613812345678", "+86138****5678"),
            ("证号500101199003071234。", "证号500101********1234。"),
            ("11010519491231002X", "110105********002X"),
            ("卡6222020200112233445", "卡6222***********3445"),
            ("wxid_13812345678a", "wxid_138****5678a"),
            ("mail li.si@example.com now", "mail l***@example.com now"),
            ("EV-20260103T021455Z-7f3a9c01 2026 88.5 QQ12345", "EV-20260103T021455Z-7f3a9c01 2026 88.5 QQ12345"),
            ("@ @x a@", "@ @x a@"),
        ] {
            assert_eq!(masked(given), want, "{given}");
            assert_eq!(Audience::Police.shows(given), given);
        }
    }

    #[test]
    fn an_address_with_a_personal_number_loses_the_part_that_holds_it() {
        let to = Audience::Partner;
        assert_eq!(to.address("http://a.top/q?id=500101199003071234&x=1"), "http://a.top/q");
        assert_eq!(to.address("http://a.top/13812345678/x?y"), "http://a.top/");
        assert_eq!(to.address("http://a.top/q?id=7#z"), "http://a.top/q?id=7#z");
        assert_eq!(Audience::Police.address("http://a.top/q?id=500101199003071234"), "http://a.top/q?id=500101199003071234");
    }
}
