//! Hashes of how something looks: 64 bits of brightness steps, and the icon hashes by which asset engines search.

use crate::model::picture::{Bits, LookHash};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::imageops::FilterType;
use image::{DynamicImage, GrayImage};
use md5::{Digest as _, Md5};

/// Blocks along each side.
const BLOCKS: u32 = 3;
/// Steps of brightness below this are noise of the picture's packing.
const NOISE: u8 = 2;

/// Difference hashes (is each of 8 x 8 points brighter than its left neighbour?) of the whole and of 3 x 3 blocks. Near pictures differ
/// in few bits; a plain area has hardly any set.
pub(super) fn look(image: &DynamicImage) -> LookHash {
    // Of a long page, what a visitor sees first.
    let top = image.crop_imm(0, 0, image.width(), image.height().min(image.width().saturating_mul(2)));
    let gray = top.resize_exact(9 * BLOCKS, 8 * BLOCKS, FilterType::Triangle).to_luma8();
    let blocks = (0..BLOCKS * BLOCKS).map(|n| differences(&gray, n % BLOCKS * 9, n / BLOCKS * 8)).collect();
    LookHash { whole: differences(&top.resize_exact(9, 8, FilterType::Triangle).to_luma8(), 0, 0), blocks }
}

fn differences(gray: &GrayImage, left: u32, top: u32) -> Bits {
    let mut hash = 0;
    for y in top..top + 8 {
        for x in left..left + 8 {
            let brighter = gray.get_pixel(x + 1, y)[0] > gray.get_pixel(x, y)[0].saturating_add(NOISE);
            hash = hash << 1 | u64::from(brighter);
        }
    }
    Bits(hash)
}

/// MurmurHash3 (x86, 32 bits, seed 0) over base64 in lines of 76 as Python's `encodebytes` writes them: Shodan's and FOFA's icon hash.
pub(super) fn icon_mmh3(bytes: &[u8]) -> i32 {
    let mut text = String::new();
    for line in STANDARD.encode(bytes).as_bytes().chunks(76) {
        text.extend(line.iter().map(|b| char::from(*b)));
        text.push('\n');
    }
    murmur3(text.as_bytes()).cast_signed()
}

/// Hunter's and Quake's icon hash.
pub(super) fn icon_md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn murmur3(bytes: &[u8]) -> u32 {
    let mix = |k: u32| k.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let blocks = bytes.chunks_exact(4);
    let tail = blocks.remainder();
    let mut h = 0_u32;
    for block in blocks {
        let k = u32::from_le_bytes(block.try_into().expect("chunks of four"));
        h = (h ^ mix(k)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let last = tail.iter().rev().fold(0_u32, |k, b| k << 8 | u32::from(*b));
    if !tail.is_empty() {
        h ^= mix(last);
    }
    h ^= u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    h = (h ^ h >> 16).wrapping_mul(0x85eb_ca6b);
    h = (h ^ h >> 13).wrapping_mul(0xc2b2_ae35);
    h ^ h >> 16
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    #[test]
    fn murmur3_gives_the_published_values() {
        // From the reference implementation's own verification vectors with seed 0.
        for (text, want) in [("", 0), ("hello", 0x248b_fa47), ("hello, world", 0x149b_bb7f)] {
            assert_eq!(murmur3(text.as_bytes()), want, "{text}");
        }
        assert_eq!(icon_md5(b""), "d41d8cd98f00b204e9800998ecf8427e");
    }

    #[test]
    fn the_same_picture_at_another_size_looks_the_same_and_another_does_not() {
        let draw = |w: u32, h: u32, flip: bool| {
            DynamicImage::ImageRgb8(RgbImage::from_fn(w, h, |x, y| {
                let v = u8::try_from((x * 4 / w * 60 + y * 3 / h * 20) % 256).unwrap_or(0);
                let v = if flip { 255 - v } else { v };
                Rgb([v, v, v])
            }))
        };
        let (small, large, other) = (draw(90, 80, false), draw(450, 400, false), draw(90, 80, true));
        let apart = |a: &DynamicImage, b: &DynamicImage| (look(a).whole.0 ^ look(b).whole.0).count_ones();
        // The shipped limit (`look_bits`) is 10.
        assert!(apart(&small, &large) <= 10 && apart(&small, &other) > 16, "{} {}", apart(&small, &large), apart(&small, &other));
        assert_eq!(look(&small).blocks.len(), 9);
    }
}
