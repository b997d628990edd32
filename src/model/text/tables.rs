//! Small tables of characters that look like, or stand for, other characters. Facts only; the passes that use them are in `spell`.

use crate::model::text::t2s;
use std::sync::LazyLock;

/// CJK Radicals Supplement (U+2E80..=U+2EF3) and CJK Strokes that equal an ideograph: (written, unified ideograph).
/// NFKC maps two of them only. Source: Unicode's EquivalentUnifiedIdeograph property.
const RADICALS: &str = "⺁厂⺂乛⺃乚⺄乙⺅亻⺆冂⺇𠘨⺈刀⺉刂⺊卜⺋㔾⺌小⺍小⺎兀⺏尣⺐尢⺑𡯂⺒巳⺓幺⺔彑⺕彐⺖忄⺗心⺘扌⺙攵⺛旡⺜日⺝月⺞歺⺟母⺠民\
⺡氵⺢氺⺣灬⺤爫⺥爫⺦丬⺧牛⺨犭⺩王⺪𤴔⺫目⺬示⺭礻⺮𥫗⺯糹⺰纟⺱罓⺲罒⺳㓁⺴冗⺵𦉫⺶羊⺷𦍌⺸𦍋⺹耂⺺肀⺻聿⺼肉⺽𦥑⺾艹⺿艹⻀艹⻁虎⻂衤⻃覀⻄西\
⻅见⻆角⻇𧢲⻈讠⻉贝⻊𧾷⻋车⻌辶⻍辶⻎辶⻏邑⻐钅⻑長⻒镸⻓长⻔门⻕𨸏⻖阝⻗雨⻘青⻙韦⻚页⻛风⻜飞⻝食⻞𩙿⻟飠⻠饣⻡𩠐⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤\
⻨麦⻩黄⻪黾⻫斉⻬齐⻭歯⻮齿⻯竜⻰龙⻱龜⻲亀⻳龟⺚旡㇐一㇠乙";

/// Letters of other scripts that are drawn like Latin ones, and small capitals that NFKC leaves alone: (written, Latin).
const LATIN_LOOKALIKES: &str = "аaвbсcеeԁdһhіiјjкkӏlмmоoрpԛqгrѕsтtυuѵvνvԝwωwхxуyзzАaВbСcЕeНhІiЈjКkМmОoРpЅsТtХxУyԜwԚqΑaΒbΕeΖzΗhΙiΚkΜmΝnΟoΡpΤtΥyΧx\
αaοoρpχxκkιiτtᴀaʙbᴄcᴅdᴇeꜰfɢgʜhɪiᴊjᴋkʟlᴍmɴnᴏoᴘpʀrꜱsᴛtᴜuᴠvᴡwʏyᴢzɡgꞯqǫqıi";

/// The digit zero of the decimal systems that NFKC leaves alone; the nine digits after it follow.
const ZEROS: &[u32] = &[
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x17E0,
    0x1810,
];

/// First ideograph of the range that the dense table covers.
const DENSE_FIRST: u32 = 0x3400;
/// Last one.
const DENSE_LAST: u32 = 0x9FFF;

struct Simplified {
    dense: Box<[char]>,
    sparse: Vec<(char, char)>,
}

static SIMPLIFIED: LazyLock<Simplified> = LazyLock::new(|| {
    let mut dense: Box<[char]> = (DENSE_FIRST..=DENSE_LAST).map(|c| char::from_u32(c).unwrap_or(' ')).collect();
    let mut sparse = Vec::new();
    for (written, meant) in pairs(t2s::PAIRS) {
        match dense.get_mut((u32::from(written).wrapping_sub(DENSE_FIRST)) as usize) {
            Some(slot) => *slot = meant,
            None => sparse.push((written, meant)),
        }
    }
    sparse.sort_unstable();
    Simplified { dense, sparse }
});

static RADICAL: LazyLock<Vec<(char, char)>> = LazyLock::new(|| sorted(RADICALS));
static LATIN: LazyLock<Vec<(char, char)>> = LazyLock::new(|| sorted(LATIN_LOOKALIKES));

fn pairs(text: &str) -> impl Iterator<Item = (char, char)> + '_ {
    let mut chars = text.chars();
    std::iter::from_fn(move || Some((chars.next()?, chars.next()?)))
}
fn sorted(text: &str) -> Vec<(char, char)> {
    let mut all: Vec<_> = pairs(text).collect();
    all.sort_unstable();
    all
}
fn look_up(table: &[(char, char)], c: char) -> Option<char> {
    table.binary_search_by_key(&c, |p| p.0).ok().map(|i| table[i].1)
}

/// The Simplified form of an ideograph; any other character as it is.
pub(super) fn simplified(c: char) -> char {
    let code = u32::from(c);
    if code < DENSE_FIRST {
        return c;
    }
    match SIMPLIFIED.dense.get((code - DENSE_FIRST) as usize) {
        Some(found) => *found,
        None => look_up(&SIMPLIFIED.sparse, c).unwrap_or(c),
    }
}
/// The ideograph that a radical or stroke of the supplement blocks equals.
pub(super) fn radical(c: char) -> Option<char> {
    matches!(c, '\u{2E80}'..='\u{2EF3}' | '\u{31C0}'..='\u{31EF}').then(|| look_up(&RADICAL, c)).flatten()
}
/// The Latin letter (lower case) that a letter of another script is drawn like.
pub(super) fn latin_lookalike(c: char) -> Option<char> {
    matches!(c, '\u{0131}'..='\u{052F}' | '\u{1D00}'..='\u{1D2B}' | '\u{A730}'..='\u{A7FF}').then(|| look_up(&LATIN, c)).flatten()
}
/// The ideograph meant by one that sellers write for it in contact words, whatever stands beside it (after Traditional -> Simplified).
pub(super) fn contact_glyph(c: char) -> Option<char> {
    match c {
        '溦' | '徾' | '嶶' => Some('微'),
        '伩' | '訫' => Some('信'),
        _ => None,
    }
}
/// The ASCII digit that a decimal digit of another script, or a digit in a filled or double circle, stands for. Two digits for 10..=20.
pub(super) fn digits(c: char) -> Option<(Option<char>, char)> {
    let code = u32::from(c);
    let number = match code {
        0x2776..=0x277F => code - 0x2776 + 1,
        0x2780..=0x2789 => code - 0x2780 + 1,
        0x278A..=0x2793 => code - 0x278A + 1,
        0x24EB..=0x24F4 => code - 0x24EB + 11,
        0x24F5..=0x24FE => code - 0x24F5 + 1,
        0x24FF | 0x1F10B | 0x1F10C => 0,
        _ => {
            let zero = ZEROS[..ZEROS.partition_point(|z| *z <= code)].last()?;
            return (code < zero + 10).then(|| (None, ascii_digit(code - zero)));
        }
    };
    Some(((number >= 10).then(|| ascii_digit(number / 10)), ascii_digit(number % 10)))
}
/// The letter inside a filled circle, filled square or flag symbol, lower case. NFKC knows the hollow ones.
pub(super) fn boxed_letter(c: char) -> Option<char> {
    let code = u32::from(c);
    let first = [0x1F150, 0x1F170, 0x1F1E6].into_iter().find(|first| (*first..first + 26).contains(&code))?;
    char::from_u32(u32::from('a') + code - first)
}
fn ascii_digit(n: u32) -> char {
    char::from_digit(n % 10, 10).unwrap_or('0')
}

/// Is it an ideograph (any plane, with 々 and 〇)?
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{3005}' | '\u{3007}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}
/// Is it a letter or ideograph that sellers use as a bar or dot between others, and that carries no meaning in running text?
pub(super) fn is_separator_glyph(c: char) -> bool {
    matches!(
        c,
        '丨' | '丶'
            | '亅'
            | '丿'
            | '乄'
            | '乀'
            | '乁'
            | '乚'
            | '乛'
            | 'ㅣ'
            | 'ᅵ'
            | 'ㅡ'
            | 'ᅳ'
            | 'ㆍ'
            | '〡'
            | 'ー'
            | '〆'
            | 'ǀ'
            | 'ǁ'
            | 'ꓲ'
            | 'ˉ'
            | 'ˊ'
            | 'ˋ'
    ) || matches!(c, '\u{31C0}'..='\u{31EF}' | '\u{2E80}'..='\u{2EF3}')
}
/// Is it drawn as nothing at all (zero width, joiners, direction marks, fillers, variation selectors, tags)?
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_simplified_form_is_its_own_simplified_form() {
        for (written, meant) in pairs(t2s::PAIRS) {
            assert_eq!(simplified(written), meant, "{written}");
            assert_eq!(simplified(meant), meant, "{written}");
        }
    }

    #[test]
    fn every_radical_of_the_supplement_but_the_two_without_an_ideograph_has_one() {
        let without: Vec<char> = ('\u{2E80}'..='\u{2EF3}').filter(|c| radical(*c).is_none()).collect();
        assert_eq!(without, ['\u{2E80}']);
        assert_eq!((radical('⻔'), radical('⻋'), radical('⻚')), (Some('门'), Some('车'), Some('页')));
    }

    #[test]
    fn digits_of_other_scripts_and_in_filled_circles_are_read() {
        assert_eq!(digits('❶'), Some((None, '1')));
        assert_eq!(digits('⓴'), Some((Some('2'), '0')));
        assert_eq!(digits('٣'), Some((None, '3')));
        assert_eq!(digits('५'), Some((None, '5')));
        assert_eq!(digits('x'), None);
        assert_eq!(boxed_letter('🅥'), Some('v'));
    }
}
