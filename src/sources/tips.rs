//! What people report as a photo: the QR codes in it. In: bytes. Out: the texts of the codes. Pure.
//! Photos are tilted, dark, blurred, and hold several codes: each is looked at in several ways, and what any of them reads counts. A picture
//! that claims to be huge is not unpacked.

use image::{GrayImage, ImageReader, Limits, imageops};
use rxing::common::{GlobalHistogramBinarizer, HybridBinarizer};
use rxing::multi::MultipleBarcodeReader as _;
use rxing::qrcode::cpp_port::QrReader;
use rxing::{BarcodeFormat, Binarizer, BinaryBitmap, DecodeHints, Luma8LuminanceSource};
use std::collections::BTreeSet;
use std::io::Cursor;

/// Widest and highest picture that is unpacked.
const MAX_SIDE: u32 = 12_000;
const MAX_UNPACKED_BYTES: u64 = 512 << 20;
/// The side to which large photos are brought first: codes are read there best and soonest.
const SIDE: u32 = 1_200;
const MAX_CODES: usize = 32;
const MAX_TEXT_CHARS: usize = 4_096;

/// How much smaller a photo is looked at, as a share: noise of the sensor goes with the size.
type Size = (u32, u32);
const WHOLE: Size = (1, 1);
const SMALLER: Size = (3, 4);
const HALF: Size = (1, 2);

/// Ways that each read codes which the others do not, the cheap ones; every photo is looked at in all of them, as it may hold several codes.
const VIEWS: [View; 4] = [
    View { size: SMALLER, ink: Ink::Blocks },
    View { size: HALF, ink: Ink::Around(95) },
    View { size: WHOLE, ink: Ink::Blocks },
    View { size: WHOLE, ink: Ink::Around(85) },
];
/// The same for photos in which those find nothing.
const MORE: [View; 4] = [
    View { size: SMALLER, ink: Ink::Around(93) },
    View { size: HALF, ink: Ink::Blocks },
    View { size: SMALLER, ink: Ink::Inverted },
    View { size: WHOLE, ink: Ink::Sharpened },
];

/// The texts of all QR codes of a picture (PNG, JPEG, WebP, GIF, BMP), each once.
///
/// # Errors
/// It is no picture of these kinds, damaged, or too large.
pub fn codes(picture: &[u8]) -> Result<Vec<String>, String> {
    let mut reader = ImageReader::new(Cursor::new(picture)).with_guessed_format().map_err(|e| e.to_string())?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    limits.max_alloc = Some(MAX_UNPACKED_BYTES);
    reader.limits(limits);
    let photo = reader.decode().map_err(|e| format!("the picture cannot be read: {e}"))?.into_luma8();
    let mut found = BTreeSet::new();
    let small = fitted(&photo, SIDE);
    VIEWS.iter().for_each(|view| view.look(&small, &mut found));
    if found.is_empty() {
        MORE.iter().for_each(|view| view.look(&small, &mut found));
    }
    if found.is_empty() && photo.width().max(photo.height()) > SIDE {
        let large = fitted(&photo, 2 * SIDE);
        [Ink::Blocks, Ink::Around(93)].into_iter().for_each(|ink| View { size: WHOLE, ink }.look(&large, &mut found));
    }
    Ok(found.into_iter().take(MAX_CODES).collect())
}

/// One way to look at a photo.
#[derive(Clone, Copy)]
struct View {
    size: Size,
    ink: Ink,
}

/// What counts as black.
#[derive(Clone, Copy)]
enum Ink {
    /// By the darkness of small blocks.
    Blocks,
    /// What is darker than so many percent of its surroundings: shadows and lamps do not matter.
    Around(u64),
    /// White codes on black, by blocks.
    Inverted,
    /// The same as around, after edges were made stronger.
    Sharpened,
}

impl View {
    fn look(self, photo: &GrayImage, found: &mut BTreeSet<String>) {
        let (part, whole) = self.size;
        let scaled = |n: u32| (n * part / whole).max(1);
        let mut seen =
            if part == whole { photo.clone() } else { imageops::thumbnail(photo, scaled(photo.width()), scaled(photo.height())) };
        let source = |seen: GrayImage| {
            let (width, height) = seen.dimensions();
            Luma8LuminanceSource::new(seen.into_raw(), width, height).ok()
        };
        match self.ink {
            Ink::Blocks => read(source(seen).map(HybridBinarizer::new), found),
            Ink::Inverted => {
                imageops::invert(&mut seen);
                read(source(seen).map(HybridBinarizer::new), found);
            }
            Ink::Around(percent) => read(source(around(&seen, percent)).map(GlobalHistogramBinarizer::new), found),
            Ink::Sharpened => {
                let sharp = around(&imageops::unsharpen(&seen, 2.0, 1), 93);
                read(source(sharp).map(GlobalHistogramBinarizer::new), found);
            }
        }
    }
}

fn fitted(photo: &GrayImage, side: u32) -> GrayImage {
    let longest = photo.width().max(photo.height());
    if longest <= side {
        return photo.clone();
    }
    let scaled = |n: u32| (u64::from(n) * u64::from(side) / u64::from(longest)).max(1) as u32;
    imageops::thumbnail(photo, scaled(photo.width()), scaled(photo.height()))
}

/// Black or white, by the mean around each pixel (an integral image makes that one pass).
fn around(photo: &GrayImage, percent: u64) -> GrayImage {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    let raw = photo.as_raw();
    let mut sums = vec![0_u64; (width + 1) * (height + 1)];
    for y in 0..height {
        let mut row = 0;
        for x in 0..width {
            row += u64::from(raw[y * width + x]);
            sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
        }
    }
    let radius = (width.max(height) / 24).max(8);
    let mut out = photo.clone();
    for y in 0..height {
        let (top, bottom) = (y.saturating_sub(radius), (y + radius + 1).min(height));
        for x in 0..width {
            let (left, right) = (x.saturating_sub(radius), (x + radius + 1).min(width));
            let at = |y: usize, x: usize| sums[y * (width + 1) + x];
            let sum = at(bottom, right) + at(top, left) - at(top, right) - at(bottom, left);
            let area = ((bottom - top) * (right - left)) as u64;
            let dark = u64::from(raw[y * width + x]) * area * 100 < sum * percent;
            out.as_mut()[y * width + x] = if dark { 0 } else { 255 };
        }
    }
    out
}

fn read(ink: Option<impl Binarizer>, found: &mut BTreeSet<String>) {
    let hints = DecodeHints { TryHarder: Some(true), PossibleFormats: Some([BarcodeFormat::QR_CODE].into()), ..DecodeHints::default() };
    // The decoder is other people's code on hostile pictures: a panic there is a picture without a code.
    let codes = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        ink.and_then(|ink| QrReader.decode_multiple_with_hints(&mut BinaryBitmap::new(ink), &hints).ok())
    }));
    for code in codes.ok().flatten().unwrap_or_default() {
        let text: String = code.getText().trim().chars().take(MAX_TEXT_CHARS).collect();
        if !text.is_empty() && found.len() < MAX_CODES {
            found.insert(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_told_and_never_panics() {
        for bytes in [&b""[..], b"hello", b"\x89PNG\r\n\x1a\n", b"GIF89a\xff\xff\xff\xff", b"\xff\xd8\xff\xe0"] {
            assert!(codes(bytes).is_err(), "{bytes:?}");
        }
        let mut blank = Vec::new();
        GrayImage::new(40, 40).write_to(&mut Cursor::new(&mut blank), image::ImageFormat::Png).expect("memory");
        assert_eq!(codes(&blank), Ok(Vec::new()));
    }
}
