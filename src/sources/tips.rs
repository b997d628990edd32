//! What people report: a photo with QR codes, a table from the hot line. In: bytes. Out: the texts of the codes; the rows of the table. Pure.
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
/// Rows of one table.
const MAX_ROWS: usize = 100_000;

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

/// One row of a table of reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The address as written.
    pub url: String,
    /// Who reported it. Empty: the table does not say.
    pub by: String,
    /// What they said. Empty: nothing.
    pub note: String,
}

const URL_HEADS: [&str; 8] = ["网址", "网站地址", "链接", "网站", "被举报网址", "域名", "url", "link"];
const BY_HEADS: [&str; 6] = ["举报人", "来源", "举报渠道", "工单号", "by", "reporter"];
const NOTE_HEADS: [&str; 7] = ["举报内容", "内容", "说明", "备注", "描述", "note", "text"];

/// Reads a table (CSV in UTF-8 or GB18030, with a heading line) as the hot line 12350 exports it. Rows without an address are left out
/// and counted.
///
/// # Errors
/// No column is headed as one of addresses, or it is no table.
pub fn table(bytes: &[u8]) -> Result<(Vec<Report>, usize), String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030.decode(bytes).0.into_owned(),
    };
    let text = text.trim_start_matches('\u{feff}');
    let delimiter = if text.lines().next().is_some_and(|l| l.contains('\t') && !l.contains(',')) { b'\t' } else { b',' };
    let mut rows = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let heads: Vec<String> = rows.headers().map_err(|e| e.to_string())?.iter().map(|h| h.trim().to_lowercase()).collect();
    let column = |names: &[&str]| names.iter().find_map(|n| heads.iter().position(|h| h == n));
    let Some(at) = column(&URL_HEADS) else {
        return Err(format!("no column is headed {}; the headings are: {}", URL_HEADS.join(", "), heads.join(", ")));
    };
    let (by, note) = (column(&BY_HEADS), column(&NOTE_HEADS));
    let (mut reports, mut without) = (Vec::new(), 0);
    for row in rows.records().take(MAX_ROWS) {
        let row = row.map_err(|e| e.to_string())?;
        let field = |n: Option<usize>| n.and_then(|n| row.get(n)).unwrap_or_default().trim().chars().take(2_000).collect::<String>();
        let url = field(Some(at));
        if url.is_empty() {
            without += 1;
            continue;
        }
        reports.push(Report { url, by: field(by), note: field(note) });
    }
    Ok((reports, without))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_the_hot_line_is_read_in_both_encodings() {
        let text = "工单号,网址,举报内容\n1001,http://cx-mem.top/,\"先收钱,再发证\"\n1002,,没有网址\n1003,b.top,\n";
        let want = [("http://cx-mem.top/", "1001", "先收钱,再发证"), ("b.top", "1003", "")];
        for bytes in [text.as_bytes().to_vec(), format!("\u{feff}{text}").into_bytes(), encoding_rs::GB18030.encode(text).0.into_owned()] {
            let (reports, without) = table(&bytes).expect("a table");
            let got: Vec<_> = reports.iter().map(|r| (r.url.as_str(), r.by.as_str(), r.note.as_str())).collect();
            assert_eq!((got.as_slice(), without), (want.as_slice(), 1));
        }
        assert!(table("甲,乙\n1,2\n".as_bytes()).expect_err("no addresses").contains("网址"));
    }

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
