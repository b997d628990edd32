//! Pictures of the corpus: a page, a poster, a scanned notice, drawn from a few lines of words. Real letters of the installed CJK fonts, so that
//! a recogniser meets what it meets outside. One line each; colours are six hexadecimal digits:
//! `page WIDTH COLOUR`; `band COLOUR LETTERS SIZE FACE ALIGN | text`; `line LETTERS SIZE FACE ALIGN | text`; `field LETTERS SIZE | label | hint`;
//! `buttons COLOUR SIZE | text | ...`; `code SIDE | text of a QR code`; `noise N` (specks); `gap N`. FACE: `sans bold serif heavy`. ALIGN: `left centre`.

use super::dice::Dice;
use ab_glyph::{Font as _, FontVec, PxScale, ScaleFont as _, point};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use std::io::Cursor;
use std::sync::LazyLock;

/// Regular and bold, sans and serif, each the Simplified Chinese face of its collection.
static FACES: LazyLock<Result<Vec<FontVec>, String>> = LazyLock::new(|| {
    let files = ["NotoSansCJK-Regular", "NotoSansCJK-Bold", "NotoSerifCJK-Regular", "NotoSerifCJK-Bold"];
    let read = |name: &str| {
        let path = format!("/usr/share/fonts/opentype/noto/{name}.ttc");
        let bytes = std::fs::read(&path).map_err(|e| format!("{path}: {e}"))?;
        FontVec::try_from_vec_and_index(bytes, 2).map_err(|e| format!("{path}: {e}"))
    };
    files.into_iter().map(read).collect()
});

/// A picture under way.
struct Canvas {
    image: RgbImage,
    top: u32,
}

/// How letters look.
#[derive(Clone, Copy)]
struct Letters {
    colour: Rgb<u8>,
    size: u32,
    face: usize,
    centre: bool,
}

/// The picture that these lines draw, as `jpg` or `png`.
///
/// # Errors
/// One line: a word that is not understood, fonts that are not installed.
pub(crate) fn paint(lines: &str, format: &str, dice: &mut Dice) -> Result<Vec<u8>, String> {
    let mut canvas = Canvas { image: RgbImage::new(1, 1), top: 0 };
    for line in lines.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (head, text) = line.split_once('|').map_or((line, ""), |(h, t)| (h.trim(), t.trim()));
        let words: Vec<&str> = head.split_whitespace().collect();
        let wrong = || format!("a picture's line is not understood: `{line}`");
        let number = |n: usize| words.get(n).and_then(|w| w.parse::<u32>().ok()).ok_or_else(wrong);
        let colour = |n: usize| words.get(n).and_then(|w| hex(w)).ok_or_else(wrong);
        match words.first().copied().unwrap_or_default() {
            "page" => canvas.image = RgbImage::from_pixel(number(1)?, 4_000, colour(2)?),
            "band" => canvas.band(colour(1)?, letters(&words[2..]).ok_or_else(wrong)?, text)?,
            "line" => canvas.line(letters(&words[1..]).ok_or_else(wrong)?, text)?,
            "field" => canvas.field(Letters { colour: colour(1)?, size: number(2)?, face: 0, centre: false }, text)?,
            "buttons" => canvas.buttons(colour(1)?, number(2)?, text)?,
            "code" => canvas.code(number(1)?, text)?,
            "noise" => canvas.noise(number(1)?, dice),
            "gap" => canvas.top += number(1)?,
            _ => return Err(wrong()),
        }
        if canvas.top > 3_900 {
            return Err("a picture is taller than 3,900 pixels".into());
        }
    }
    let (width, height) = (canvas.image.width(), canvas.top + 20);
    let image = DynamicImage::ImageRgb8(canvas.image).crop_imm(0, 0, width, height);
    let mut bytes = Cursor::new(Vec::new());
    let packed = match format {
        "jpg" => image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, u8::try_from(dice.between(55, 90)).unwrap_or(75))),
        _ => image.write_to(&mut bytes, ImageFormat::Png),
    };
    packed.map_err(|e| e.to_string())?;
    Ok(bytes.into_inner())
}

fn hex(word: &str) -> Option<Rgb<u8>> {
    let n = u32::from_str_radix(word, 16).ok().filter(|_| word.len() == 6)?;
    let [_, r, g, b] = n.to_be_bytes();
    Some(Rgb([r, g, b]))
}

/// `COLOUR SIZE FACE ALIGN`.
fn letters(words: &[&str]) -> Option<Letters> {
    let [colour, size, face, align] = words else { return None };
    let face = ["sans", "bold", "serif", "heavy"].iter().position(|f| f == face)?;
    Some(Letters { colour: hex(colour)?, size: size.parse().ok()?, face, centre: *align == "centre" })
}

impl Canvas {
    fn fill(&mut self, left: u32, top: u32, width: u32, height: u32, colour: Rgb<u8>) {
        for y in top..(top + height).min(self.image.height()) {
            for x in left..(left + width).min(self.image.width()) {
                self.image.put_pixel(x, y, colour);
            }
        }
    }
    /// Writes one line; returns where it ends.
    fn write(&mut self, left: u32, top: u32, letters: Letters, text: &str) -> Result<u32, String> {
        let face = FACES.as_ref().map_err(Clone::clone)?.get(letters.face).ok_or("no such face")?;
        let scaled = face.as_scaled(PxScale::from(letters.size as f32 * 1.45));
        let mut x = left as f32;
        for c in text.chars() {
            let id = face.glyph_id(c);
            let glyph = id.with_scale_and_position(scaled.scale(), point(x, top as f32 + scaled.ascent()));
            x += scaled.h_advance(id);
            let Some(outlined) = face.outline_glyph(glyph) else { continue };
            let bounds = outlined.px_bounds();
            outlined.draw(|gx, gy, cover| {
                let (px, py) = (bounds.min.x as i64 + i64::from(gx), bounds.min.y as i64 + i64::from(gy));
                if let (Ok(px), Ok(py)) = (u32::try_from(px), u32::try_from(py))
                    && px < self.image.width()
                    && py < self.image.height()
                {
                    let under = *self.image.get_pixel(px, py);
                    let mixed =
                        |n: usize| (f32::from(under[n]) + (f32::from(letters.colour[n]) - f32::from(under[n])) * cover.min(1.0)) as u8;
                    self.image.put_pixel(px, py, Rgb([mixed(0), mixed(1), mixed(2)]));
                }
            });
        }
        Ok(x as u32)
    }
    /// Letters of one line that fit between the margins.
    fn fits(&self, letters: Letters) -> usize {
        ((self.image.width().saturating_sub(40)) / letters.size.max(1)).max(1) as usize
    }
    fn line(&mut self, letters: Letters, text: &str) -> Result<(), String> {
        let chars: Vec<char> = text.chars().collect();
        for part in chars.chunks(self.fits(letters)) {
            let text: String = part.iter().collect();
            let wide =
                letters.size * u32::try_from(part.iter().map(|c| if c.is_ascii() { 11 } else { 20 }).sum::<usize>()).unwrap_or(0) / 20;
            let left = if letters.centre { self.image.width().saturating_sub(wide) / 2 } else { 20 };
            self.write(left, self.top, letters, &text)?;
            self.top += letters.size * 8 / 5;
        }
        Ok(())
    }
    fn band(&mut self, colour: Rgb<u8>, letters: Letters, text: &str) -> Result<(), String> {
        let rows = u32::try_from(text.chars().count().div_ceil(self.fits(letters)).max(1)).unwrap_or(1);
        let tall = rows * letters.size * 8 / 5 + letters.size;
        self.fill(0, self.top, self.image.width(), tall, colour);
        let end = self.top + tall;
        self.top += letters.size / 2;
        self.line(letters, text)?;
        self.top = end;
        Ok(())
    }
    fn field(&mut self, letters: Letters, text: &str) -> Result<(), String> {
        let (label, hint) = text.split_once('|').map_or((text, ""), |(l, h)| (l.trim(), h.trim()));
        let left = self.image.width() / 6;
        let end = self.write(left, self.top + letters.size / 2, letters, label)?;
        let (from, tall) = (end.max(left + letters.size * 5) + 12, letters.size * 2);
        let wide = (self.image.width() * 5 / 6).saturating_sub(from);
        self.fill(from, self.top, wide, tall, Rgb([190, 196, 204]));
        self.fill(from + 1, self.top + 1, wide.saturating_sub(2), tall - 2, Rgb([255; 3]));
        let grey = Letters { colour: Rgb([140, 146, 154]), size: letters.size * 9 / 10, ..letters };
        self.write(from + 10, self.top + letters.size / 3, grey, hint)?;
        self.top += tall + letters.size;
        Ok(())
    }
    fn buttons(&mut self, colour: Rgb<u8>, size: u32, text: &str) -> Result<(), String> {
        let all: Vec<&str> = text.split('|').map(str::trim).collect();
        let mut left = self.image.width() / 3;
        for word in all {
            let wide = size * (u32::try_from(word.chars().count()).unwrap_or(2) + 3);
            self.fill(left, self.top, wide, size * 2, colour);
            let letters = Letters { colour: Rgb([255; 3]), size, face: 0, centre: false };
            self.write(left + size * 3 / 2, self.top + size / 4, letters, word)?;
            left += wide + size;
        }
        self.top += size * 3;
        Ok(())
    }
    fn code(&mut self, side: u32, text: &str) -> Result<(), String> {
        let code = qrcode::QrCode::new(text.as_bytes()).map_err(|e| e.to_string())?;
        let modules = u32::try_from(code.width()).map_err(|e| e.to_string())?;
        let dot = (side / (modules + 8)).max(2);
        let left = (self.image.width().saturating_sub(dot * (modules + 8))) / 2;
        self.fill(left, self.top, dot * (modules + 8), dot * (modules + 8), Rgb([255; 3]));
        for (n, colour) in (0_u32..).zip(code.to_colors()) {
            if colour == qrcode::Color::Dark {
                self.fill(left + dot * (n % modules + 4), self.top + dot * (n / modules + 4), dot, dot, Rgb([0; 3]));
            }
        }
        self.top += dot * (modules + 8);
        Ok(())
    }
    /// Specks as a scan or a poor copy has them, over what is drawn so far.
    fn noise(&mut self, specks: u32, dice: &mut Dice) {
        for _ in 0..specks {
            let x = u32::try_from(dice.below(self.image.width() as usize)).unwrap_or(0);
            let y = u32::try_from(dice.below(self.top.max(1) as usize)).unwrap_or(0);
            let grey = u8::try_from(dice.between(120, 230)).unwrap_or(200);
            self.image.put_pixel(x, y, Rgb([grey; 3]));
        }
    }
}
