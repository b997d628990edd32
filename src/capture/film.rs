//! Film: what the browser's window showed during an attended session, as a video that ordinary players open: Motion JPEG in AVI.
//! In: the pictures that the browser sends whenever its window changes, each with its time, its address and as whom we came.
//! Out: two frames a second of one size; below the window a strip with Beijing time, visitor and address, because a window alone shows neither.
//! A room of its own inside capture because evidence keeps the film as bytes and must not need a player or a codec of this machine.

use crate::model::time::Timestamp;
use font8x8::legacy::BASIC_LEGACY;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, overlay, resize};
use image::{ImageFormat, Rgb, RgbImage};
use std::sync::{Arc, Mutex, PoisonError};

/// The frame: a desktop's window and the strip below it, in pixels.
const WIDTH: u32 = 1_366;
const HEIGHT: u32 = 800;
/// Height of the strip.
const STRIP: u32 = 32;
/// Frames a second.
const RATE: u32 = 2;
/// Longest film, in frames: fifteen minutes.
const MAX_FRAMES: i64 = 15 * 60 * RATE as i64;
/// Pictures kept of one session, and their bytes together; what comes beyond is left out and told.
const MAX_STILLS: usize = 2_000;
const MAX_STILL_BYTES: usize = 128 << 20;
/// Two pictures nearer than this are one: the later stays. In milliseconds.
const TOGETHER_MS: i64 = 200;
const QUALITY: u8 = 75;

/// One picture of the window.
#[derive(Clone, Debug)]
pub(super) struct Still {
    pub(super) at: Timestamp,
    pub(super) jpeg: Vec<u8>,
    pub(super) variant: String,
    pub(super) address: String,
}

/// A session that is being filmed; clones share it.
#[derive(Clone, Debug)]
pub struct Reel {
    from: Timestamp,
    stills: Arc<Mutex<Stills>>,
}

#[derive(Debug, Default)]
struct Stills {
    all: Vec<Still>,
    bytes: usize,
    left_out: u64,
}

/// A finished film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Film {
    /// The AVI file.
    pub bytes: Vec<u8>,
    /// Frames in it, two a second.
    pub frames: u64,
    /// Different pictures that the browser sent.
    pub pictures: u64,
    /// Pictures that were left out because there were too many, and frames beyond the longest film. 0: the film is whole.
    pub left_out: u64,
}

impl Reel {
    /// Nothing filmed yet; the film will begin at `from`.
    pub(super) fn begun(from: Timestamp) -> Self {
        Self { from, stills: Arc::default() }
    }
    /// Takes one picture.
    pub(super) fn add(&self, still: Still) {
        let mut stills = self.stills.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = stills.all.last_mut().filter(|l| still.at.millis() - l.at.millis() < TOGETHER_MS && l.variant == still.variant)
        {
            let freed = std::mem::replace(last, Still { at: last.at, ..still });
            stills.bytes = stills.bytes.saturating_sub(freed.jpeg.len()) + stills.all.last().map_or(0, |l| l.jpeg.len());
        } else if stills.all.len() < MAX_STILLS && stills.bytes + still.jpeg.len() <= MAX_STILL_BYTES {
            stills.bytes += still.jpeg.len();
            stills.all.push(still);
        } else {
            stills.left_out += 1;
        }
    }
    /// The film from its beginning to `until`. `None`: the browser never showed anything. Blocks: it draws and packs every frame.
    pub fn developed(&self, until: Timestamp) -> Option<Film> {
        let stills = self.stills.lock().unwrap_or_else(PoisonError::into_inner);
        let first = stills.all.first()?;
        let step = i64::from(1_000 / RATE);
        let from = first.at.min(self.from.max(first.at.plus_millis(-10_000)));
        let asked = ((until.millis() - from.millis()).max(0) / step) + 1;
        let count = asked.min(MAX_FRAMES);
        let mut frames: Vec<Vec<u8>> = Vec::new();
        // Which picture the canvas holds; the second that the strip shows.
        let (mut drawn, mut canvas) = (usize::MAX, RgbImage::new(WIDTH, HEIGHT));
        let mut shown = (usize::MAX, i64::MIN);
        for n in 0..count {
            let at = from.plus_millis(n * step);
            // Before the browser's first picture the window is black; then always the last one that came.
            let which = stills.all.partition_point(|s| s.at <= at).checked_sub(1).unwrap_or(usize::MAX - 1);
            let second = at.millis().div_euclid(1_000);
            if (which, second) == shown {
                frames.push(frames.last().cloned().unwrap_or_default());
                continue;
            }
            let still = stills.all.get(which);
            if which != drawn {
                canvas = drawn_on(still);
                drawn = which;
            }
            let told = still.map_or_else(|| "-".to_owned(), |s| format!("[{}] {}", s.variant, s.address));
            label(&mut canvas, &format!("{} (UTC+8) {told}", at.beijing()));
            frames.push(packed(&canvas)?);
            shown = (which, second);
        }
        let left_out = stills.left_out + u64::try_from(asked - count).unwrap_or(0);
        Some(Film { frames: frames.len() as u64, pictures: stills.all.len() as u64, left_out, bytes: avi(&frames) })
    }
}

/// A black frame with the picture in the middle, made smaller where it does not fit.
fn drawn_on(still: Option<&Still>) -> RgbImage {
    let mut canvas = RgbImage::new(WIDTH, HEIGHT);
    let read = still.and_then(|s| image::load_from_memory_with_format(&s.jpeg, ImageFormat::Jpeg).ok());
    let Some(mut picture) = read.map(|p| p.to_rgb8()) else { return canvas };
    let (most_wide, most_high) = (WIDTH, HEIGHT - STRIP);
    if picture.width() > most_wide || picture.height() > most_high {
        let share = (f64::from(most_wide) / f64::from(picture.width())).min(f64::from(most_high) / f64::from(picture.height()));
        let scaled = |side: u32| ((f64::from(side) * share) as u32).max(1);
        picture = resize(&picture, scaled(picture.width()), scaled(picture.height()), FilterType::Triangle);
    }
    let x = i64::from((most_wide - picture.width().min(most_wide)) / 2);
    overlay(&mut canvas, &picture, x, 0);
    canvas
}

/// Writes the strip: ASCII, eight pixels a character, what does not fit is cut.
fn label(canvas: &mut RgbImage, text: &str) {
    let top = HEIGHT - STRIP;
    for y in top..HEIGHT {
        for x in 0..WIDTH {
            canvas.put_pixel(x, y, Rgb([32, 32, 32]));
        }
    }
    for (n, c) in text.chars().take((WIDTH / 8) as usize - 2).enumerate() {
        let c = if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        let rows = BASIC_LEGACY[c as usize & 0x7f];
        for (row, bits) in rows.iter().enumerate() {
            for bit in (0..8).filter(|bit| bits & (1 << bit) != 0) {
                let (x, y) = (8 + n as u32 * 8 + bit, top + 8 + row as u32 * 2);
                canvas.put_pixel(x, y, Rgb([255, 255, 255]));
                canvas.put_pixel(x, y + 1, Rgb([255, 255, 255]));
            }
        }
    }
}

fn packed(canvas: &RgbImage) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, QUALITY).encode_image(canvas).ok()?;
    Some(out)
}

/// RIFF chunk of a name and its contents, ended at an even offset.
fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 9);
    out.extend_from_slice(name);
    out.extend_from_slice(&size(body.len()));
    out.extend_from_slice(body);
    if body.len() % 2 == 1 {
        out.push(0);
    }
    out
}

fn list(name: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[&name[..], &parts.concat()].concat())
}

fn size(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes()
}

fn words(all: &[u32]) -> Vec<u8> {
    all.iter().flat_map(|w| w.to_le_bytes()).collect()
}

/// The file: header, frames, index (AVI 1.0; at most 1,800 frames of some 100 KB stay far below its 2 GB).
fn avi(frames: &[Vec<u8>]) -> Vec<u8> {
    let (count, largest) = (frames.len() as u32, frames.iter().map(Vec::len).max().unwrap_or(0) as u32);
    const HAS_INDEX: u32 = 0x10;
    const KEY_FRAME: u32 = 0x10;
    let main = words(&[1_000_000 / RATE, largest.saturating_mul(RATE), 0, HAS_INDEX, count, 0, 1, largest, WIDTH, HEIGHT, 0, 0, 0, 0]);
    let mut stream = b"vidsMJPG".to_vec();
    // Flags, priority, initial frames, scale, rate, start, length, buffer, quality (default), sample size; then the window.
    stream.extend(words(&[0, 0, 0, 1, RATE, 0, count, largest, u32::MAX, 0]));
    stream.extend([0, 0, WIDTH as u16, HEIGHT as u16].iter().flat_map(|side| side.to_le_bytes()));
    let mut format = words(&[40, WIDTH, HEIGHT]);
    format.extend([1u16, 24].iter().flat_map(|w| w.to_le_bytes()));
    format.extend_from_slice(b"MJPG");
    format.extend(words(&[WIDTH * HEIGHT * 3, 0, 0, 0, 0]));
    let header = list(b"hdrl", &[chunk(b"avih", &main), list(b"strl", &[chunk(b"strh", &stream), chunk(b"strf", &format)])]);
    let (mut movie, mut index) = (b"movi".to_vec(), Vec::new());
    for frame in frames {
        index.extend_from_slice(b"00dc");
        index.extend(words(&[KEY_FRAME]));
        index.extend(size(movie.len()));
        index.extend(size(frame.len()));
        movie.extend(chunk(b"00dc", frame));
    }
    chunk(b"RIFF", &[&b"AVI "[..], &header, &chunk(b"LIST", &movie), &chunk(b"idx1", &index)].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn still(ms: i64, size: (u32, u32), colour: [u8; 3]) -> Still {
        let mut jpeg = Vec::new();
        JpegEncoder::new(&mut jpeg).encode_image(&RgbImage::from_pixel(size.0, size.1, Rgb(colour))).expect("a picture");
        let (variant, address) = ("desktop".into(), "http://cx-mem-gov.example/查询".into());
        Still { at: Timestamp::from_millis(ms), jpeg, variant, address }
    }
    /// The frames of an AVI by its own index.
    fn frames(avi: &[u8]) -> Vec<RgbImage> {
        let word = |at: usize| u32::from_le_bytes(avi[at..at + 4].try_into().expect("four")) as usize;
        assert_eq!((&avi[..4], word(4), &avi[8..12]), (&b"RIFF"[..], avi.len() - 8, &b"AVI "[..]));
        let movi = avi.windows(4).position(|w| w == b"movi").expect("frames");
        let index = movi - 4 + 4 + word(movi - 4);
        assert_eq!(&avi[index..index + 4], b"idx1");
        (0..word(index + 4) / 16)
            .map(|n| {
                let entry = index + 8 + n * 16;
                let (at, length) = (movi + word(entry + 8), word(entry + 12));
                assert_eq!((&avi[at..at + 4], word(at + 4)), (&b"00dc"[..], length));
                image::load_from_memory(&avi[at + 8..at + 8 + length]).expect("a JPEG").to_rgb8()
            })
            .collect()
    }

    #[test]
    fn a_film_shows_each_picture_from_its_time_on_and_the_strip_below_it() {
        let reel = Reel::begun(Timestamp::from_millis(0));
        reel.add(still(1_000, (1_366, 768), [200, 0, 0]));
        reel.add(still(2_000, (390, 844), [0, 0, 200]));
        let film = reel.developed(Timestamp::from_millis(4_000)).expect("a film");
        assert_eq!((film.frames, film.pictures, film.left_out), (9, 2, 0));
        let all = frames(&film.bytes);
        assert_eq!(all.len(), 9);
        assert!(all.iter().all(|f| f.dimensions() == (WIDTH, HEIGHT)));
        let middle = |n: usize| all[n].get_pixel(683, 300).0;
        assert!(middle(0)[0] < 40 && middle(1)[0] < 40, "nothing was shown yet");
        assert!(middle(2)[0] > 150 && middle(3)[0] > 150, "{:?}", middle(2));
        assert!(middle(4)[2] > 150 && middle(8)[2] > 150);
        assert!(all[8].get_pixel(100, 300).0[2] < 40, "a phone's window does not fill the frame");
        let white = |f: &RgbImage| f.enumerate_pixels().filter(|(_, y, p)| *y >= HEIGHT - STRIP && p.0[0] > 180).count();
        assert!(all.iter().all(|f| white(f) > 300), "time and address stand in the strip");
        assert_ne!(all[4], all[6], "the clock of the strip goes on");
    }

    #[test]
    fn what_comes_in_a_burst_is_one_picture_and_nothing_shown_is_no_film() {
        let reel = Reel::begun(Timestamp::from_millis(0));
        assert_eq!(reel.developed(Timestamp::from_millis(1_000)), None);
        (0..10).for_each(|n| reel.add(still(n * 20, (10, 10), [n as u8, 0, 0])));
        reel.add(still(900, (10, 10), [0, 0, 0]));
        assert_eq!(reel.developed(Timestamp::from_millis(1_000)).map(|f| f.pictures), Some(2));
    }
}
