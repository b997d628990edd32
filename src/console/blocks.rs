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

/// Blocks of `b` that differ from `a`, row by row; one outside `a` differs.
fn differing(a: &GrayImage, b: &GrayImage) -> Vec<Vec<bool>> {
    let one = |x: u32, y: u32| {
        let (mut sum, mut n) = (0u64, 0u64);
        for (px, py) in (y..(y + BLOCK).min(b.height())).flat_map(|py| (x..(x + BLOCK).min(b.width())).map(move |px| (px, py))) {
            let theirs = a.get_pixel_checked(px, py).map_or(255, |p| p.0[0]);
            sum += u64::from(theirs.abs_diff(b.get_pixel(px, py).0[0]));
            n += 1;
        }
        sum > DIFFERS * n
    };
    (0..b.height()).step_by(BLOCK as usize).map(|y| (0..b.width()).step_by(BLOCK as usize).map(|x| one(x, y)).collect()).collect()
}

/// Runs of neighbouring blocks as boxes in blocks: `(x, y, width, height)`.
fn boxes(mut grid: Vec<Vec<bool>>) -> Vec<(u32, u32, u32, u32)> {
    let mut all = Vec::new();
    for y in 0..grid.len() {
        for x in 0..grid[y].len() {
            if !grid[y][x] {
                continue;
            }
            let (mut stack, mut left, mut right, mut low) = (vec![(x, y)], x, x, y);
            grid[y][x] = false;
            while let Some((cx, cy)) = stack.pop() {
                (left, right, low) = (left.min(cx), right.max(cx), low.max(cy));
                for (nx, ny) in [(cx.wrapping_sub(1), cy), (cx + 1, cy), (cx, cy.wrapping_sub(1)), (cx, cy + 1)] {
                    if let Some(cell) = grid.get_mut(ny).and_then(|row| row.get_mut(nx)).filter(|c| **c) {
                        *cell = false;
                        stack.push((nx, ny));
                    }
                }
            }
            all.push((left as u32, y as u32, (right - left + 1) as u32, (low - y + 1) as u32));
        }
    }
    all
}

/// The boxes as a PNG with a transparent ground. `None`: one of the two is no picture that can be read.
pub(super) fn drawn(official: &[u8], suspect: &[u8]) -> Option<Vec<u8>> {
    let (a, b) = (small(official)?, small(suspect)?);
    let mut out = RgbaImage::new(b.width(), b.height());
    for (x, y, w, h) in boxes(differing(&a, &b)) {
        let (x, y) = (x * BLOCK, y * BLOCK);
        let (right, low) = ((x + w * BLOCK).min(out.width()), (y + h * BLOCK).min(out.height()));
        for py in y..low {
            for px in x..right {
                let edge = px < x + 2 || py < y + 2 || px + 2 >= right || py + 2 >= low;
                out.put_pixel(px, py, if edge { Rgba([200, 40, 30, 255]) } else { Rgba([200, 40, 30, 40]) });
            }
        }
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
    fn what_is_no_picture_draws_nothing() {
        assert!(drawn(b"<svg onload=x>", &png(|_| {})).is_none() && drawn(&png(|_| {}), b"\x89PNG\r\n\x1a\n").is_none());
    }
}
