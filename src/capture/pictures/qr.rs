//! QR codes in a picture, by a decoder in plain Rust. Large pictures are looked at smaller: the time for one picture is bounded.

use image::DynamicImage;
use image::imageops::FilterType;
use rxing::{BarcodeFormat, DecodeHints};

/// Longest side at which codes are looked for.
const SIDE: u32 = 1_600;
/// Longest text that a code may hold (version 40 holds 2,953 bytes).
const MAX_TEXT: usize = 3_000;

/// Texts of the codes found, each once, at most 8.
pub(super) fn read(image: &DynamicImage) -> Vec<String> {
    if image.width() < 40 || image.height() < 40 {
        return Vec::new();
    }
    let image = if image.width().max(image.height()) > SIDE { image.resize(SIDE, SIDE, FilterType::Triangle) } else { image.clone() };
    let gray = image.to_luma8();
    let (width, height) = gray.dimensions();
    let mut hints = DecodeHints {
        TryHarder: Some(true),
        AlsoInverted: Some(true),
        PossibleFormats: Some([BarcodeFormat::QR_CODE].into()),
        ..DecodeHints::default()
    };
    let found = rxing::helpers::detect_in_luma_with_hints(gray.into_raw(), width, height, Some(BarcodeFormat::QR_CODE), &mut hints).ok();
    let mut texts: Vec<String> = Vec::new();
    for text in found.iter().map(|r| r.getText().to_owned()).filter(|t| !t.is_empty() && t.len() <= MAX_TEXT) {
        if texts.len() < 8 && !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}
