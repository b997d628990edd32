//! What people report as a photo: the QR codes in it. In: bytes. Out: the texts of the codes. Pure.
//! Photos are tilted, dark, blurred; each is looked at in several ways until a code is read. A picture that claims to be huge is not unpacked.

use image::{GrayImage, ImageReader, Limits, imageops};
use rxing::common::HybridBinarizer;
use rxing::multi::MultipleBarcodeReader as _;
use rxing::multi::qrcode::QRCodeMultiReader;
use rxing::{BarcodeFormat, BinaryBitmap, DecodeHints, Luma8LuminanceSource};
use std::collections::BTreeSet;
use std::io::Cursor;

/// Widest and highest picture that is unpacked.
const MAX_SIDE: u32 = 12_000;
const MAX_UNPACKED_BYTES: u64 = 512 << 20;
/// The side to which large photos are brought first: codes are read there best and soonest.
const SIDE: u32 = 1_000;
const MAX_CODES: usize = 32;
const MAX_TEXT_CHARS: usize = 4_096;

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
    for view in [View::Plain, View::Stretched, View::Local, View::Sharpened, View::Half] {
        look(&seen(&small, view), &mut found);
        if !found.is_empty() {
            break;
        }
    }
    if found.is_empty() && photo.width().max(photo.height()) > SIDE {
        let large = fitted(&photo, 2 * SIDE);
        for view in [View::Plain, View::Local] {
            look(&seen(&large, view), &mut found);
        }
    }
    Ok(found.into_iter().take(MAX_CODES).collect())
}

#[derive(Clone, Copy)]
enum View {
    Plain,
    /// Darkest to black, lightest to white.
    Stretched,
    /// Each spot against its surroundings: shadows and lamps do not matter.
    Local,
    Sharpened,
    /// Noise of the sensor goes with the size.
    Half,
}

fn fitted(photo: &GrayImage, side: u32) -> GrayImage {
    let longest = photo.width().max(photo.height());
    if longest <= side {
        return photo.clone();
    }
    let scaled = |n: u32| (u64::from(n) * u64::from(side) / u64::from(longest)).max(1) as u32;
    imageops::thumbnail(photo, scaled(photo.width()), scaled(photo.height()))
}

fn seen(photo: &GrayImage, view: View) -> GrayImage {
    match view {
        View::Plain => photo.clone(),
        View::Stretched => stretched(photo),
        View::Local => local(photo),
        View::Sharpened => imageops::unsharpen(&stretched(photo), 2.0, 1),
        View::Half => imageops::thumbnail(photo, (photo.width() / 2).max(1), (photo.height() / 2).max(1)),
    }
}

fn stretched(photo: &GrayImage) -> GrayImage {
    let mut counts = [0_u64; 256];
    photo.as_raw().iter().for_each(|p| counts[usize::from(*p)] += 1);
    let edge = photo.as_raw().len() as u64 / 100;
    let cut = |levels: Vec<usize>| {
        let mut sum = 0;
        levels.into_iter().find(|l| {
            sum += counts[*l];
            sum > edge
        })
    };
    let (low, high) = (cut((0..256).collect()).unwrap_or(0), cut((0..256).rev().collect()).unwrap_or(255));
    let width = high.saturating_sub(low).max(1);
    let level = |p: u8| u8::try_from((usize::from(p).saturating_sub(low) * 255 / width).min(255)).unwrap_or(u8::MAX);
    let mut out = photo.clone();
    out.iter_mut().for_each(|p| *p = level(*p));
    out
}

/// Black or white, by the mean around each pixel (an integral image makes that one pass).
fn local(photo: &GrayImage) -> GrayImage {
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
            let dark = u64::from(raw[y * width + x]) * area * 100 < sum * 93;
            out.as_mut()[y * width + x] = if dark { 0 } else { 255 };
        }
    }
    out
}

fn look(photo: &GrayImage, found: &mut BTreeSet<String>) {
    let hints = || DecodeHints {
        TryHarder: Some(true),
        AlsoInverted: Some(true),
        PossibleFormats: Some([BarcodeFormat::QR_CODE].into()),
        ..DecodeHints::default()
    };
    let (width, height, raw) = (photo.width(), photo.height(), photo.as_raw());
    let mut keep = |text: &str| {
        let text: String = text.trim().chars().take(MAX_TEXT_CHARS).collect();
        if !text.is_empty() && found.len() < MAX_CODES {
            found.insert(text);
        }
    };
    // The decoder is other people's code on hostile pictures: a panic there is a picture without a code.
    let several = std::panic::catch_unwind(|| {
        let source = Luma8LuminanceSource::new(raw.clone(), width, height)?;
        let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source));
        QRCodeMultiReader::new().decode_multiple_with_hints(&mut bitmap, &hints())
    });
    for code in several.ok().and_then(Result::ok).unwrap_or_default() {
        keep(code.getText());
    }
    let one = std::panic::catch_unwind(|| {
        rxing::helpers::detect_in_luma_with_hints(raw.clone(), width, height, Some(BarcodeFormat::QR_CODE), &mut hints())
    });
    if let Some(code) = one.ok().and_then(Result::ok) {
        keep(code.getText());
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
