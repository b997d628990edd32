//! The pictures that a page names, for visits without a browser: few, small, in the page's order, through net like everything else.
//! Only where the page has little text of its own. What comes is kept beside the page.

use crate::capture::pictures::is_thin;
use crate::capture::variant::headers_from;
use crate::model::capture::Capture;
use crate::model::rendered::KeptFile;
use crate::net::Net;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::time::{Duration, Instant};
use url::Url;

const MAX_FETCHED: usize = 6;
/// Pictures that stand in the page itself.
const MAX_INLINE: usize = 4;
const MAX_FILE_BYTES: usize = 4 << 20;
const MAX_BYTES: usize = 12 << 20;
/// Nothing is begun later than this; one request has net's own cap.
const BEGIN_WITHIN: Duration = Duration::from_secs(12);

/// Fetches the pictures of a thin page and keeps them with the visit. A page with text, or without pictures, asks for nothing.
pub async fn fetch(capture: &mut Capture, net: &Net) {
    let Some(page) = capture.page.as_ref().filter(|p| is_thin(p)) else { return };
    let begun = Instant::now();
    let base = capture.final_url.as_deref().unwrap_or(&capture.requested_url);
    let mut kept: Vec<KeptFile> = inline(&page.html);
    let mut asked: Vec<Url> = Vec::new();
    for address in page.images.iter().filter_map(|i| Url::parse(&i.url).ok()) {
        let total: usize = kept.iter().map(|k| k.body.len()).sum();
        if asked.len() >= MAX_FETCHED || total >= MAX_BYTES || begun.elapsed() > BEGIN_WITHIN {
            break;
        }
        if !matches!(address.scheme(), "http" | "https") || asked.contains(&address) {
            continue;
        }
        let hops = net.visit(&address, &headers_from(&capture.variant, base)).await;
        asked.push(address.clone());
        let Some(last) = hops.last().filter(|h| h.trouble.is_none() && !h.body.is_empty()) else { continue };
        if last.body.len() > MAX_FILE_BYTES.min(MAX_BYTES - total) {
            continue;
        }
        if let Some(mut file) = picture(kept.len(), last.body.clone()) {
            (file.url, file.status) = (Some(address.to_string()), last.status);
            kept.push(file);
        }
    }
    capture.kept.extend(kept);
}

/// The `n`-th picture of a page as a file of the package, typed by its first bytes. `None`: no picture that is read here.
pub fn picture(n: usize, body: Vec<u8>) -> Option<KeptFile> {
    let format = image::guess_format(&body).ok()?;
    let mut file = KeptFile::made("", "页面图片", format.to_mime_type(), body);
    file.path = format!("res/{n:03}-{}.{}", &file.sha256.hex()[..8], format.extensions_str().first().unwrap_or(&"bin"));
    Some(file)
}

/// Pictures written into the page (`data:image/...;base64,...`).
fn inline(html: &str) -> Vec<KeptFile> {
    let mut kept: Vec<KeptFile> = Vec::new();
    let mut rest = html;
    while kept.len() < MAX_INLINE
        && let Some(at) = rest.find("data:image/")
    {
        rest = &rest[at + "data:image/".len()..];
        // The type is short; without `base64` it is a drawing in text, which no reader of pictures knows.
        let comma = rest.bytes().take(40).position(|b| b == b',');
        let Some((head, body)) = comma.map(|n| (&rest[..n], &rest[n + 1..])).filter(|(head, _)| head.ends_with(";base64")) else {
            continue;
        };
        let end = body.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='))).unwrap_or(body.len());
        if end / 4 * 3 <= MAX_FILE_BYTES
            && let Ok(bytes) = STANDARD.decode(&body[..end])
            && let Some(file) = picture(kept.len(), bytes)
        {
            kept.push(file);
        }
        rest = &rest[head.len()..];
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_in_the_page_are_kept_and_whatever_else_is_not() {
        let mut png = std::io::Cursor::new(Vec::new());
        image::DynamicImage::new_luma8(3, 2).write_to(&mut png, image::ImageFormat::Png).expect("a picture");
        let good = format!("data:image/png;base64,{}", STANDARD.encode(png.get_ref()));
        let kept =
            inline(&format!("<img src='data:image/svg+xml,<svg>'><img src=\"{good}\"><img src=data:image/png;base64,AAAA><img src={good}"));
        assert_eq!(kept.iter().map(|k| k.media_type.as_str()).collect::<Vec<_>>(), ["image/png", "image/png"]);
        assert!(kept.iter().all(|k| k.body == *png.get_ref()));
        assert!(inline("data:image/").is_empty() && inline(&"data:image/png;base64,".repeat(100_000)).is_empty());
        assert!(inline(&"data:image/".repeat(100_000)).is_empty());
    }
}
