//! What kind of thing a body is: a page, plain text, or something that no visitor reads as a page.
//! First bytes win over the header, because fakes serve downloads as text/html and the reverse.

/// What to do with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// HTML, or something that a browser would show as HTML.
    Html,
    /// Plain text, JSON, scripts: text only.
    Plain,
    /// No page; the media type as sniffed or declared.
    Other(String),
}

const MAGIC: [(&[u8], &str); 18] = [
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xFF\xD8\xFF", "image/jpeg"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-executable"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xBC\xAF\x27\x1C", "application/x-7z-compressed"),
    (b"ID3", "audio/mpeg"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "application/x-ole-storage"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"OggS", "application/ogg"),
];

/// Judges a body by its first bytes and the declared type.
pub(super) fn media(body: &[u8], content_type: Option<&str>) -> Media {
    let declared = content_type.and_then(|c| c.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    if body.iter().all(u8::is_ascii_whitespace) {
        return Media::Other(if declared.is_empty() { "empty body".into() } else { format!("{declared} (empty body)") });
    }
    if let Some(sniffed) = sniff(body) {
        return Media::Other(sniffed.to_owned());
    }
    match declared.as_str() {
        "text/html" | "application/xhtml+xml" | "application/vnd.wap.xhtml+xml" | "text/xml" | "application/xml" => Media::Html,
        "" | "unknown/unknown" | "application/unknown" | "*/*" if looks_like_json(body) => Media::Plain,
        "" | "unknown/unknown" | "application/unknown" | "*/*" if is_binary(body) => Media::Other("application/octet-stream".into()),
        "" | "unknown/unknown" | "application/unknown" | "*/*" => Media::Html,
        "application/json" | "application/javascript" | "application/x-javascript" | "application/ld+json" => Media::Plain,
        text if text.starts_with("text/") && !is_binary(body) => Media::Plain,
        // A type that is no type at all ("html", "utf-8"): browsers sniff.
        odd if !odd.contains('/') && !is_binary(body) => Media::Html,
        _ => Media::Other(declared),
    }
}

fn sniff(body: &[u8]) -> Option<&'static str> {
    if let Some((_, media)) = MAGIC.iter().find(|(magic, _)| body.starts_with(magic)) {
        // Two letters prove little: a text may begin with "MZ".
        return Some(*media).filter(|m| *m != "application/x-msdownload" || is_binary(body));
    }
    match body {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("video/mp4"),
        _ => None,
    }
}
fn looks_like_json(body: &[u8]) -> bool {
    matches!(body.iter().find(|b| !b.is_ascii_whitespace()), Some(b'{' | b'['))
}
/// Control bytes that no text has; UTF-16 has zeros, but in every second place only.
fn is_binary(body: &[u8]) -> bool {
    let sample = &body[..body.len().min(1024)];
    let control = sample.iter().filter(|b| matches!(b, 1..=8 | 14..=26 | 28..=31)).count();
    let (even, odd) = sample.chunks(2).fold((0, 0), |(e, o), c| (e + usize::from(c[0] == 0), o + usize::from(c.get(1) == Some(&0))));
    control * 50 > sample.len() || (even > 4 && odd > 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_win_over_the_header() {
        assert_eq!(media(b"%PDF-1.7 ...", Some("text/html")), Media::Other("application/pdf".into()));
        assert_eq!(media(b"PK\x03\x04 apk", Some("text/html; charset=utf-8")), Media::Other("application/zip".into()));
        assert_eq!(media(b"MZ is how this text begins", Some("text/html")), Media::Html);
    }

    #[test]
    fn the_declared_type_decides_where_the_bytes_do_not() {
        assert_eq!(media(b"<html>", Some("Text/HTML; charset=gbk")), Media::Html);
        assert_eq!(media(b"<html>", None), Media::Html);
        assert_eq!(media(b"{\"a\":1}", None), Media::Plain);
        assert_eq!(media(b"{\"a\":1}", Some("application/json")), Media::Plain);
        assert_eq!(media(b"<html>", Some("application/octet-stream")), Media::Other("application/octet-stream".into()));
        assert_eq!(media(b" \r\n ", Some("text/html")), Media::Other("text/html (empty body)".into()));
        assert_eq!(media(b"", None), Media::Other("empty body".into()));
        let wide: Vec<u8> = "<html>页</html>".repeat(9).encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(media(&wide, None), Media::Html);
    }
}
