//! Which encoding a body is in. Order: byte order mark, HTTP header, `<meta>`, then a guess from at most 32 KiB; but a
//! declaration that the bytes contradict is passed over, and said so. gb2312 and gbk are read as GB 18030, their superset.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use memchr::memmem;

/// Bytes searched for a `<meta>` declaration. Browsers look at 1,024; pages with a long comment before it exist.
const META_BYTES: usize = 4 << 10;
/// Bytes given to the guesser, from the first that is not ASCII.
const GUESS_BYTES: usize = 32 << 10;
/// So many multi-byte characters that are valid UTF-8 are not there by chance.
const SURE_UTF8: usize = 4;

/// A decoded body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    /// The text; bytes that the encoding does not know are U+FFFD.
    pub(super) text: String,
    /// WHATWG name, lower case.
    pub(super) charset: String,
    /// `bom`, `http`, `meta`, `guessed`.
    pub(super) from: &'static str,
    /// What was odd.
    pub(super) notes: Vec<String>,
}

#[derive(Clone, Copy)]
struct Claim {
    encoding: &'static Encoding,
    from: &'static str,
}

/// Decodes `body`. `content_type` is the HTTP header, where one came. Never fails: the worst is text with U+FFFD in it.
pub(super) fn decode(body: &[u8], content_type: Option<&str>) -> Decoded {
    if let Some((encoding, len)) = Encoding::for_bom(body) {
        return finish(&body[len..], Claim { encoding: wide(encoding), from: "bom" }, Vec::new());
    }
    let http = content_type.and_then(charset_param).and_then(for_label).map(|encoding| Claim { encoding, from: "http" });
    let meta = meta_charset(body).map(|encoding| Claim { encoding, from: "meta" });
    if let Some(encoding) = without_bom_utf16(body) {
        return finish(body, Claim { encoding, from: "guessed" }, Vec::new());
    }
    if body.is_ascii() {
        let claim = http.or(meta).unwrap_or(Claim { encoding: UTF_8, from: "guessed" });
        return finish(body, claim, Vec::new());
    }
    let claim = choose(body, http, meta);
    let notes = [http, meta].into_iter().flatten().filter(|c| c.encoding != claim.encoding).map(|c| disagreement(&c, &claim)).collect();
    finish(body, claim, notes)
}

fn disagreement(said: &Claim, used: &Claim) -> String {
    format!("{} says {}, but the bytes read as {}", said.from, name(said.encoding), name(used.encoding))
}

fn choose(body: &[u8], http: Option<Claim>, meta: Option<Claim>) -> Claim {
    let claims: Vec<Claim> = [http, meta].into_iter().flatten().collect();
    let claimed = |encoding: &'static Encoding| claims.iter().find(|c| c.encoding == encoding).copied();
    if utf8_characters(body).is_some_and(|n| n >= SURE_UTF8 || claimed(UTF_8).is_some()) {
        return claimed(UTF_8).unwrap_or(Claim { encoding: UTF_8, from: "guessed" });
    }
    // One declaration that fits needs no guess, unless it is of the single-byte kind that fits any bytes.
    let agree = claims.iter().all(|c| c.encoding == claims[0].encoding);
    if let Some(first) = claims.first().filter(|c| agree && !c.encoding.is_single_byte() && errors(body, c.encoding) == 0) {
        return *first;
    }
    let guessed = Claim { encoding: guess(body), from: "guessed" };
    let fits = |c: &&Claim| errors(body, c.encoding) == 0 && !(c.encoding.is_single_byte() && is_chinese(guessed.encoding));
    let fitting: Vec<&Claim> = claims.iter().filter(fits).collect();
    if let Some(agreed) = fitting.iter().find(|c| c.encoding == guessed.encoding) {
        return **agreed;
    }
    if let Some(first) = fitting.first() {
        return **first;
    }
    claims.into_iter().chain([guessed]).min_by_key(|c| (errors(body, c.encoding), c.encoding.is_single_byte())).unwrap_or(guessed)
}

fn is_chinese(encoding: &'static Encoding) -> bool {
    encoding == GB18030 || encoding == BIG5
}

fn finish(body: &[u8], claim: Claim, notes: Vec<String>) -> Decoded {
    let (text, _) = claim.encoding.decode_without_bom_handling(body);
    let text = text.replace('\0', "\u{FFFD}");
    Decoded { text, charset: name(claim.encoding), from: claim.from, notes }
}

fn name(encoding: &'static Encoding) -> String {
    encoding.name().to_ascii_lowercase()
}

/// gb2312 and gbk become GB 18030; an encoding that can hide markup from us becomes windows-1252.
fn wide(encoding: &'static Encoding) -> &'static Encoding {
    match encoding.name() {
        "GBK" => GB18030,
        "replacement" | "ISO-2022-JP" | "x-user-defined" => WINDOWS_1252,
        _ => encoding,
    }
}
fn for_label(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.trim().as_bytes()).map(wide)
}

/// `charset=` of a media type.
fn charset_param(content_type: &str) -> Option<&str> {
    let lower = content_type.to_ascii_lowercase();
    let at = lower.find("charset=")? + "charset=".len();
    let rest = content_type.get(at..)?.trim_start_matches(['"', '\'', ' ']);
    Some(rest.split(['"', '\'', ';', ' ', ',']).next().unwrap_or_default())
}

/// `<meta charset=...>` or `<meta http-equiv=content-type content="...charset=...">` in the first bytes, or an XML declaration.
fn meta_charset(body: &[u8]) -> Option<&'static Encoding> {
    let head = body[..body.len().min(META_BYTES)].to_ascii_lowercase();
    let mut from = 0;
    for _ in 0..64 {
        let at = from + memmem::find(&head[from..], b"<meta").or_else(|| memmem::find(&head[from..], b"<?xml"))?;
        let end = at + memchr::memchr(b'>', &head[at..])?;
        let tag = String::from_utf8_lossy(&head[at..end])
            .replace("encoding=", "charset=")
            .replace("charset =", "charset=")
            .replace("charset= ", "charset=");
        if let Some(encoding) = charset_param(&tag).and_then(for_label) {
            // The bytes of the declaration were read as ASCII, so it cannot be UTF-16.
            return Some(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding });
        }
        from = end;
    }
    None
}

/// Characters of more than one byte, if the body is valid UTF-8 (a character cut by the cap at its end is forgiven).
fn utf8_characters(body: &[u8]) -> Option<usize> {
    let valid = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => std::str::from_utf8(&body[..e.valid_up_to()]).unwrap_or_default(),
        Err(_) => return None,
    };
    Some(valid.chars().filter(|c| !c.is_ascii()).count())
}

/// How many places the encoding does not know. A character cut by the cap at the end is forgiven.
fn errors(body: &[u8], encoding: &'static Encoding) -> usize {
    let (text, had_errors) = encoding.decode_without_bom_handling(body);
    if !had_errors {
        return 0;
    }
    let inner = text.strip_suffix('\u{FFFD}').unwrap_or(&text);
    inner.matches('\u{FFFD}').count()
}

fn guess(body: &[u8]) -> &'static Encoding {
    let first = body.iter().position(|b| !b.is_ascii()).unwrap_or(0);
    let sample = &body[first..body.len().min(first + GUESS_BYTES)];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, sample.len() == body.len() - first);
    wide(detector.guess(None, Utf8Detection::Allow))
}

/// UTF-16 without a mark: nearly every second byte of its markup is zero.
fn without_bom_utf16(body: &[u8]) -> Option<&'static Encoding> {
    let sample = &body[..body.len().min(512)];
    let zeros = |odd: usize| sample.iter().enumerate().filter(|(i, b)| i % 2 == odd && **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let many = sample.len() / 5;
    match sample.len() {
        0..16 => None,
        _ if odd > many && even * 8 < odd => Some(UTF_16LE),
        _ if even > many && odd * 8 < even => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<title>特种作业操作证查询</title><p>请输入证件号码和姓名，点击查询按钮</p>";

    fn gbk(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }
    fn check(body: &[u8], http: Option<&str>, charset: &str, from: &str) -> Decoded {
        let decoded = decode(body, http);
        assert_eq!((decoded.charset.as_str(), decoded.from), (charset, from), "{http:?}");
        decoded
    }

    #[test]
    fn the_mark_the_header_the_meta_and_the_guess_come_in_this_order() {
        check(format!("\u{FEFF}{PAGE}").as_bytes(), Some("text/html; charset=gbk"), "utf-8", "bom");
        assert_eq!(check(&gbk(PAGE), Some("text/html;charset=\"GB2312\""), "gb18030", "http").text, PAGE);
        let with_meta = format!("<meta http-equiv=Content-Type content='text/html; charset=gbk'>{PAGE}");
        assert_eq!(check(&gbk(&with_meta), Some("text/html"), "gb18030", "meta").text, with_meta);
        assert_eq!(check(&gbk(PAGE), None, "gb18030", "guessed").text, PAGE);
        let big5 = "<p>特種作業操作證查詢,請輸入證件號碼和姓名,點擊查詢</p>";
        assert_eq!(check(&BIG5.encode(big5).0, None, "big5", "guessed").text, big5);
        assert_eq!(check(&BIG5.encode(big5).0, Some("text/html; charset=big5"), "big5", "http").text, big5);
    }

    #[test]
    fn a_declaration_that_the_bytes_contradict_is_passed_over_and_noted() {
        for http in ["text/html; charset=utf-8", "text/html; charset=iso-8859-1"] {
            let decoded = check(&gbk(PAGE), Some(http), "gb18030", "guessed");
            assert_eq!(decoded.text, PAGE);
            assert_eq!(decoded.notes.len(), 1, "{:?}", decoded.notes);
        }
        let lying = format!("<meta charset=utf-8>{PAGE}");
        assert_eq!(check(&gbk(&lying), Some("text/html; charset=gb2312"), "gb18030", "http").text, lying);
        assert_eq!(check(lying.as_bytes(), Some("text/html; charset=gbk"), "utf-8", "meta").text, lying);
        assert_eq!(check(PAGE.as_bytes(), Some("text/html; charset=big5"), "utf-8", "guessed").text, PAGE);
    }

    #[test]
    fn utf16_is_read_with_and_without_its_mark() {
        let wide: Vec<u8> = PAGE.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(check(&wide, None, "utf-16le", "guessed").text, PAGE);
        let marked: Vec<u8> = [0xFE, 0xFF].into_iter().chain(PAGE.encode_utf16().flat_map(u16::to_be_bytes)).collect();
        assert_eq!(check(&marked, Some("text/html; charset=gbk"), "utf-16be", "bom").text, PAGE);
    }

    #[test]
    fn a_character_cut_at_the_end_does_not_change_the_encoding() {
        let bytes = PAGE.replace("</p>", "").into_bytes();
        check(&bytes[..bytes.len() - 1], Some("text/html; charset=utf-8"), "utf-8", "http");
    }

    #[test]
    fn bytes_of_no_encoding_give_text_all_the_same() {
        let noise: Vec<u8> = (0..4096u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert!(!decode(&noise, Some("text/html; charset=nonsense")).text.is_empty());
        assert_eq!(decode(b"", None).text, "");
    }
}
