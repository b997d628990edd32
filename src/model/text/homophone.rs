//! Other spellings of the contact words: 薇信, 威信, V信, vx, 扣扣 ... become 微信 and qq.
//! Works on folded characters; knows where the raw text had something between two of them. Words that also mean something
//! else (威信, 卫星, wx, a lone V) are changed only where their neighbours make them a contact word.

/// One folded character, its raw bytes, and what was dropped just before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// The character.
    pub(super) ch: char,
    /// First raw byte.
    pub(super) start: u32,
    /// After the last raw byte.
    pub(super) end: u32,
    /// What stood between this and the one before.
    pub(super) gap: Gap,
}

/// What stood between two kept characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// Nothing.
    None,
    /// Punctuation, blanks, symbols.
    Some,
    /// Among them a colon: what follows is a value.
    Colon,
    /// Among them a plus sign: "add me".
    Plus,
}

/// When a spelling counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// Always.
    Always,
    /// Where it stands alone or beside contact words: 威信 is prestige too, and 徽信 stands in 安徽信息.
    Alone,
    /// As a word of its own: no Latin letter touches it, or someone says "add".
    Word,
    /// Only where a number or id follows, or someone says "add".
    NearId,
    /// Only after "add".
    AfterAdd,
    /// A word of its own with a colon and an id after it (`Q：12345678`), or after "add" with an id.
    Titled,
}

const WECHAT: &str = "微信";
const QQ: &str = "qq";

/// (spelling, meant, when). Longer spellings before their own beginnings.
const SPELLINGS: &[(&str, &str, When)] = &[
    ("vi讠", WECHAT, When::Always),
    ("vィ讠", WECHAT, When::Always),
    ("vイ讠", WECHAT, When::Always),
    ("v亻讠", WECHAT, When::Always),
    ("vィ言", WECHAT, When::Always),
    ("vイ言", WECHAT, When::Always),
    ("v亻言", WECHAT, When::Always),
    ("v讠", WECHAT, When::Always),
    ("v信", WECHAT, When::Always),
    ("v芯", WECHAT, When::Always),
    ("vxin", WECHAT, When::Word),
    ("vx", WECHAT, When::Word),
    ("v", WECHAT, When::AfterAdd),
    ("v", WECHAT, When::Titled),
    ("weixin", WECHAT, When::Word),
    ("wechat", WECHAT, When::Word),
    ("wei信", WECHAT, When::Always),
    ("w信", WECHAT, When::Always),
    ("wx", WECHAT, When::Word),
    ("微xin", WECHAT, When::Word),
    ("微亻言", WECHAT, When::Always),
    ("微イ言", WECHAT, When::Always),
    ("微ィ言", WECHAT, When::Always),
    ("微亻讠", WECHAT, When::Always),
    ("微イ讠", WECHAT, When::Always),
    ("微ィ讠", WECHAT, When::Always),
    ("微芯", WECHAT, When::NearId),
    ("微x", WECHAT, When::Word),
    ("微心", WECHAT, When::NearId),
    ("微星", WECHAT, When::NearId),
    ("薇信", WECHAT, When::Always),
    ("薇芯", WECHAT, When::Always),
    ("微", WECHAT, When::Titled),
    ("薇", WECHAT, When::Titled),
    ("薇", "微", When::AfterAdd),
    ("徽信", WECHAT, When::Alone),
    ("徽芯", WECHAT, When::Always),
    ("徽", WECHAT, When::Titled),
    ("徽", "微", When::AfterAdd),
    ("葳信", WECHAT, When::Always),
    ("崴信", WECHAT, When::Always),
    ("崴", "微", When::AfterAdd),
    ("威信", WECHAT, When::Alone),
    ("威芯", WECHAT, When::Always),
    ("威", WECHAT, When::Titled),
    ("威", "微", When::AfterAdd),
    ("嵗信", WECHAT, When::Always),
    ("薇xin", WECHAT, When::Word),
    ("维信", WECHAT, When::NearId),
    ("唯信", WECHAT, When::NearId),
    ("卫信", WECHAT, When::NearId),
    ("卫星", WECHAT, When::NearId),
    ("魏信", WECHAT, When::NearId),
    ("味信", WECHAT, When::NearId),
    ("胃信", WECHAT, When::NearId),
    ("喂信", WECHAT, When::NearId),
    ("危信", WECHAT, When::NearId),
    ("围信", WECHAT, When::NearId),
    ("尾信", WECHAT, When::NearId),
    ("扣扣", QQ, When::Always),
    ("抠抠", QQ, When::Always),
    ("蔻蔻", QQ, When::Always),
    ("叩叩", QQ, When::Always),
    ("寇寇", QQ, When::Always),
    ("筘筘", QQ, When::Always),
    ("扣q", QQ, When::Word),
    ("q扣", QQ, When::Always),
    ("扣号", "qq号", When::NearId),
    ("球球", QQ, When::NearId),
    ("秋秋", QQ, When::NearId),
    ("丘丘", QQ, When::NearId),
    ("企鹅号", "qq号", When::NearId),
    ("企鹅", QQ, When::NearId),
    ("鹅号", "qq号", When::NearId),
    ("q号", "qq号", When::NearId),
    ("qq", QQ, When::Always),
    ("q", QQ, When::Titled),
    ("扣", QQ, When::Titled),
    ("腾讯号", "qq号", When::NearId),
];

/// Words that ask to be contacted, just before a contact word.
const ADD: &[&str] = &["加", "加我", "联系", "咨询", "找", "扫", "十"];

/// Rewrites the contact words. Each written character of a rewritten word stands for all raw bytes of the spelling.
pub(super) fn fold_contact_words(kept: Vec<Kept>) -> Vec<Kept> {
    let mut out: Vec<Kept> = Vec::with_capacity(kept.len());
    let mut i = 0;
    while i < kept.len() {
        let found = may_start(kept[i].ch).then(|| spelling_at(&kept, i)).flatten();
        let Some((len, meant)) = found else {
            out.push(kept[i]);
            i += 1;
            continue;
        };
        let (start, end, gap) = (kept[i].start, kept[i + len - 1].end, kept[i].gap);
        out.extend(meant.chars().enumerate().map(|(n, ch)| Kept { ch, start, end, gap: if n == 0 { gap } else { Gap::None } }));
        i += len;
    }
    out
}

fn may_start(c: char) -> bool {
    matches!(
        c,
        'v' | 'w'
            | 'q'
            | '微'
            | '薇'
            | '徽'
            | '葳'
            | '崴'
            | '威'
            | '嵗'
            | '维'
            | '唯'
            | '卫'
            | '魏'
            | '味'
            | '胃'
            | '喂'
            | '危'
            | '围'
            | '尾'
            | '扣'
            | '抠'
            | '蔻'
            | '叩'
            | '寇'
            | '筘'
            | '球'
            | '秋'
            | '丘'
            | '企'
            | '鹅'
            | '腾'
    )
}

fn spelling_at(kept: &[Kept], at: usize) -> Option<(usize, &'static str)> {
    SPELLINGS.iter().find_map(|(written, meant, when)| {
        let len = matches_at(kept, at, written)?;
        holds(kept, at, len, *when).then_some((len, *meant))
    })
}

fn matches_at(kept: &[Kept], at: usize, written: &str) -> Option<usize> {
    let mut len = 0;
    for c in written.chars() {
        if kept.get(at + len)?.ch != c {
            return None;
        }
        len += 1;
    }
    Some(len)
}

fn holds(kept: &[Kept], at: usize, len: usize, when: When) -> bool {
    let after = at + len;
    match when {
        When::Always => true,
        When::Alone => {
            let word = alone_left(kept, at) && kept.get(after).is_none_or(|k| k.gap != Gap::None);
            word || added(kept, at) || id_follows(kept, after) || ["同", "号", "咨询", "联系"].iter().any(|w| touches_after(kept, after, w))
        }
        When::Word => free_left(kept, at) && (free_right(kept, after) || added(kept, at)),
        When::NearId => added(kept, at) || id_follows(kept, after),
        When::Titled => {
            let word = !kept[at].ch.is_ascii_lowercase() || free_left(kept, at);
            let colon = kept.get(after).is_some_and(|k| k.gap == Gap::Colon) || (added(kept, at) && !touches_latin(kept, after));
            word && colon && id_follows(kept, after) && (!matches!(kept[at].ch, 'q' | '扣') || digits_follow(kept, after))
        }
        When::AfterAdd => added(kept, at) && (free_right(kept, after) || kept[at].ch != 'v') && id_or_gap(kept, after),
    }
}

/// Does it begin a phrase: first of all, after punctuation, after a number, or after 电话 and 手机?
fn alone_left(kept: &[Kept], at: usize) -> bool {
    at == 0 || kept[at].gap != Gap::None || kept[at - 1].ch.is_ascii_alphanumeric() || matches!(kept[at - 1].ch, '话' | '机')
}
fn touches_after(kept: &[Kept], after: usize, word: &str) -> bool {
    kept.get(after).is_some_and(|k| k.gap == Gap::None) && matches_at(kept, after, word).is_some()
}
fn touches_latin(kept: &[Kept], after: usize) -> bool {
    kept.get(after).is_some_and(|k| k.gap == Gap::None && k.ch.is_ascii_lowercase())
}
/// Do only digits follow, as in a QQ number?
fn digits_follow(kept: &[Kept], after: usize) -> bool {
    kept[after.min(kept.len())..].iter().take(5).all(|k| k.ch.is_ascii_digit())
}
fn free_left(kept: &[Kept], at: usize) -> bool {
    at == 0 || kept[at].gap != Gap::None || !kept[at - 1].ch.is_ascii_lowercase()
}
fn free_right(kept: &[Kept], after: usize) -> bool {
    kept.get(after).is_none_or(|k| k.gap != Gap::None || !k.ch.is_ascii_lowercase())
}
fn added(kept: &[Kept], at: usize) -> bool {
    kept[at].gap == Gap::Plus
        || ADD.iter().any(|w| {
            let len = w.chars().count();
            at >= len && matches_at(kept, at - len, w).is_some()
        })
}
/// A number or id of five characters or more, perhaps after 号 or 是.
fn id_follows(kept: &[Kept], after: usize) -> bool {
    let skip = kept[after.min(kept.len())..].iter().take(2).take_while(|k| matches!(k.ch, '号' | '是' | '为' | '码')).count();
    let run = kept[(after + skip).min(kept.len())..].iter().take(5).take_while(|k| k.ch.is_ascii_alphanumeric()).count();
    run >= 5
}
fn id_or_gap(kept: &[Kept], after: usize) -> bool {
    kept.get(after)
        .is_none_or(|k| k.gap != Gap::None || k.ch.is_ascii_alphanumeric() || matches!(k.ch, '号' | '同' | '信' | '聊' | '咨' | '了'))
}
