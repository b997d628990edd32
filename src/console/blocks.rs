//! Which blocks of two pictures differ, drawn as boxes on a transparent picture of the second one's shape. Pictures are the page's own work in part:
//! they are decoded under limits, made small, and compared by light alone.

use image::{DynamicImage, GrayImage, ImageFormat, ImageReader, Limits, Rgba, RgbaImage, imageops};
use std::io::Cursor;

/// Width at which pictures are compared, in pixels.
const WIDTH: u32 = 640;
/// Height that is compared.
const MAX_HEIGHT: u32 = 6_400;
/// Side of a block.
const BLOCK: u32 = 16;
/// Mean difference of light from which a block differs, of 255.
const DIFFERS: u64 = 18;
/// Blocks alike between two that differ, in one row, that are boxed with them.
const GAP: usize = 2;
/// How far up or down a strip of the page is looked for, in pixels; and every how many columns.
const REACH: i64 = 160;
const SAMPLE: usize = 4;
/// Largest side of a picture that is decoded, in pixels, and memory for it, in bytes.
const MAX_SIDE: u32 = 20_000;
const MAX_ALLOC: u64 = 256 << 20;

fn small(bytes: &[u8]) -> Option<GrayImage> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height, limits.max_alloc) = (Some(MAX_SIDE), Some(MAX_SIDE), Some(MAX_ALLOC));
    reader.limits(limits);
    let picture = reader.decode().ok()?;
    let height = (u64::from(picture.height()) * u64::from(WIDTH) / u64::from(picture.width().max(1))).clamp(1, u64::from(MAX_HEIGHT));
    let cut = u64::from(picture.width()) * u64::from(MAX_HEIGHT) / u64::from(WIDTH);
    let picture = picture.crop_imm(0, 0, picture.width(), picture.height().min(u32::try_from(cut).unwrap_or(u32::MAX)));
    Some(imageops::thumbnail(&picture.to_luma8(), WIDTH, u32::try_from(height).ok()?))
}

/// The light at a place; beyond the picture's edge everything is white.
fn light(picture: &GrayImage, x: u32, y: i64) -> u64 {
    let inside = u32::try_from(y).ok().and_then(|y| picture.get_pixel_checked(x, y));
    inside.map_or(255, |p| p.0[0].into())
}

/// Where the strip of `b` at `y` stands in `a`: how far further down, in pixels. A page that has one line more is else all one difference.
/// `before`: the strip above. What is all of one light could stand anywhere: it goes with the strip above.
fn moved(a: &GrayImage, b: &GrayImage, y: u32, before: i64) -> i64 {
    let rows = y..(y + BLOCK).min(b.height());
    let places = || rows.clone().flat_map(|y| (0..b.width()).step_by(SAMPLE).map(move |x| (x, y)));
    let (least, most) = places().map(|(x, y)| light(b, x, y.into())).fold((255, 0), |(l, m), v| (v.min(l), v.max(m)));
    if most - least < DIFFERS {
        return before;
    }
    let n = places().count() as u64;
    let cost = |by: i64| places().map(|(x, y)| light(a, x, i64::from(y) + by).abs_diff(light(b, x, y.into()))).sum::<u64>();
    let stays = cost(before);
    if stays <= n {
        return before;
    }
    let best = (-REACH..=REACH).map(|by| (cost(by), (by - before).abs(), by)).min();
    // Only where that is the same strip beyond doubt.
    best.filter(|(least, ..)| least * 4 < stays).map_or(before, |(.., by)| by)
}

/// Blocks of `b` that differ from `a`, row by row; one outside `a` differs where it is not white. What lies between two of a row goes with them.
fn differing(a: &GrayImage, b: &GrayImage) -> Vec<Vec<bool>> {
    let mut by = 0;
    let mut grid = Vec::new();
    for y in (0..b.height()).step_by(BLOCK as usize) {
        by = moved(a, b, y, by);
        let one = |x: u32| {
            let places = (y..(y + BLOCK).min(b.height())).flat_map(|py| (x..(x + BLOCK).min(b.width())).map(move |px| (px, py)));
            let (mut sum, mut n) = (0u64, 0u64);
            for (px, py) in places {
                sum += light(a, px, i64::from(py) + by).abs_diff(light(b, px, py.into()));
                n += 1;
            }
            sum > DIFFERS * n
        };
        let mut row: Vec<bool> = (0..b.width()).step_by(BLOCK as usize).map(one).collect();
        for x in 1..row.len() {
            let near = (x + 1..row.len().min(x + 1 + GAP)).any(|n| row[n]);
            row[x] = row[x] || (row[x - 1] && near);
        }
        grid.push(row);
    }
    grid
}

/// The blocks as a PNG with a transparent ground, each group with a line around it. `None`: one of the two is no picture that can be read.
pub(super) fn drawn(official: &[u8], suspect: &[u8]) -> Option<Vec<u8>> {
    let (a, b) = (small(official)?, small(suspect)?);
    let mut out = RgbaImage::new(b.width(), b.height());
    let grid = differing(&a, &b);
    let is = |x: i64, y: i64| {
        let row = usize::try_from(y).ok().and_then(|y| grid.get(y));
        row.zip(usize::try_from(x).ok()).and_then(|(row, x)| row.get(x)).is_some_and(|d| *d)
    };
    for (px, py, pixel) in out.enumerate_pixels_mut() {
        let (x, y) = (i64::from(px / BLOCK), i64::from(py / BLOCK));
        if !is(x, y) {
            continue;
        }
        // Within two pixels of a neighbour that is the same.
        let side = |at: u32, end: u32| (at % BLOCK < 2, at % BLOCK >= BLOCK - 2 || at + 2 >= end);
        let ((left, right), (top, low)) = (side(px, b.width()), side(py, b.height()));
        let edge = (left && !is(x - 1, y)) || (right && !is(x + 1, y)) || (top && !is(x, y - 1)) || (low && !is(x, y + 1));
        *pixel = if edge { Rgba([200, 40, 30, 255]) } else { Rgba([200, 40, 30, 40]) };
    }
    let mut bytes = Vec::new();
    DynamicImage::ImageRgba8(out).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(change: impl Fn(&mut RgbaImage)) -> Vec<u8> {
        let mut picture = RgbaImage::from_pixel(1280, 800, Rgba([255, 255, 255, 255]));
        change(&mut picture);
        let mut bytes = Vec::new();
        DynamicImage::ImageRgba8(picture).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).expect("written");
        bytes
    }

    #[test]
    fn the_block_that_differs_is_boxed_and_nothing_else() {
        let plain = png(|_| {});
        let other = png(|p| (200..300).for_each(|y| (400..520).for_each(|x| p.put_pixel(x, y, Rgba([0, 0, 0, 255])))));
        let drawn = image::load_from_memory(&drawn(&plain, &other).expect("drawn")).expect("a picture").to_rgba8();
        assert_eq!(drawn.dimensions(), (640, 400));
        assert!(drawn.get_pixel(230, 125).0[3] > 0, "inside the change");
        assert_eq!((drawn.get_pixel(10, 10).0[3], drawn.get_pixel(600, 390).0[3]), (0, 0), "elsewhere");
        let same = image::load_from_memory(&super::drawn(&plain, &plain).expect("drawn")).expect("a picture").to_rgba8();
        assert!(same.pixels().all(|p| p.0[3] == 0), "equal pictures have no box");
    }

    #[test]
    fn what_only_stands_lower_is_not_boxed_and_what_is_new_is() {
        // Ten lines of marks that tell them apart; in the second picture a banner pushes all of them down.
        let line = |p: &mut RgbaImage, n: u32, by: u32| {
            let top = 40 + n * 60 + by;
            (top..top + 20).for_each(|y| {
                (40..400 + n * 70).for_each(|x| {
                    if (x / (10 + n)).is_multiple_of(2) {
                        p.put_pixel(x, y, Rgba([0, 0, 0, 255]))
                    }
                })
            });
        };
        let plain = png(|p| (0..10).for_each(|n| line(p, n, 0)));
        let pushed = png(|p| {
            (0..30).for_each(|y| (0..1280).for_each(|x| p.put_pixel(x, y, Rgba([200, 0, 0, 255]))));
            (0..10).for_each(|n| line(p, n, 50));
        });
        let drawn = image::load_from_memory(&drawn(&plain, &pushed).expect("drawn")).expect("a picture").to_rgba8();
        assert!(drawn.get_pixel(300, 6).0[3] > 0, "the banner is new");
        let below = drawn.enumerate_pixels().filter(|(_, y, _)| *y > 64).collect::<Vec<_>>();
        let painted = below.iter().filter(|(_, _, p)| p.0[3] > 0).count();
        assert!(painted * 20 < below.len(), "{painted} of {} below it", below.len());
    }

    #[test]
    fn what_is_no_picture_draws_nothing() {
        assert!(drawn(b"<svg onload=x>", &png(|_| {})).is_none() && drawn(&png(|_| {}), b"\x89PNG\r\n\x1a\n").is_none());
    }
}
