//! Pictures: what screenshots and icons say: how they look (hashes), which QR codes they hold, which text (OCR). Every picture is hostile:
//! its size is read and refused before it is decoded. In: the files that a visit kept. Out: facts.

mod look;
mod ocr;
mod qr;

use crate::model::capture::Capture;
use crate::model::dossier::{Facts, Look};
use crate::model::page::Link;
use image::{DynamicImage, ImageReader, Limits};
use std::io::Cursor;

/// Widest and tallest picture that is decoded.
const MAX_SIDE: u32 = 12_000;
/// Memory that decoding one picture may take.
const MAX_ALLOC: u64 = 256 << 20;
/// Visible characters below which pictures may hold what the text does not.
const THIN: usize = 200;
/// Pictures of a page in which QR codes are looked for, screenshots besides.
const MAX_PICTURES: usize = 12;
/// The side to which a photo is brought before its text is read.
const PHOTO_SIDE: u32 = 2_000;
/// Text of a link that was read from a QR code.
pub const QR_LINK: &str = "二维码";

/// A picture decoded within bounds. `None`: no picture that we read, or too large.
fn decode(bytes: &[u8]) -> Option<DynamicImage> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height, limits.max_alloc) = (Some(MAX_SIDE), Some(MAX_SIDE), Some(MAX_ALLOC));
    reader.limits(limits);
    reader.decode().ok()
}

/// The text in a photo that a person sent in, lines without blanks between Chinese characters. `None`: nobody could look (no program, no picture).
pub async fn photo_text(bytes: &[u8]) -> Option<String> {
    let photo = decode(bytes)?;
    let mut small = Cursor::new(Vec::new());
    let photo = if photo.width().max(photo.height()) > PHOTO_SIDE { photo.thumbnail(PHOTO_SIDE, PHOTO_SIDE) } else { photo };
    photo.write_to(&mut small, image::ImageFormat::Png).ok()?;
    ocr::read(small.get_ref()).await
}

/// What the pictures of rendered visits say. Text is read only where the page has little of its own.
pub async fn seen(rendered: &[Capture]) -> Facts {
    let looks = rendered.iter().flat_map(looks).fold(Vec::new(), |mut all: Vec<Look>, look| {
        if !all.contains(&look) {
            all.push(look);
        }
        all
    });
    let mut texts: Vec<String> = Vec::new();
    let mut looked = false;
    for capture in rendered.iter().filter(|c| is_thin(c)) {
        let Some(shot) =
            capture.kept.iter().find(|k| k.path == "full.png").or_else(|| capture.kept.iter().find(|k| k.path == "viewport.png"))
        else {
            continue;
        };
        if let Some(text) = ocr::read(&shot.body).await {
            looked = true;
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    Facts { looks: (!rendered.is_empty()).then_some(looks), seen_text: looked.then(|| texts.join("\n")), ..Facts::default() }
}

fn is_thin(capture: &Capture) -> bool {
    capture.page.as_ref().is_some_and(|p| p.text.chars().filter(|c| !c.is_whitespace()).count() < THIN)
}

fn looks(capture: &Capture) -> Vec<Look> {
    let of = |kind: &str, bytes: &[u8]| decode(bytes).map(|image| Look { kind: kind.into(), hash: look::difference_hash(&image) });
    let shot = capture.kept.iter().find(|k| k.path == "viewport.png").and_then(|k| of("screenshot", &k.body));
    let icon = capture.kept.iter().find(|k| k.url.as_deref().is_some_and(is_icon)).and_then(|k| of("favicon", &k.body));
    shot.into_iter().chain(icon).collect()
}

fn is_icon(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.ends_with(".ico") || path.contains("favicon")
}

/// Adds to a rendered page the addresses in its QR codes, and what asset engines call its icon.
pub(super) fn read_into(capture: &mut Capture) {
    let Some(page) = &mut capture.page else { return };
    let shots = capture.kept.iter().filter(|k| k.path == "full.png" || k.path == "viewport.png");
    let images = capture.kept.iter().filter(|k| k.path.starts_with("res/") && k.media_type.starts_with("image/") && k.bytes > 100);
    for kept in shots.chain(images.take(MAX_PICTURES)) {
        let Some(image) = decode(&kept.body) else { continue };
        for text in qr::read(&image) {
            page.notes.push(format!("QR code in {}: {}", kept.path, text.chars().take(300).collect::<String>()));
            let link = Link { url: text, text: QR_LINK.into() };
            if link.url.starts_with("http") && !page.links.contains(&link) {
                page.links.push(link);
            }
        }
    }
    if let Some(icon) = capture.kept.iter().find(|k| k.url.as_deref().is_some_and(is_icon) && k.status == Some(200)) {
        page.notes.push(format!("favicon mmh3 {} md5 {}", look::icon_mmh3(&icon.body), look::icon_md5(&icon.body)));
    }
    page.notes.sort();
    page.notes.dedup();
}
